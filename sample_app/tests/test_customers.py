"""Customers, their contacts and their tags."""

import csv
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]


def everything(client: TestClient, **filters: object) -> list[Json]:
    """All pages of the list of customers."""
    items: list[Json] = []
    page, pages = 0, 1
    while page < pages:
        page += 1
        answer = client.get("/customers", params={**filters, "size": 100, "page": page}).json()
        items, pages = items + answer["items"], answer["pages"]
    return items


def test_list_is_ordered_by_name_and_comes_in_pages(northwind: TestClient) -> None:
    page = northwind.get("/customers", params={"size": 30}).json()
    assert (page["total"], page["page"], page["pages"], len(page["items"])) == (200, 1, 7, 30)
    names = [customer["name"].lower() for customer in everything(northwind)]
    assert names == sorted(names)


def test_pages_together_hold_every_customer_once(northwind: TestClient) -> None:
    assert len({customer["id"] for customer in everything(northwind)}) == 200


def test_page_after_the_last_is_empty(northwind: TestClient) -> None:
    page = northwind.get("/customers", params={"page": 99}).json()
    assert (page["items"], page["total"]) == ([], 200)


@pytest.mark.parametrize(
    "query", [{"page": 0}, {"size": 0}, {"size": 101}, {"order": "shoe size"}, {"status": "friend"}, {"search": "a"}]
)
def test_list_with_a_bad_parameter_is_refused(northwind: TestClient, query: Json) -> None:
    assert northwind.get("/customers", params=query).status_code == 422


def test_search_finds_names_addresses_and_contacts_alike(northwind: TestClient, customer: Json) -> None:
    northwind.post(f"/customers/{customer['id']}/contacts", json={"name": "Zora Quill"})
    northwind.post(f"/customers/{customer['id']}/contacts", json={"name": "Zora Quill the Second"})
    for text in ("KESTREL", "hello@kes", "zora"):
        found = northwind.get("/customers", params={"search": text}).json()
        assert (found["total"], [item["id"] for item in found["items"]]) == (1, [customer["id"]])


def test_search_takes_a_percent_sign_literally(northwind: TestClient) -> None:
    assert northwind.get("/customers", params={"search": "%%"}).json()["total"] == 0


def test_filters_narrow_each_other_down(northwind: TestClient) -> None:
    both = everything(northwind, status="active", city="leeds")
    expected = [c for c in everything(northwind) if c["status"] == "active" and c["city"] == "Leeds"]
    assert expected
    assert both == expected


def test_filter_by_tag_ignores_capitals(northwind: TestClient) -> None:
    tagged = everything(northwind, tag="RETAIL")
    assert tagged == [customer for customer in everything(northwind) if "retail" in customer["tags"]]
    assert tagged


def test_customers_without_an_address_are_found(northwind: TestClient) -> None:
    missing = everything(northwind, without_email=True)
    assert missing
    assert {customer["email"] for customer in missing} == {None}


def test_newest_first_puts_the_one_just_added_on_top(northwind: TestClient, customer: Json) -> None:
    assert northwind.get("/customers", params={"order": "newest"}).json()["items"][0]["id"] == customer["id"]


def test_most_valuable_first_agrees_with_the_report(northwind: TestClient) -> None:
    best = northwind.get("/reports/best-customers", params={"limit": 5}).json()
    listed = northwind.get("/customers", params={"order": "value", "size": 5}).json()["items"]
    assert [customer["id"] for customer in listed] == [line["customer_id"] for line in best]


def test_created_customer_comes_back_in_full(northwind: TestClient) -> None:
    data = {"name": " Osprey Tools ", "status": "active", "city": "Ghent", "tags": ["Retail", "new", "new"]}
    created = northwind.post("/customers", json=data).json()
    assert (created["name"], created["tags"]) == ("Osprey Tools", ["new", "retail"])
    assert (created["contacts"], created["main_contact"], created["open_quotes"]) == ([], None, 0)
    assert northwind.get(f"/customers/{created['id']}").json() == created


