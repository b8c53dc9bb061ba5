"""Leads, campaigns, suppliers and prices."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]
LETTER = {"name": "Spring", "text": "Dear {person}, spring is here."}
LEADS = "{ leads(first: 100) { id person company email status score origin } }"


def leads(client: TestClient) -> list[Json]:
    """All leads of the tenant that are not customers yet, the most promising first."""
    found: list[Json] = client.post("/graphql", json={"query": LEADS}).json()["data"]["leads"]
    return found


def pick(client: TestClient, **wanted: object) -> Json:
    """The most promising lead with some values."""
    return next(lead for lead in leads(client) if all(lead[field] == value for field, value in wanted.items()))


def convert(client: TestClient, lead: Json, **data: object) -> Json:
    """Convert a lead and return the customer."""
    answer = client.post(f"/leads/{lead['id']}/conversion", json=data)
    assert answer.status_code == 201, answer.text
    customer: Json = answer.json()
    return customer


def offer(client: TestClient, sku: str, supplier: int, cents: int, least: int = 1) -> Json:
    """Write down an offer and return the product."""
    answer = client.put(f"/products/{sku}/suppliers/{supplier}", json={"cost_cents": cents, "min_quantity": least})
    assert answer.status_code == 200, answer.text
    product: Json = answer.json()
    return product


def price(client: TestClient, sku: str, quantity: int = 1) -> Json:
    """Ask for a price."""
    answer = client.get(f"/products/{sku}/price", params={"quantity": quantity})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def test_lead_of_an_unknown_company_becomes_a_customer_with_a_contact(northwind: TestClient) -> None:
    lead = pick(northwind, company="Quartz Studio", origin="walk-in")
    customer = convert(northwind, lead, role="buyer", city="Oslo")
    assert (customer["name"], customer["status"], customer["city"]) == ("Quartz Studio", "active", "Oslo")
    assert [(contact["name"], contact["role"]) for contact in customer["contacts"]] == [(lead["person"], "buyer")]
    assert customer["tags"] == []
    assert northwind.get(f"/customers/{customer['id']}").json() == customer


def test_lead_of_a_known_company_joins_the_oldest_customer_of_that_name(northwind: TestClient) -> None:
    same_name = northwind.get("/customers", params={"search": "Amber Bakery"}).json()["items"]
    customer = convert(northwind, pick(northwind, company="Amber Bakery"))
    assert customer["id"] == min(other["id"] for other in same_name)
    assert len(same_name) > 1


def test_campaign_that_won_the_lead_becomes_a_tag(northwind: TestClient) -> None:
    assert "autumn fair" in convert(northwind, pick(northwind, origin="Autumn fair"))["tags"]


def test_converted_lead_is_no_longer_listed_and_cannot_be_converted_again(northwind: TestClient) -> None:
    lead = pick(northwind, company="Quartz Studio")
    customer = convert(northwind, lead)
    assert lead["id"] not in [other["id"] for other in leads(northwind)]
    again = northwind.post(f"/leads/{lead['id']}/conversion", json={})
    assert again.status_code == 409
    assert again.json()["detail"].endswith(f"to <Customer {customer['id']} 'Quartz Studio' of northwind>")


def test_refused_conversion_leaves_nothing_behind(northwind: TestClient) -> None:
    lead = next(lead for lead in leads(northwind) if lead["origin"] == "Autumn fair" and lead["email"])
    known = {"name": lead["company"], "status": "former", "tags": ["sleepy"]}
    if lead["company"] != "Amber Bakery":
        northwind.post("/customers", json=known)
    oldest = northwind.get("/customers", params={"search": lead["company"]}).json()["items"][0]
    northwind.patch(f"/customers/{oldest['id']}", json={"status": "former"})
    northwind.post(f"/customers/{oldest['id']}/contacts", json={"name": "Same", "email": lead["email"]})
    before = northwind.get(f"/customers/{oldest['id']}").json()
    refused = northwind.post(f"/leads/{lead['id']}/conversion", json={})
    assert (refused.status_code, before["status"]) == (409, "former")
    assert lead["email"] in refused.json()["detail"]
    assert northwind.get(f"/customers/{oldest['id']}").json() == before
    assert pick(northwind, id=lead["id"]) == lead


def test_lead_converted_by_several_at_once_becomes_one_customer(northwind: TestClient) -> None:
    lead = pick(northwind, company="Quartz Studio")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: northwind.post(f"/leads/{lead['id']}/conversion", json={}), range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert northwind.get("/customers", params={"search": "Quartz Studio"}).json()["total"] == 1


def test_lead_of_another_tenant_is_not_found(northwind: TestClient, contoso: dict[str, str]) -> None:
    lead = leads(northwind)[0]
    assert northwind.post(f"/leads/{lead['id']}/conversion", json={}, headers=contoso).status_code == 404
    assert northwind.post("/leads/99999/conversion", json={}).status_code == 404


def test_conversion_with_an_unknown_field_is_refused(northwind: TestClient) -> None:
    assert northwind.post("/leads/1/conversion", json={"discount": 5}).status_code == 422


def test_leads_come_by_score_and_those_of_a_campaign_first(northwind: TestClient) -> None:
    found = leads(northwind)
    assert found == sorted(found, key=lambda lead: (-lead["score"], lead["origin"] == "walk-in", lead["id"]))
    assert {lead["origin"] for lead in found} == {"walk-in", "Autumn fair"}


def test_campaign_reaches_new_leads_with_an_address_and_enough_points(northwind: TestClient) -> None:
    expected = {
        lead["id"] for lead in leads(northwind) if lead["status"] == "new" and lead["email"] and lead["score"] >= 30
    }
    sent = northwind.post("/campaigns", json={**LETTER, "min_score": 30})
    assert sent.status_code == 201, sent.text
    reached = sent.json()["leads"]
    assert {lead["id"] for lead in reached} == expected
    assert {(lead["status"], lead["origin"]) for lead in reached} == {("contacted", "Spring")}


def test_score_in_sql_is_the_score_in_python(northwind: TestClient) -> None:
    lead = next(lead for lead in leads(northwind) if lead["status"] == "new" and lead["email"])
    above = northwind.post("/campaigns", json={**LETTER, "min_score": lead["score"] + 1})
    assert above.status_code == 409
    exact = northwind.post("/campaigns", json={**LETTER, "min_score": lead["score"]}).json()
    assert lead["id"] in [reached["id"] for reached in exact["leads"]]


def test_letter_names_its_reader_and_counts_itself(northwind: TestClient) -> None:
    northwind.post("/campaigns", json=LETTER)
    reached = [lead for lead in leads(northwind) if lead["origin"] == "Spring"]
    letters = [mail for mail in northwind.get("/offline/mail").json() if "spring is here" in mail["body"]]
    assert len(letters) == len(reached) > 5
    assert {mail["subject"] for mail in letters} == {"Northwind Traders: letter 1 (Spring)"}
    assert {mail["body"] for mail in letters} == {f"Dear {lead['person']}, spring is here." for lead in reached}


def test_second_campaign_finds_nobody(northwind: TestClient) -> None:
    assert northwind.post("/campaigns", json=LETTER).status_code == 201
    assert northwind.post("/campaigns", json=LETTER).status_code == 409


def test_campaign_that_cannot_be_mailed_reaches_nobody(northwind: TestClient) -> None:
    before = leads(northwind)
    northwind.put("/offline/mail/trouble", json={"failing": True})
    assert northwind.post("/campaigns", json=LETTER).status_code == 503
    assert leads(northwind) == before


def test_campaign_leaves_other_tenants_alone(northwind: TestClient, contoso: dict[str, str]) -> None:
    northwind.post("/campaigns", json=LETTER)
    theirs = northwind.post("/graphql", json={"query": LEADS}, headers=contoso).json()["data"]["leads"]
    assert {lead["origin"] for lead in theirs} == {"walk-in", "Autumn fair"}


@pytest.mark.parametrize("change", [{"name": ""}, {"text": ""}, {"min_score": -1}, {"audience": "all"}])
def test_campaign_with_a_bad_field_is_not_sent(northwind: TestClient, change: Json) -> None:
    assert northwind.post("/campaigns", json={**LETTER, **change}).status_code == 422
    assert "Spring" not in {lead["origin"] for lead in leads(northwind)}


def test_suppliers_of_a_product_come_by_cost_and_equal_ones_by_name(northwind: TestClient) -> None:
    product = offer(northwind, "desk-1", 1, 20_000)
    assert product["supplier_names"] == ["Basalt Parts", "Cedar Imports", "Acorn Wholesale"]
    assert offer(northwind, "desk-1", 1, 100)["supplier_names"][0] == "Acorn Wholesale"


def test_supplier_that_is_new_to_a_product_is_added_once(northwind: TestClient) -> None:
    for cents in (900, 800):
        product = offer(northwind, "RUG-3", 1, cents)
    offers = [(other["supplier_id"], other["cost_cents"]) for other in product["offers"]]
    assert offers[0] == (1, 800)
    assert len(offers) == 2


def test_offers_of_unknown_things_are_not_found(northwind: TestClient, contoso: dict[str, str]) -> None:
    data = {"cost_cents": 1}
    assert northwind.put("/products/NONE/suppliers/1", json=data).status_code == 404
    assert northwind.put("/products/DESK-1/suppliers/999", json=data).status_code == 404
    assert northwind.put("/products/DESK-1/suppliers/1", json=data, headers=contoso).status_code == 404


@pytest.mark.parametrize("data", [{}, {"cost_cents": 0}, {"cost_cents": 1, "min_quantity": 0}])
def test_offer_with_a_bad_field_is_refused(northwind: TestClient, data: Json) -> None:
    assert northwind.put("/products/DESK-1/suppliers/1", json=data).status_code == 422


@pytest.mark.parametrize(
    ("quantity", "supplier", "unit_cents"),
    [(1, "Acorn Wholesale", 26_000), (5, "Cedar Imports", 24_700), (10, "Basalt Parts", 24_700)],
)
def test_price_is_that_of_the_cheapest_supplier_for_the_quantity(
    northwind: TestClient, quantity: int, supplier: str, unit_cents: int
) -> None:
    found = price(northwind, "desk-1", quantity)
    assert (found["sku"], found["supplier"], found["unit_cents"]) == ("DESK-1", supplier, unit_cents)
    assert found["total_cents"] == quantity * unit_cents


def test_fraction_of_a_cent_is_rounded_up(northwind: TestClient) -> None:
    offer(northwind, "DESK-1", 1, 1)
    assert price(northwind, "DESK-1")["unit_cents"] == 2


def test_price_of_too_few_is_a_conflict(northwind: TestClient) -> None:
    assert northwind.get("/products/LAMP-2/price").status_code == 409


def test_price_of_another_tenant_s_product_is_its_own(northwind: TestClient, contoso: dict[str, str]) -> None:
    offer(northwind, "DESK-1", 1, 100)
    assert northwind.get("/products/DESK-1/price", headers=contoso).json()["unit_cents"] == 26_000
    assert northwind.get("/products/NONE/price").status_code == 404


def test_price_list_is_remembered_for_an_hour(northwind: TestClient) -> None:
    first = price(northwind, "DESK-1")
    northwind.post("/offline/clock", json={"seconds": 3_500})
    assert price(northwind, "DESK-1") == first
    northwind.post("/offline/clock", json={"seconds": 101})
    assert price(northwind, "DESK-1")["as_of"] > first["as_of"]


def test_new_offer_changes_the_price_at_once(northwind: TestClient) -> None:
    first = price(northwind, "DESK-1")
    offer(northwind, "DESK-1", 1, 1_000)
    second = price(northwind, "DESK-1")
    assert (first["unit_cents"], second["unit_cents"]) == (26_000, 1_300)


def test_price_list_of_other_products_is_kept(northwind: TestClient) -> None:
    first = price(northwind, "LAMP-2", 10)
    offer(northwind, "DESK-1", 1, 1_000)
    assert price(northwind, "LAMP-2", 10) == first


@pytest.mark.parametrize("quantity", [0, 100_001, "many"])
def test_price_of_a_bad_quantity_is_refused(northwind: TestClient, quantity: object) -> None:
    assert northwind.get("/products/DESK-1/price", params={"quantity": str(quantity)}).status_code == 422
