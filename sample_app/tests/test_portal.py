"""The customers' portal."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]
LINE = {"description": "Telescope", "quantity": 2, "unit_cents": 5_000}


@pytest.fixture
def contact(northwind: TestClient, customer: Json) -> Json:
    """A contact of the customer that has nothing yet."""
    return add_contact(northwind, customer, "Ines Fox", "ines@kestrel.example")


def add_contact(client: TestClient, customer: Json, name: str, email: str | None) -> Json:
    """Add a contact and return it."""
    answer = client.post(f"/customers/{customer['id']}/contacts", json={"name": name, "email": email})
    assert answer.status_code == 201, answer.text
    created: Json = answer.json()
    return created


def let_in(client: TestClient, contact: Json) -> str:
    """Give a contact access and return the password from the mail."""
    answer = client.post(f"/portal/access/{contact['id']}")
    assert answer.status_code == 200, answer.text
    mail = client.get("/offline/mail", params={"to": contact["email"]}).json()[-1]
    password: str = mail["body"].rsplit(" ", 1)[1]
    return password


def sign_in(client: TestClient, contact: Json, password: str, slug: str = "northwind") -> Any:
    """Try to sign a contact in."""
    return client.post("/portal/sessions", json={"slug": slug, "email": contact["email"], "password": password})


def as_contact(client: TestClient, contact: Json) -> dict[str, str]:
    """Let a contact in and return the headers that prove it."""
    answer = sign_in(client, contact, let_in(client, contact))
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def send_quote(client: TestClient, customer: Json, title: str, *statuses: str) -> None:
    """Write a quote and take it through some statuses."""
    quote = client.post("/quotes", json={"customer_id": customer["id"], "title": title, "lines": [LINE]}).json()
    for status in statuses:
        assert client.put(f"/quotes/{quote['id']}/status", json={"status": status}).status_code == 200


def test_access_that_is_taken_away_before_it_is_shown_is_no_fault_of_the_server(
    northwind: TestClient, contact: Json, all_databases: Any
) -> None:
    let_in(northwind, contact)
    all_databases.let_vanish("relay", "portal_logins")
    answer = northwind.post(f"/portal/access/{contact['id']}")
    # 200 is for who reads nothing after the commit, and answers with what was written.
    assert answer.status_code in (200, 409)
    mailed = northwind.get("/offline/mail", params={"to": contact["email"]}).json()[-1]["body"]
    assert sign_in(northwind, contact, mailed.rsplit(" ", 1)[1]).status_code == 401


def test_contact_sees_the_quotes_of_its_company_but_no_drafts(
    northwind: TestClient, customer: Json, contact: Json
) -> None:
    send_quote(northwind, customer, "Secret")
    send_quote(northwind, customer, "Won", "sent", "accepted")
    send_quote(northwind, customer, "Waiting", "sent")
    quotes = northwind.get("/portal/quotes", headers=as_contact(northwind, contact)).json()
    assert [(quote["title"], quote["total_cents"]) for quote in quotes] == [("Waiting", 10_000), ("Won", 10_000)]
    assert [line["description"] for line in quotes[0]["lines"]] == ["Telescope"]
    assert quotes[0]["reference"].startswith("NORTHWIND-")


def test_contact_sees_nothing_of_other_customers(northwind: TestClient, contact: Json) -> None:
    assert northwind.get("/portal/quotes", headers=as_contact(northwind, contact)).json() == []


def test_address_is_not_case_sensitive_but_belongs_to_one_tenant(northwind: TestClient, contact: Json) -> None:
    password = let_in(northwind, contact)
    assert sign_in(northwind, {"email": "INES@kestrel.example"}, password).status_code == 201
    assert sign_in(northwind, contact, password, "contoso").status_code == 401


def test_token_of_a_tenant_opens_no_portal_and_the_other_way_round(northwind: TestClient, contact: Json) -> None:
    assert northwind.get("/portal/quotes").status_code == 401
    assert northwind.get("/customers", headers=as_contact(northwind, contact)).status_code == 401


def test_session_of_a_contact_ends(northwind: TestClient, contact: Json) -> None:
    headers = as_contact(northwind, contact)
    northwind.post("/offline/clock", json={"seconds": 7 * 24 * 3600})
    assert northwind.get("/portal/quotes", headers=headers).status_code == 401


def test_new_password_ends_the_old_one_and_all_sessions(northwind: TestClient, contact: Json) -> None:
    first = let_in(northwind, contact)
    headers = {"Authorization": f"Bearer {sign_in(northwind, contact, first).json()['token']}"}
    second = let_in(northwind, contact)
    assert northwind.get("/portal/quotes", headers=headers).status_code == 401
    assert [sign_in(northwind, contact, password).status_code for password in (first, second)] == [401, 201]


@pytest.mark.parametrize("email", ["ines@kestrel.example", "nobody@kestrel.example"])
def test_wrong_password_and_unknown_address_get_the_same_answer(
    northwind: TestClient, contact: Json, email: str
) -> None:
    let_in(northwind, contact)
    refused = sign_in(northwind, {"email": email}, "guess")
    assert (refused.status_code, refused.json()["detail"]) == (401, "The address or the password is wrong")


def test_too_many_wrong_passwords_lock_the_login_for_a_while(northwind: TestClient, contact: Json) -> None:
    password = let_in(northwind, contact)
    guesses = [sign_in(northwind, contact, "guess").status_code for _ in range(6)]
    locked = sign_in(northwind, contact, password)
    assert (guesses, locked.status_code) == ([401] * 5 + [429], 429)
    assert 0 < int(locked.headers["retry-after"]) <= 901
    northwind.post("/offline/clock", json={"seconds": 901})
    assert sign_in(northwind, contact, password).status_code == 201


def test_right_password_forgives_the_wrong_ones(northwind: TestClient, contact: Json) -> None:
    password = let_in(northwind, contact)
    for _ in range(2):
        assert [sign_in(northwind, contact, "guess").status_code for _ in range(4)] == [401] * 4
        assert sign_in(northwind, contact, password).status_code == 201


def test_contact_without_an_address_cannot_be_let_in(northwind: TestClient, customer: Json) -> None:
    contact = add_contact(northwind, customer, "Mute", None)
    refused = northwind.post(f"/portal/access/{contact['id']}")
    assert (refused.status_code, refused.json()["detail"]) == (409, "Mute of Kestrel Optics has no address")


def test_address_that_another_contact_signs_in_with_is_taken(
    northwind: TestClient, customer: Json, contact: Json
) -> None:
    let_in(northwind, contact)
    twin = add_contact(northwind, customer, "Twin", contact["email"].upper())
    refused = northwind.post(f"/portal/access/{twin['id']}")
    assert refused.status_code == 409
    assert refused.json()["detail"] == "Ines Fox of Kestrel Optics signs in with ines@kestrel.example"


def test_access_whose_mail_fails_changes_nothing(northwind: TestClient, contact: Json) -> None:
    password = let_in(northwind, contact)
    northwind.put("/offline/mail/trouble", json={"failing": True})
    assert northwind.post(f"/portal/access/{contact['id']}").status_code == 503
    assert sign_in(northwind, contact, password).status_code == 201


def test_access_for_another_tenant_s_contact_is_not_found(
    northwind: TestClient, contoso: dict[str, str], contact: Json
) -> None:
    assert northwind.post(f"/portal/access/{contact['id']}", headers=contoso).status_code == 404
    assert northwind.post("/portal/access/99999").status_code == 404


@pytest.mark.parametrize("change", [{"slug": "N"}, {"email": "ines"}, {"password": ""}, {"code": "1"}])
def test_sign_in_with_a_bad_field_is_refused(client: TestClient, change: Json) -> None:
    data = {"slug": "northwind", "email": "ines@kestrel.example", "password": "guess", **change}
    assert client.post("/portal/sessions", json=data).status_code == 422