@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"email": "nowhere"}, {"status": "friend"}, {"tags": ["a/b"]}, {"id": 7}, {"phone": "1" * 41}],
)
def test_customer_with_a_bad_field_is_not_created(northwind: TestClient, change: Json) -> None:
    assert northwind.post("/customers", json={"name": "Osprey", **change}).status_code == 422
    assert northwind.get("/customers").json()["total"] == 200


def test_lookup_of_a_shared_address_finds_the_longest_known(northwind: TestClient) -> None:
    for name in ("Second", "Third"):
        northwind.post("/customers", json={"name": name, "email": "amber.bakery0@mail.example"})
    found = northwind.get("/customers/lookup", params={"email": " Amber.Bakery0@MAIL.example"})
    assert (found.status_code, found.json()["name"]) == (200, "Amber Bakery")


def test_lookup_of_an_unknown_address_finds_nothing(northwind: TestClient) -> None:
    assert northwind.get("/customers/lookup", params={"email": "nobody@mail.example"}).status_code == 404


def test_lookup_without_an_address_is_refused(northwind: TestClient) -> None:
    assert northwind.get("/customers/lookup").status_code == 422


def test_shared_addresses_are_listed_with_their_number(northwind: TestClient) -> None:
    counts = Counter(customer["email"] for customer in everything(northwind) if customer["email"])
    expected = {email: number for email, number in counts.items() if number > 1}
    listed = {line["email"]: line["customers"] for line in northwind.get("/customers/duplicates").json()}
    assert listed == expected
    assert listed


def test_customer_with_two_waiting_quotes_is_called_once(northwind: TestClient, customer: Json) -> None:
    lines = [{"description": "Advice", "unit_cents": 100}]
    for title in ("One", "Two"):
        data = {"customer_id": customer["id"], "title": title, "lines": lines}
        quote = northwind.post("/quotes", json=data).json()
        northwind.put(f"/quotes/{quote['id']}/status", json={"status": "sent"})
    waiting = [line["id"] for line in northwind.get("/customers/awaiting-answer").json()]
    assert waiting.count(customer["id"]) == 1
    assert len(waiting) == len(set(waiting))


def test_customer_with_a_draft_alone_is_not_called(northwind: TestClient, customer: Json) -> None:
    northwind.post("/quotes", json={"customer_id": customer["id"], "title": "Draft"})
    assert customer["id"] not in [line["id"] for line in northwind.get("/customers/awaiting-answer").json()]


def test_customer_leaves_the_never_quoted_with_the_first_quote(northwind: TestClient, customer: Json) -> None:
    assert northwind.get("/customers/never-quoted").json()[0]["id"] == customer["id"]
    northwind.post("/quotes", json={"customer_id": customer["id"], "title": "First"})
    assert customer["id"] not in [c["id"] for c in northwind.get("/customers/never-quoted?limit=100").json()]


def test_never_quoted_without_a_positive_limit_is_refused(northwind: TestClient) -> None:
    assert northwind.get("/customers/never-quoted", params={"limit": 0}).status_code == 422


def test_export_has_one_row_for_each_customer(northwind: TestClient) -> None:
    answer = northwind.get("/customers/export.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="northwind-customers.csv"'
    rows = list(csv.DictReader(StringIO(answer.text)))
    assert [int(row["id"]) for row in rows] == sorted(customer["id"] for customer in everything(northwind))
    assert any(" " in row["tags"] for row in rows)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/customers/99999"),
        ("PATCH", "/customers/99999"),
        ("DELETE", "/customers/99999"),
        ("PUT", "/customers/99999/tags/vip"),
        ("DELETE", "/customers/99999/tags/vip"),
        ("POST", "/customers/99999/contacts"),
        ("DELETE", "/customers/99999/contacts/1"),
        ("PATCH", "/tags/99999"),
    ],
)
def test_unknown_number_is_not_found(northwind: TestClient, method: str, path: str) -> None:
    body = {"name": "Nobody"} if method in ("PATCH", "POST") else None
    assert northwind.request(method, path, json=body).status_code == 404


