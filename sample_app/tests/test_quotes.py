"""Quotes, from the first draft to the customer's decision."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]
LINES = [
    {"description": "Oak desk", "quantity": 3, "unit_cents": 33_333},
    {"description": "Delivery", "unit_cents": 5_000},
]


@pytest.fixture
def draft(northwind: TestClient, customer: Json) -> Json:
    """A draft of two lines with a discount of five percent."""
    data = {"customer_id": customer["id"], "title": "Two desks", "discount_percent": 5, "lines": LINES}
    answer = northwind.post("/quotes", json=data)
    assert answer.status_code == 201, answer.text
    created: Json = answer.json()
    return created


def move(client: TestClient, quote: Json, *statuses: str) -> Json:
    """Take a quote through some statuses and return the last answer."""
    for status in statuses:
        answer = client.put(f"/quotes/{quote['id']}/status", json={"status": status})
        assert answer.status_code == 200, answer.text
        quote = answer.json()
    return quote


def day(offset: int) -> str:
    """The date some days from today."""
    return (datetime.now(UTC).date() + timedelta(days=offset)).isoformat()


def test_draft_gets_the_next_number_and_its_totals(draft: Json, customer: Json) -> None:
    assert (draft["number"], draft["reference"], draft["status"]) == (201, "NORTHWIND-00201", "draft")
    assert (draft["subtotal_cents"], draft["total_cents"]) == (104_999, 99_749)
    assert [line["amount_cents"] for line in draft["lines"]] == [99_999, 5_000]
    assert draft["customer"] == {"id": customer["id"], "name": "Kestrel Optics"}


def test_numbers_count_up_in_each_tenant_on_its_own(
    northwind: TestClient, contoso: dict[str, str], customer: Json
) -> None:
    theirs = northwind.get("/customers", headers=contoso).json()["items"][0]["id"]
    data = {"title": "Next", "customer_id": customer["id"]}
    assert [northwind.post("/quotes", json=data).json()["number"] for _ in range(2)] == [201, 202]
    other = northwind.post("/quotes", json={**data, "customer_id": theirs}, headers=contoso).json()
    assert (other["number"], other["reference"]) == (151, "CONTOSO-00151")


def test_quotes_written_at_once_all_get_a_number_of_their_own(northwind: TestClient, customer: Json) -> None:
    # Long quotes take a while between the choice of a number and the write, so that the writers do collide.
    data = {"customer_id": customer["id"], "title": "Rush hour", "lines": LINES * 100}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: northwind.post("/quotes", json=data), range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert sorted(answer.json()["number"] for answer in answers) == [201, 202, 203, 204]


def test_quote_for_an_unknown_customer_is_not_found(northwind: TestClient) -> None:
    assert northwind.post("/quotes", json={"customer_id": 99999, "title": "Nobody"}).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"title": " "},
        {"discount_percent": 101},
        {"valid_until": "someday"},
        {"lines": [{"description": "Free"}]},
        {"lines": [{"description": "None", "quantity": 0, "unit_cents": 1}]},
        {"status": "accepted"},
    ],
)
def test_quote_with_a_bad_field_is_not_created(northwind: TestClient, customer: Json, change: Json) -> None:
    data = {"customer_id": customer["id"], "title": "Bad", **change}
    assert northwind.post("/quotes", json=data).status_code == 422
    assert northwind.get("/quotes", params={"customer_id": customer["id"]}).json()["total"] == 0


def test_list_shows_totals_and_customers_in_order_of_number(northwind: TestClient) -> None:
    page = northwind.get("/quotes", params={"size": 100}).json()
    assert (page["total"], page["pages"]) == (200, 2)
    assert [quote["number"] for quote in page["items"]] == list(range(1, 101))
    assert [quote["number"] for quote in page["items"] if quote["customer"] is None] == [25, 50, 75, 100]


def test_list_by_status_takes_several(northwind: TestClient) -> None:
    counts = [
        northwind.get("/quotes", params={"status": wanted}).json()["total"]
        for wanted in ("draft", "sent", ["draft", "sent"])
    ]
    assert counts[2] == counts[0] + counts[1] > counts[0] > 0


def test_list_of_one_customer(northwind: TestClient, draft: Json, customer: Json) -> None:
    page = northwind.get("/quotes", params={"customer_id": customer["id"]}).json()
    assert [quote["id"] for quote in page["items"]] == [draft["id"]]


@pytest.mark.parametrize("text", ["two DESKS", "oak"])
def test_search_finds_titles_and_lines(northwind: TestClient, draft: Json, text: str) -> None:
    page = northwind.get("/quotes", params={"search": text}).json()
    assert [quote["id"] for quote in page["items"]] == [draft["id"]]


@pytest.mark.parametrize(("cents", "listed"), [(104_998, True), (104_999, False)])
def test_list_over_an_amount_leaves_out_the_amount_itself(
    northwind: TestClient, draft: Json, customer: Json, cents: int, listed: bool
) -> None:
    page = northwind.get("/quotes", params={"over_cents": cents, "customer_id": customer["id"]}).json()
    assert bool(page["total"]) is listed


def test_list_by_customer_ends_with_those_whose_customer_is_gone(northwind: TestClient) -> None:
    page = northwind.get("/quotes", params={"order": "customer", "size": 100, "page": 2}).json()
    names = [quote["customer"] and quote["customer"]["name"] for quote in page["items"]]
    known = [name for name in names if name]
    assert names == sorted(known) + [None] * 8


def test_list_with_the_newest_first(northwind: TestClient, draft: Json) -> None:
    numbers = [quote["number"] for quote in northwind.get("/quotes?order=newest").json()["items"][:3]]
    assert numbers == [201, 200, 199]


@pytest.mark.parametrize("query", [{"status": "lost"}, {"order": "luck"}, {"search": "x"}, {"customer_id": "me"}])
def test_list_with_a_bad_parameter_is_refused(northwind: TestClient, query: Json) -> None:
    assert northwind.get("/quotes", params=query).status_code == 422


def test_quote_is_found_by_the_number_on_paper(northwind: TestClient, draft: Json) -> None:
    assert northwind.get("/quotes/by-number/201").json() == draft
    assert northwind.get("/quotes/by-number/202").status_code == 404


def test_same_number_is_another_quote_at_another_tenant(northwind: TestClient, contoso: dict[str, str]) -> None:
    ours, theirs = (northwind.get("/quotes/by-number/1", headers=headers).json() for headers in ({}, contoso))
    assert ours["id"] != theirs["id"]
    assert (ours["reference"], theirs["reference"]) == ("NORTHWIND-00001", "CONTOSO-00001")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/quotes/99999", None),
        ("PATCH", "/quotes/99999", {"title": "None"}),
        ("DELETE", "/quotes/99999", None),
        ("POST", "/quotes/99999/lines", LINES[0]),
        ("DELETE", "/quotes/99999/lines/1", None),
        ("PUT", "/quotes/99999/status", {"status": "sent"}),
    ],
)
def test_unknown_quote_is_not_found(northwind: TestClient, method: str, path: str, body: Json | None) -> None:
    assert northwind.request(method, path, json=body).status_code == 404


def test_heading_of_a_draft_can_change(northwind: TestClient, draft: Json) -> None:
    changed = northwind.patch(f"/quotes/{draft['id']}", json={"discount_percent": 0}).json()
    assert changed == {**draft, "discount_percent": 0, "total_cents": 104_999}


def test_heading_with_a_bad_field_stays(northwind: TestClient, draft: Json) -> None:
    assert northwind.patch(f"/quotes/{draft['id']}", json={"discount_percent": -1}).status_code == 422
    assert northwind.get(f"/quotes/{draft['id']}").json() == draft


def test_line_is_added_at_the_end_and_counts_in_the_total(northwind: TestClient, draft: Json) -> None:
    rebate = {"description": "Rebate", "unit_cents": -4_999}
    changed = northwind.post(f"/quotes/{draft['id']}/lines", json=rebate).json()
    assert [line["position"] for line in changed["lines"]] == [1, 2, 3]
    assert (changed["subtotal_cents"], changed["total_cents"]) == (100_000, 95_000)


def test_line_without_a_price_is_refused(northwind: TestClient, draft: Json) -> None:
    assert northwind.post(f"/quotes/{draft['id']}/lines", json={"description": "?"}).status_code == 422


def test_lines_move_up_when_one_is_deleted(northwind: TestClient, draft: Json) -> None:
    first, second = draft["lines"]
    assert northwind.delete(f"/quotes/{draft['id']}/lines/{first['id']}").status_code == 204
    assert northwind.get(f"/quotes/{draft['id']}").json()["lines"] == [{**second, "position": 1}]


def test_line_of_another_quote_is_not_deleted(northwind: TestClient, draft: Json, customer: Json) -> None:
    data = {"customer_id": customer["id"], "title": "Other", "lines": LINES}
    line = northwind.post("/quotes", json=data).json()["lines"][0]["id"]
    refused = northwind.delete(f"/quotes/{draft['id']}/lines/{line}")
    assert (refused.status_code, refused.json()["detail"]) == (404, f"No line {line} in NORTHWIND-00201")


def test_draft_is_sent_and_accepted_with_both_times_kept(northwind: TestClient, draft: Json) -> None:
    sent = move(northwind, draft, "sent")
    assert (sent["status"], sent["decided_at"]) == ("sent", None)
    accepted = move(northwind, sent, "accepted")
    assert accepted["sent_at"] == sent["sent_at"] <= accepted["decided_at"]


@pytest.mark.parametrize(
    ("way", "step"),
    [
        ((), "accepted"),
        ((), "draft"),
        (("sent",), "sent"),
        (("sent",), "draft"),
        (("sent", "rejected"), "accepted"),
        (("sent", "accepted"), "rejected"),
        (("sent", "expired"), "sent"),
    ],
)
def test_step_out_of_order_is_a_conflict(northwind: TestClient, draft: Json, way: tuple[str, ...], step: str) -> None:
    quote = move(northwind, draft, *way)
    refused = northwind.put(f"/quotes/{draft['id']}/status", json={"status": step})
    expected = f"<Quote NORTHWIND-00201 {quote['status']}, 2 lines> cannot become {step}"
    assert (refused.status_code, refused.json()["detail"]) == (409, expected)
    assert northwind.get(f"/quotes/{draft['id']}").json() == quote


def test_unknown_status_is_refused(northwind: TestClient, draft: Json) -> None:
    assert northwind.put(f"/quotes/{draft['id']}/status", json={"status": "won"}).status_code == 422


def test_empty_draft_cannot_be_sent(northwind: TestClient, customer: Json) -> None:
    quote = northwind.post("/quotes", json={"customer_id": customer["id"], "title": "Empty"}).json()
    refused = northwind.put(f"/quotes/{quote['id']}/status", json={"status": "sent"})
    assert refused.status_code == 409
    assert refused.json()["detail"].endswith("has nothing to offer")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PATCH", "", {"title": "New"}), ("DELETE", "", None), ("POST", "/lines", LINES[0]), ("DELETE", "/lines/1", None)],
)
def test_sent_quote_can_no_longer_be_written_to(
    northwind: TestClient, draft: Json, method: str, path: str, body: Json | None
) -> None:
    sent = move(northwind, draft, "sent")
    refused = northwind.request(method, f"/quotes/{draft['id']}{path}", json=body)
    assert refused.status_code == 409
    assert refused.json()["detail"] == "<Quote NORTHWIND-00201 sent, 2 lines> is no longer a draft"
    assert northwind.get(f"/quotes/{draft['id']}").json() == sent


def test_deleted_draft_frees_the_last_number(northwind: TestClient, draft: Json, customer: Json) -> None:
    assert northwind.delete(f"/quotes/{draft['id']}").status_code == 204
    assert northwind.get(f"/quotes/{draft['id']}").status_code == 404
    again = northwind.post("/quotes", json={"customer_id": customer["id"], "title": "Again"}).json()
    assert (again["number"], again["lines"]) == (201, [])


def test_overdue_quote_is_listed_and_cannot_be_accepted(northwind: TestClient, draft: Json) -> None:
    northwind.patch(f"/quotes/{draft['id']}", json={"valid_until": day(1)})
    move(northwind, draft, "sent")
    northwind.post("/offline/clock", json={"seconds": 3 * 24 * 3600})
    overdue = northwind.get("/quotes", params={"overdue": True, "size": 100}).json()["items"]
    assert overdue[-1]["id"] == draft["id"]
    assert {quote["status"] for quote in overdue} == {"sent"}
    refused = northwind.put(f"/quotes/{draft['id']}/status", json={"status": "accepted"})
    assert refused.status_code == 409
    assert refused.json()["detail"].endswith(f"was valid until {day(1)}")


def test_quote_can_be_accepted_on_its_last_day(northwind: TestClient, draft: Json) -> None:
    northwind.patch(f"/quotes/{draft['id']}", json={"valid_until": day(1)})
    assert move(northwind, draft, "sent", "accepted")["status"] == "accepted"


def test_expiring_closes_the_overdue_and_no_others(northwind: TestClient, draft: Json) -> None:
    move(northwind, draft, "sent")
    overdue = northwind.get("/quotes", params={"overdue": True}).json()["total"]
    sent = northwind.get("/quotes", params={"status": "sent"}).json()["total"]
    assert northwind.post("/quotes/expire").json() == {"expired": overdue}
    assert northwind.get("/quotes", params={"status": "sent"}).json()["total"] == sent - overdue > 0
    assert northwind.post("/quotes/expire").json() == {"expired": 0}


def test_expiring_leaves_other_tenants_alone(northwind: TestClient, contoso: dict[str, str]) -> None:
    before = northwind.get("/quotes", params={"overdue": True}, headers=contoso).json()["total"]
    northwind.post("/quotes/expire")
    assert northwind.get("/quotes", params={"overdue": True}, headers=contoso).json()["total"] == before > 0


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"title": "Mine"}),
        ("DELETE", "", None),
        ("POST", "/lines", LINES[0]),
        ("PUT", "/status", {"status": "sent"}),
    ],
)
def test_quote_of_another_tenant_is_not_found(
    northwind: TestClient, contoso: dict[str, str], draft: Json, method: str, path: str, body: Json | None
) -> None:
    refused = northwind.request(method, f"/quotes/{draft['id']}{path}", json=body, headers=contoso)
    assert refused.status_code == 404
    assert northwind.get(f"/quotes/{draft['id']}").json() == draft


def test_quote_for_the_customer_of_another_tenant_is_not_found(
    northwind: TestClient, contoso: dict[str, str], customer: Json
) -> None:
    data = {"customer_id": customer["id"], "title": "Poaching"}
    assert northwind.post("/quotes", json=data, headers=contoso).status_code == 404
