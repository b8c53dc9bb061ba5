"""Figures over customers, quotes and projects."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]


def all_quotes(client: TestClient, **filters: object) -> list[Json]:
    """All quotes of the tenant in full lists of a hundred."""
    pages = [client.get("/quotes", params={**filters, "size": 100, "page": page}).json() for page in (1, 2)]
    return [quote for page in pages for quote in page["items"]]


def test_overview_agrees_with_the_lists(northwind: TestClient) -> None:
    seen = northwind.get("/reports/overview").json()
    still_open = all_quotes(northwind, status=["draft", "sent"])
    assert sum(seen["customers_by_status"].values()) == 200
    assert seen["open_quotes"] == len(still_open)
    assert seen["open_quotes_cents"] == sum(quote["total_cents"] for quote in still_open)
    assert seen["quotes_without_customer"] == 8
    assert seen["has_late_projects"] is True


def test_oldest_open_quote_is_older_than_one_written_now(northwind: TestClient, customer: Json) -> None:
    before = northwind.get("/reports/overview").json()
    quote = northwind.post("/quotes", json={"customer_id": customer["id"], "title": "New"}).json()
    after = northwind.get("/reports/overview").json()
    assert before["oldest_open_quote"] == after["oldest_open_quote"] < quote["created_at"]
    assert after["open_quotes"] == before["open_quotes"] + 1


def test_new_tenant_has_figures_of_nothing(client: TestClient, sign_in: Any) -> None:
    client.post("/tenants", json={"slug": "tailspin", "name": "Tailspin", "email": "post@tailspin.example"})
    headers = sign_in("tailspin")
    assert client.get("/reports/overview", headers=headers).json() == {
        "customers_by_status": {"lead": 0, "active": 0, "former": 0},
        "open_quotes": 0,
        "open_quotes_cents": 0,
        "oldest_open_quote": None,
        "quotes_without_customer": 0,
        "has_late_projects": False,
    }
    assert client.get("/reports/sales", headers=headers).json() == []
    assert client.get("/reports/best-customers", headers=headers).json() == []


def test_sales_count_every_accepted_quote_with_lines_once(northwind: TestClient) -> None:
    months = northwind.get("/reports/sales").json()
    accepted = [quote for quote in all_quotes(northwind, status="accepted") if quote["total_cents"]]
    assert sum(month["quotes"] for month in months) == len(accepted)
    assert [(month["year"], month["month"]) for month in months] == sorted((m["year"], m["month"]) for m in months)


def test_sales_below_the_wanted_amount_are_left_out(northwind: TestClient) -> None:
    months = northwind.get("/reports/sales").json()
    amounts = sorted(month["cents"] for month in months)
    wanted = amounts[len(amounts) // 2]
    better = northwind.get("/reports/sales", params={"at_least": wanted}).json()
    assert better == [month for month in months if month["cents"] >= wanted]
    assert 0 < len(better) < len(months)


def test_best_customers_lead_with_the_largest_amount(northwind: TestClient) -> None:
    best = northwind.get("/reports/best-customers", params={"limit": 7}).json()
    assert [line["cents"] for line in best] == sorted((line["cents"] for line in best), reverse=True)
    assert len({line["customer_id"] for line in best}) == 7


def test_one_sale_is_enough_to_become_the_best_customer(northwind: TestClient, customer: Json) -> None:
    lines = [{"description": "Ship", "unit_cents": 90_000_000}, {"description": "Anchor", "unit_cents": 5}]
    data = {"customer_id": customer["id"], "title": "Ship", "lines": lines}
    quote = northwind.post("/quotes", json=data).json()
    for status in ("sent", "accepted"):
        northwind.put(f"/quotes/{quote['id']}/status", json={"status": status})
    best = northwind.get("/reports/best-customers", params={"limit": 1}).json()
    assert best == [{"customer_id": customer["id"], "name": "Kestrel Optics", "quotes": 1, "cents": 90_000_005}]


@pytest.mark.parametrize("path", ["/reports/best-customers?limit=0", "/reports/sales?at_least=-1"])
def test_report_with_a_bad_parameter_is_refused(northwind: TestClient, path: str) -> None:
    assert northwind.get(path).status_code == 422


def test_reports_of_two_tenants_differ(northwind: TestClient, contoso: dict[str, str]) -> None:
    ours, theirs = (northwind.get("/reports/overview", headers=headers).json() for headers in ({}, contoso))
    assert sum(theirs["customers_by_status"].values()) == 150 != sum(ours["customers_by_status"].values())