def test_update_changes_only_what_was_sent(northwind: TestClient, customer: Json) -> None:
    changed = northwind.patch(f"/customers/{customer['id']}", json={"city": "Porto", "email": None}).json()
    assert {**customer, "city": "Porto", "email": None, "updated_at": changed["updated_at"]} == changed


def test_update_of_an_old_customer_moves_its_time_stamp(northwind: TestClient) -> None:
    number = northwind.get("/customers").json()["items"][0]["id"]
    before = northwind.get(f"/customers/{number}").json()
    after = northwind.patch(f"/customers/{number}", json={"notes": "Called."}).json()
    assert after["updated_at"] > before["updated_at"]
    assert after["created_at"] == before["created_at"]


@pytest.mark.parametrize("change", [{"name": None}, {"status": "friend"}, {"email": "nowhere"}, {"tenant_id": 2}])
def test_update_with_a_bad_field_changes_nothing(northwind: TestClient, customer: Json, change: Json) -> None:
    assert northwind.patch(f"/customers/{customer['id']}", json=change).status_code == 422
    assert northwind.get(f"/customers/{customer['id']}").json() == customer


def test_deleted_customer_is_gone(northwind: TestClient, customer: Json) -> None:
    assert northwind.delete(f"/customers/{customer['id']}").status_code == 204
    assert northwind.get(f"/customers/{customer['id']}").status_code == 404


def test_customer_with_an_open_quote_is_not_deleted(northwind: TestClient, customer: Json) -> None:
    northwind.post("/quotes", json={"customer_id": customer["id"], "title": "Open"})
    refused = northwind.delete(f"/customers/{customer['id']}")
    assert refused.status_code == 409
    expected = f"<Customer {customer['id']} 'Kestrel Optics' of northwind> still has open quotes"
    assert refused.json()["detail"] == expected
    assert northwind.get(f"/customers/{customer['id']}").json()["open_quotes"] == 1


def test_decided_quotes_outlive_their_customer(northwind: TestClient, customer: Json) -> None:
    data = {"customer_id": customer["id"], "title": "Sold", "lines": [{"description": "Desk", "unit_cents": 900}]}
    quote = northwind.post("/quotes", json=data).json()
    for status in ("sent", "accepted"):
        northwind.put(f"/quotes/{quote['id']}/status", json={"status": status})
    assert northwind.delete(f"/customers/{customer['id']}").status_code == 204
    left = northwind.get(f"/quotes/{quote['id']}").json()
    assert (left["customer"], left["total_cents"]) == (None, 900)


def test_tag_is_put_on_once_however_often_it_is_asked_for(northwind: TestClient, customer: Json) -> None:
    for name in ("VIP", "vip"):
        answer = northwind.put(f"/customers/{customer['id']}/tags/{name}")
        assert (answer.status_code, answer.json()["tags"]) == (200, ["vip"])


def test_customers_with_the_same_new_tags_at_once_create_each_tag_once(northwind: TestClient) -> None:
    names = [f"new{number:02}" for number in range(20)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: northwind.post("/customers", json={"name": "Rush", "tags": names}), range(4)))
    created = [answer.status_code for answer in answers].count(201)
    assert {answer.status_code for answer in answers} <= {201, 409}
    tags = [(tag["name"], tag["customers"]) for tag in northwind.get("/tags").json() if tag["name"] in names]
    assert tags == [(name, created) for name in names]
    assert created


def test_tag_can_be_taken_off_again_but_not_twice(northwind: TestClient, customer: Json) -> None:
    northwind.put(f"/customers/{customer['id']}/tags/vip")
    assert northwind.delete(f"/customers/{customer['id']}/tags/VIP").json()["tags"] == []
    assert northwind.delete(f"/customers/{customer['id']}/tags/vip").status_code == 404


def test_tag_on_another_customer_is_not_taken_off(northwind: TestClient, customer: Json) -> None:
    before = northwind.get("/tags").json()
    assert northwind.delete(f"/customers/{customer['id']}/tags/retail").status_code == 404
    assert northwind.get("/tags").json() == before


