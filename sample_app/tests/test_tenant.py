"""Sign up, sign in by one-time code, sessions and the profile."""

import hmac
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

ReadCode = Callable[[str], str]
SignIn = Callable[[str], dict[str, str]]
NEW = {"slug": "tailspin", "name": "Tailspin Toys", "email": "post@tailspin.example"}


def other(code: str) -> str:
    """A code that is surely not this one."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_sign_up_then_sign_in_with_the_code_from_the_mail(client: TestClient, sign_in: SignIn) -> None:
    created = client.post("/tenants", json=NEW)
    assert created.status_code == 201
    assert created.json()["slug"] == "tailspin"
    assert client.get("/me", headers=sign_in("tailspin")).json()["name"] == "Tailspin Toys"


def test_sign_up_under_a_taken_slug_is_a_conflict(client: TestClient) -> None:
    answer = client.post("/tenants", json={**NEW, "slug": "northwind"})
    assert (answer.status_code, answer.json()["detail"]) == (409, "The name 'northwind' is taken")


@pytest.mark.parametrize(
    "change", [{"slug": "No Blanks"}, {"slug": "ab"}, {"email": "nobody"}, {"name": "  "}, {"admin": True}]
)
def test_sign_up_with_a_bad_field_is_refused(client: TestClient, change: dict[str, object]) -> None:
    assert client.post("/tenants", json={**NEW, **change}).status_code == 422


def test_code_goes_to_the_tenants_address_alone(client: TestClient, read_code: ReadCode) -> None:
    read_code("contoso")
    assert [mail["to"] for mail in client.get("/offline/mail").json()] == ["office@contoso.example"]
    assert client.get("/offline/mail", params={"to": "office@northwind.example"}).json() == []


def test_code_for_an_unknown_tenant_looks_the_same_and_mails_nothing(client: TestClient) -> None:
    known = client.post("/auth/codes", json={"slug": "contoso"})
    unknown = client.post("/auth/codes", json={"slug": "nobody-here"})
    assert (unknown.status_code, unknown.json()) == (known.status_code, known.json())
    assert len(client.get("/offline/mail").json()) == 1


@pytest.mark.parametrize("slug", ["contoso", "nobody-here"])
def test_sixth_code_within_the_window_is_too_many(client: TestClient, slug: str) -> None:
    answers = [client.post("/auth/codes", json={"slug": slug}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 901


def test_codes_can_be_requested_again_after_the_window(client: TestClient) -> None:
    for _ in range(5):
        client.post("/auth/codes", json={"slug": "contoso"})
    client.post("/offline/clock", json={"seconds": 901})
    assert client.post("/auth/codes", json={"slug": "contoso"}).status_code == 202


def test_limit_of_one_tenant_leaves_another_alone(client: TestClient, read_code: ReadCode) -> None:
    for _ in range(6):
        client.post("/auth/codes", json={"slug": "contoso"})
    assert len(read_code("fabrikam")) == 6


def test_failing_mail_server_is_reported_and_nothing_is_sent(client: TestClient) -> None:
    client.put("/offline/mail/trouble", json={"failing": True})
    assert client.post("/auth/codes", json={"slug": "contoso"}).status_code == 503
    assert client.get("/offline/mail").json() == []


def test_wrong_code_does_not_sign_in(client: TestClient, read_code: ReadCode) -> None:
    answer = client.post("/auth/sessions", json={"slug": "contoso", "code": other(read_code("contoso"))})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_code_of_one_tenant_does_not_open_another(client: TestClient, read_code: ReadCode) -> None:
    code = read_code("contoso")
    client.post("/auth/codes", json={"slug": "fabrikam"})
    theirs = client.get("/offline/mail", params={"to": "office@fabrikam.example"}).json()[0]["body"]
    if code not in theirs:
        assert client.post("/auth/sessions", json={"slug": "fabrikam", "code": code}).status_code == 401


def test_unknown_tenant_cannot_sign_in(client: TestClient) -> None:
    assert client.post("/auth/sessions", json={"slug": "nobody-here", "code": "123456"}).status_code == 401


def test_tenant_without_a_code_cannot_sign_in(client: TestClient) -> None:
    assert client.post("/auth/sessions", json={"slug": "contoso", "code": "123456"}).status_code == 401


@pytest.mark.parametrize("code", ["12345", "1234567", "abcdef", ""])
def test_malformed_code_is_refused_before_it_is_counted(client: TestClient, code: str) -> None:
    assert client.post("/auth/sessions", json={"slug": "contoso", "code": code}).status_code == 422


def test_codes_are_compared_in_constant_time(
    client: TestClient, read_code: ReadCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[bool] = []

    def compare(left: str, right: str) -> bool:
        compared.append(left == right)
        return compared[-1]

    code = read_code("contoso")
    monkeypatch.setattr(hmac, "compare_digest", compare)
    for guess in (other(code), code):
        client.post("/auth/sessions", json={"slug": "contoso", "code": guess})
    assert compared == [False, True]


def test_what_lets_people_in_is_kept_as_hashes_alone(
    northwind: TestClient, read_code: ReadCode, all_databases: Any
) -> None:
    code, token = read_code("contoso"), northwind.headers["Authorization"].split()[1]
    member = northwind.post("/members", json={"email": "pia@northwind.example"}).json()
    key = northwind.post(f"/members/{member['id']}/keys").json()["key"].rsplit("_", 1)[1]
    northwind.put("/users/ann", json={})
    link = northwind.post("/users/ann/link-codes").json()["code"]
    contacts = [
        contact for one in northwind.get("/customers").json()["items"] for contact in contacts_of(northwind, one)
    ]
    northwind.post(f"/portal/access/{contacts[0]['id']}")
    password = northwind.get("/offline/mail").json()[-1]["body"].rsplit(" ", 1)[1]
    kept = {str(value) for rows in all_databases.rows("relay").values() for row in rows for value in row.values()}
    assert not kept & {code, token, key, link, password}


def contacts_of(client: TestClient, customer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the contacts of a customer in a list that have an address."""
    read = client.get(f"/customers/{customer['id']}").json()
    return [contact for contact in read["contacts"] if contact["email"]]


