"""The administrators' pages."""

import re

import pytest
from fastapi.testclient import TestClient


@pytest.fixture
def admin(client: TestClient) -> TestClient:
    """The client with the administrators' cookie."""
    answer = client.post("/admin/sign-in", data={"key": "development-only"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/pages")
    return client


def section(page: str, slug: str) -> str:
    """The part of the page about a tenant, in one line."""
    found = re.search(rf'<section id="{slug}">(.*?)</section>', page, re.DOTALL)
    assert found
    return " ".join(found[1].split())


def test_page_asks_for_the_key_first(client: TestClient) -> None:
    answer = client.get("/admin/pages")
    assert (answer.status_code, answer.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert 'name="key"' in answer.text
    assert "northwind" not in answer.text


def test_wrong_key_is_told_so_and_gets_no_cookie(client: TestClient) -> None:
    answer = client.post("/admin/sign-in", data={"key": "guess"})
    assert (answer.status_code, "This is not the key" in answer.text) == (401, True)
    assert "set-cookie" not in answer.headers


def test_sign_in_without_a_key_is_refused(client: TestClient) -> None:
    assert client.post("/admin/sign-in").status_code == 422


def test_cookie_is_for_the_browser_and_these_pages_alone(client: TestClient) -> None:
    answer = client.post("/admin/sign-in", data={"key": "development-only"}, follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Path=/admin", "Max-Age=28800"))
    assert "development-only" not in cookie


def test_page_shows_tenants_in_order_of_their_names(admin: TestClient) -> None:
    names = re.findall("<h2>(.*)</h2>", admin.get("/admin/pages").text)
    assert names == ["Contoso Ltd", "Fabrikam Inc", "Northwind Traders"]


def test_page_shows_sessions_and_choices(admin: TestClient, contoso: dict[str, str]) -> None:
    page = admin.get("/admin/pages").text
    assert "signed in at 1 places. Uses offline/contoso-parrot for chat." in section(page, "contoso")
    assert "signed in at 0 places." in section(page, "fabrikam")
    assert "Uses" not in section(page, "fabrikam")


def test_page_shows_open_tickets_with_customer_and_last_word(admin: TestClient) -> None:
    rows = re.findall("<td>(.*?)</td>", section(admin.get("/admin/pages").text, "northwind"))
    assert rows[:3] == ["The invoice is missing", "gone", "Ida: The invoice is missing (1)"]
    assert rows[3] == "How do I export my data?"
    assert rows[4].startswith("Copper")
    assert len(rows) == 6


def test_page_without_open_tickets_says_so(admin: TestClient, sign_in: dict[str, str]) -> None:
    headers = sign_in("fabrikam")  # type: ignore[operator]
    for ticket in admin.get("/tickets", params={"text": "(0)"}, headers=headers).json():
        data = {"author": "Kai", "body": "Done", "status": "closed"}
        admin.post(f"/tickets/{ticket['id']}/notes", json=data, headers=headers)
    assert "Nobody waits for anything." in section(admin.get("/admin/pages").text, "fabrikam")


def test_what_a_stranger_wrote_is_shown_as_text(admin: TestClient, contoso: dict[str, str]) -> None:
    ticket = admin.get("/tickets", params={"text": "invoice"}, headers=contoso).json()[0]["id"]
    data = {"author": "<b>Eve</b>", "body": "<script>alert('hello')</script>"}
    admin.post(f"/tickets/{ticket}/notes", json=data, headers=contoso)
    page = admin.get("/admin/pages").text
    assert "<script>" not in page
    assert "&lt;b&gt;Eve&lt;/b&gt;: &lt;script&gt;" in page


def test_cookie_opens_the_json_routes_as_well_and_ends(admin: TestClient) -> None:
    assert admin.get("/admin/tenants").status_code == 200
    admin.post("/offline/clock", json={"seconds": 8 * 3600 + 1})
    assert admin.get("/admin/tenants").status_code == 401
    assert admin.get("/admin/pages").status_code == 401


@pytest.mark.parametrize("cookie", ["9999999999.guess", "9999999999", "x.y", ""])
def test_forged_cookie_opens_nothing(client: TestClient, cookie: str) -> None:
    assert client.get("/admin/pages", headers={"Cookie": f"relay_admin={cookie}"}).status_code == 401