def test_overlong_tag_is_refused(northwind: TestClient, customer: Json) -> None:
    assert northwind.put(f"/customers/{customer['id']}/tags/{'x' * 41}").status_code == 422


def test_tags_are_counted_unused_ones_included(northwind: TestClient) -> None:
    tags = {tag["name"]: tag["customers"] for tag in northwind.get("/tags").json()}
    assert tags["trade fair 2019"] == 0
    assert tags["retail"] == len(everything(northwind, tag="retail"))


def test_renamed_tag_keeps_its_customers(northwind: TestClient) -> None:
    tag = next(tag for tag in northwind.get("/tags").json() if tag["name"] == "retail")
    renamed = northwind.patch(f"/tags/{tag['id']}", json={"name": "Shops"}).json()
    assert renamed == {**tag, "name": "shops"}
    assert len(everything(northwind, tag="shops")) == tag["customers"]


def test_tag_cannot_take_the_name_of_another_but_may_keep_its_own(northwind: TestClient) -> None:
    tag = next(tag for tag in northwind.get("/tags").json() if tag["name"] == "retail")
    assert northwind.patch(f"/tags/{tag['id']}", json={"name": "export"}).status_code == 409
    assert northwind.patch(f"/tags/{tag['id']}", json={"name": "retail"}).json() == tag


def test_unused_tags_are_deleted_and_the_others_stay(northwind: TestClient) -> None:
    used = [tag for tag in northwind.get("/tags").json() if tag["customers"]]
    assert northwind.delete("/tags/unused").json() == {"deleted": 1}
    assert northwind.get("/tags").json() == used
    assert northwind.delete("/tags/unused").json() == {"deleted": 0}


def test_new_main_contact_takes_the_place_of_the_old_one(northwind: TestClient, customer: Json) -> None:
    path = f"/customers/{customer['id']}/contacts"
    first = northwind.post(path, json={"name": "Ann", "is_main": True}).json()
    second = northwind.post(path, json={"name": "Ben", "is_main": True}).json()
    shown = northwind.get(f"/customers/{customer['id']}").json()
    assert shown["main_contact"] == second
    assert shown["contacts"] == [{**first, "is_main": False}, second]


def test_first_contact_is_the_main_one_while_none_is_marked(northwind: TestClient, customer: Json) -> None:
    for name in ("Ann", "Ben"):
        northwind.post(f"/customers/{customer['id']}/contacts", json={"name": name})
    assert northwind.get(f"/customers/{customer['id']}").json()["main_contact"]["name"] == "Ann"


def test_contact_without_a_name_is_refused(northwind: TestClient, customer: Json) -> None:
    assert northwind.post(f"/customers/{customer['id']}/contacts", json={"role": "buyer"}).status_code == 422


def test_contact_is_deleted_only_at_its_own_customer(northwind: TestClient, customer: Json) -> None:
    contact = northwind.post(f"/customers/{customer['id']}/contacts", json={"name": "Ann"}).json()
    assert northwind.delete(f"/customers/1/contacts/{contact['id']}").status_code == 404
    assert northwind.delete(f"/customers/{customer['id']}/contacts/{contact['id']}").status_code == 204
    assert northwind.get(f"/customers/{customer['id']}").json()["contacts"] == []


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_customer_of_another_tenant_is_not_found(
    northwind: TestClient, contoso: dict[str, str], customer: Json, method: str
) -> None:
    body = {"name": "Mine now"} if method == "PATCH" else None
    assert northwind.request(method, f"/customers/{customer['id']}", json=body, headers=contoso).status_code == 404
    assert northwind.get(f"/customers/{customer['id']}").json() == customer


def test_lists_hold_nothing_of_another_tenant(northwind: TestClient, contoso: dict[str, str], customer: Json) -> None:
    assert northwind.get("/customers", params={"search": "kestrel"}, headers=contoso).json()["total"] == 0
    assert northwind.get("/customers/lookup?email=hello@kestrel.example", headers=contoso).status_code == 404
    assert "kestrel" not in northwind.get("/customers/export.csv", headers=contoso).text.lower()
    assert northwind.get("/customers", headers=contoso).json()["total"] == 150