def test_code_works_once(client: TestClient, read_code: ReadCode) -> None:
    attempt = {"slug": "contoso", "code": read_code("contoso")}
    assert [client.post("/auth/sessions", json=attempt).status_code for _ in range(2)] == [201, 401]


def test_new_code_replaces_the_one_before(client: TestClient, read_code: ReadCode) -> None:
    codes = read_code("contoso"), read_code("contoso")
    assert codes[0] != codes[1]
    answers = [client.post("/auth/sessions", json={"slug": "contoso", "code": codes[place]}) for place in (0, 1, 0)]
    assert [answer.status_code for answer in answers] == [401, 201, 401]


def test_code_expires(client: TestClient, read_code: ReadCode) -> None:
    code = read_code("contoso")
    client.post("/offline/clock", json={"seconds": 601})
    assert client.post("/auth/sessions", json={"slug": "contoso", "code": code}).status_code == 401


def test_right_code_after_five_wrong_ones_comes_too_late(client: TestClient, read_code: ReadCode) -> None:
    code = read_code("contoso")
    guesses = [client.post("/auth/sessions", json={"slug": "contoso", "code": other(code)}) for _ in range(5)]
    late = client.post("/auth/sessions", json={"slug": "contoso", "code": code})
    assert [guess.status_code for guess in guesses] == [401] * 5
    assert late.status_code == 429
    assert 0 < int(late.headers["Retry-After"]) <= 600


def test_fresh_code_works_after_too_many_attempts(client: TestClient, read_code: ReadCode, sign_in: SignIn) -> None:
    code = read_code("contoso")
    for _ in range(6):
        client.post("/auth/sessions", json={"slug": "contoso", "code": other(code)})
    assert client.get("/me", headers=sign_in("contoso")).status_code == 200


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Bearer made-up"}, {"Authorization": "Basic bm9ib2R5"}, {"Authorization": ""}]
)
def test_request_without_a_valid_token_is_refused(client: TestClient, header: dict[str, str]) -> None:
    answer = client.get("/me", headers=header)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_profile_counts_customers_and_open_quotes(northwind: TestClient) -> None:
    profile = northwind.get("/me").json()
    assert (profile["slug"], profile["customers"]) == ("northwind", 200)
    assert profile["open_quotes"] > 0


def test_profile_changes_only_what_was_sent(northwind: TestClient) -> None:
    changed = northwind.patch("/me", json={"name": "Northwind & Sons"}).json()
    assert (changed["name"], changed["email"]) == ("Northwind & Sons", "office@northwind.example")
    assert northwind.get("/me").json()["name"] == "Northwind & Sons"


@pytest.mark.parametrize("change", [{"email": "nobody"}, {"name": None}, {"slug": "other"}])
def test_profile_with_a_bad_field_stays_as_it_was(northwind: TestClient, change: dict[str, object]) -> None:
    before = northwind.get("/me").json()
    assert northwind.patch("/me", json=change).status_code == 422
    assert northwind.get("/me").json() == before


def test_sign_out_ends_this_session_only(client: TestClient, sign_in: SignIn) -> None:
    here, there = sign_in("contoso"), sign_in("contoso")
    assert client.delete("/auth/sessions/current", headers=here).status_code == 204
    assert client.get("/me", headers=here).status_code == 401
    assert client.get("/me", headers=there).status_code == 200


def test_session_expires_after_a_month(client: TestClient, contoso: dict[str, str]) -> None:
    client.post("/offline/clock", json={"seconds": 30 * 24 * 3600 + 1})
    assert client.get("/me", headers=contoso).status_code == 401


def test_sessions_are_listed_latest_first_with_the_current_one_marked(client: TestClient, sign_in: SignIn) -> None:
    here = sign_in("contoso")
    sign_in("contoso")
    listed = client.get("/auth/sessions", headers={**here, "User-Agent": "phone"}).json()
    assert [session["current"] for session in listed] == [False, True]
    assert listed[0]["user_agent"]


def test_other_session_can_be_ended_by_its_number(client: TestClient, sign_in: SignIn) -> None:
    here, there = sign_in("contoso"), sign_in("contoso")
    number = next(s["id"] for s in client.get("/auth/sessions", headers=here).json() if not s["current"])
    assert client.delete(f"/auth/sessions/{number}", headers=here).status_code == 204
    assert client.get("/me", headers=there).status_code == 401


def test_session_of_another_tenant_cannot_be_ended(northwind: TestClient, contoso: dict[str, str]) -> None:
    number = northwind.get("/auth/sessions").json()[0]["id"]
    assert northwind.delete(f"/auth/sessions/{number}", headers=contoso).status_code == 404
    assert northwind.get("/me").status_code == 200
