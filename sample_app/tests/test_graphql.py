"""GraphQL: customers, quotes, projects and leads in one request."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]


def ask(client: TestClient, query: str, headers: dict[str, str] | None = None, **variables: object) -> Json:
    """Send a query and return the whole answer."""
    answer = client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def data(client: TestClient, query: str, **variables: object) -> Json:
    """Send a query that must succeed and return its data."""
    answer = ask(client, query, **variables)
    assert "errors" not in answer, answer
    found: Json = answer["data"]
    return found


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer guess"}, {"Authorization": "Basic abc"}])
def test_nobody_asks_without_a_session(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/graphql", json={"query": "{ customers { name } }"}, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["detail"].startswith("Sign in first")


def test_customers_are_those_of_the_list(northwind: TestClient) -> None:
    found = data(northwind, "{ customers(first: 10) { id name email tags } }")["customers"]
    listed = northwind.get("/customers", params={"size": 10}).json()["items"]
    assert found == [{field: line[field] for field in ("id", "name", "email", "tags")} for line in listed]
    assert any(customer["tags"] for customer in found)


def test_customers_are_searched_by_name(northwind: TestClient) -> None:
    found = data(northwind, '{ customers(search: "copper hotels") { name } }')["customers"]
    assert {customer["name"] for customer in found} == {"Copper Hotels"}


def test_open_quotes_are_counted_for_all_customers_together(northwind: TestClient) -> None:
    found = data(northwind, "{ customers(first: 100) { id openQuotes quotes { status } } }")["customers"]
    counts = [sum(quote["status"] in ("draft", "sent") for quote in customer["quotes"]) for customer in found]
    assert [customer["openQuotes"] for customer in found] == counts
    assert max(counts) > 1
    one = northwind.get(f"/customers/{found[0]['id']}").json()
    assert one["open_quotes"] == counts[0]


def test_quotes_name_their_customers_unless_they_are_gone(northwind: TestClient) -> None:
    found = data(northwind, "{ quotes(first: 50) { reference totalCents customer { name } } }")["quotes"]
    listed = northwind.get("/quotes", params={"size": 50}).json()["items"]
    assert [
        (quote["reference"], quote["totalCents"], quote["customer"] and quote["customer"]["name"]) for quote in found
    ] == [(row["reference"], row["total_cents"], row["customer"] and row["customer"]["name"]) for row in listed]
    assert [quote["customer"] for quote in found].count(None) == 2


def test_overdue_quotes_are_those_that_were_sent_and_ran_out(northwind: TestClient) -> None:
    found = data(northwind, "{ quotes(overdue: true) { number status validUntil } }")["quotes"]
    assert found
    assert {(quote["status"], quote["validUntil"]) for quote in found} == {("sent", "2025-12-31")}


def test_answer_goes_from_customer_to_quotes_and_back(northwind: TestClient) -> None:
    customer = data(northwind, "{ quotes(first: 1) { customer { id } } }")["quotes"][0]["customer"]["id"]
    query = "query($id: Int!) { customer(id: $id) { id quotes { customer { id name } } } }"
    found = data(northwind, query, id=customer)["customer"]
    assert {quote["customer"]["id"] for quote in found["quotes"]} == {customer}


def test_customers_that_were_loaded_together_know_their_tags(northwind: TestClient) -> None:
    found = data(northwind, "{ quotes(first: 20) { customer { id tags } } }")["quotes"]
    customers = [quote["customer"] for quote in found if quote["customer"]]
    assert any(customer["tags"] for customer in customers)
    one = northwind.get(f"/customers/{customers[0]['id']}").json()
    assert customers[0]["tags"] == one["tags"]


def test_projects_show_progress_and_the_quote_they_started_from(northwind: TestClient) -> None:
    found = data(northwind, "{ projects { code progress quote { reference customer { name } } } }")["projects"]
    listed = northwind.get("/projects").json()
    assert [(project["code"], project["progress"]) for project in found] == [
        (row["code"], row["progress"]) for row in listed
    ]
    assert found[0]["quote"]["reference"].startswith("NORTHWIND-")
    assert found[-1]["quote"] is None


def test_late_projects_come_once_each(northwind: TestClient) -> None:
    codes = [project["code"] for project in data(northwind, "{ projects(late: true) { code } }")["projects"]]
    assert codes == [row["code"] for row in northwind.get("/projects", params={"late": True}).json()]
    assert len(set(codes)) == len(codes) > 0


def test_quote_is_moved_and_shown_as_it_is_then(northwind: TestClient) -> None:
    sent = data(northwind, "{ quotes(first: 100) { id status } }")["quotes"]
    quote = next(quote["id"] for quote in sent if quote["status"] == "sent")
    query = 'mutation($id: Int!) { moveQuote(id: $id, status: "rejected") { id status totalCents } }'
    moved = data(northwind, query, id=quote)["moveQuote"]
    assert moved["status"] == "rejected"
    assert northwind.get(f"/quotes/{quote}").json()["total_cents"] == moved["totalCents"]


def test_step_that_is_not_allowed_is_an_error_with_its_status(northwind: TestClient) -> None:
    answer = ask(northwind, 'mutation { moveQuote(id: 1, status: "draft") { id } }')
    assert answer["data"] is None
    assert answer["errors"][0]["message"].endswith("cannot become draft")
    assert answer["errors"][0]["extensions"] == {"status": 409}


def test_what_is_another_tenant_s_is_not_found(northwind: TestClient, contoso: dict[str, str]) -> None:
    ours = data(northwind, "{ customers(first: 1) { id } }")["customers"][0]["id"]
    query = "query($id: Int!) { customer(id: $id) { name } }"
    answer = ask(northwind, query, contoso, id=ours)
    assert answer["errors"][0]["extensions"] == {"status": 404}
    theirs = ask(northwind, "{ customers(first: 100) { id } }", contoso)["data"]["customers"]
    assert ours not in [customer["id"] for customer in theirs]


def test_query_after_a_refused_one_is_answered(northwind: TestClient) -> None:
    answer = ask(northwind, "{ customer(id: 99999) { name } }")
    assert answer["errors"][0]["message"] == "No customer 99999"
    assert data(northwind, "{ leads(first: 1) { id } }")["leads"]


def test_session_is_closed_after_every_answer(northwind: TestClient) -> None:
    for query in ("{ customers { tags } }", "{ customer(id: 99999) { name } }", "{ nothing }"):
        ask(northwind, query)
    northwind.post("/graphql", json={"query": "{ leads { id } }"}, headers={"Authorization": "Bearer guess"})
    assert northwind.get("/health/db-pool").json()["checked_out"] == 0


def test_field_that_does_not_exist_is_refused(northwind: TestClient) -> None:
    answer = ask(northwind, "{ customers { password } }")
    assert answer["errors"][0]["message"].startswith("Cannot query field 'password'")


def test_query_that_is_too_deep_is_refused(northwind: TestClient) -> None:
    deep = "customer { quotes { " * 5 + "id" + " } }" * 5
    answer = ask(northwind, f"{{ quotes(first: 1) {{ {deep} }} }}")
    assert "data" not in answer or answer["data"] is None
    assert "depth" in answer["errors"][0]["message"]


@pytest.mark.parametrize(("asked", "given"), [(0, 1), (-5, 1), (10_000, 100)])
def test_page_is_never_larger_than_allowed(northwind: TestClient, asked: int, given: int) -> None:
    query = "query($first: Int!) { customers(first: $first) { id } }"
    assert len(data(northwind, query, first=asked)["customers"]) == given


def test_schema_is_described(northwind: TestClient) -> None:
    fields = data(northwind, '{ __type(name: "Quote") { fields { name description } } }')["__type"]["fields"]
    described = {field["name"]: field["description"] for field in fields}
    assert described["totalCents"] == "The sum after the discount."


def test_queries_are_posted(northwind: TestClient) -> None:
    assert northwind.get("/graphql", params={"query": "{ customers { id } }"}).status_code == 400
