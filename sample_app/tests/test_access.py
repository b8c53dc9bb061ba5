"""Members and their keys, licences with seats, usage and the dashboard."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]
KeyOf = Callable[[str], dict[str, str]]
SignIn = Callable[[str], dict[str, str]]


@pytest.fixture
def key_of(northwind: TestClient) -> KeyOf:
    """Add a member under a role and return the headers of its key: `key_of("viewer")`."""

    def headers(role: str) -> dict[str, str]:
        member = northwind.post("/members", json={"email": f"new.{role}@northwind.example", "role": role}).json()
        answer = northwind.post(f"/members/{member['id']}/keys")
        assert answer.status_code == 201, answer.text
        return {"X-Api-Key": answer.json()["key"], "Authorization": ""}

    return headers


@pytest.fixture
def licence(northwind: TestClient) -> Json:
    """A licence of northwind with one seat left."""
    found: Json = northwind.get("/licences").json()[0]
    return found


def test_member_is_added_under_a_role(northwind: TestClient) -> None:
    answer = northwind.post("/members", json={"email": "pia@northwind.example", "role": "billing"})
    assert (answer.status_code, answer.json()["role"]) == (201, "billing")


def test_member_known_here_is_a_conflict_and_free_elsewhere(northwind: TestClient, contoso: Json) -> None:
    data = {"email": "ines@northwind.example"}
    answer = northwind.post("/members", json=data)
    assert answer.status_code == 409
    assert answer.json()["detail"] == "ines@northwind.example works for Northwind Traders already"
    assert northwind.post("/members", json=data, headers=contoso).status_code == 201


@pytest.mark.parametrize("data", [{"email": "nowhere"}, {"email": "a@b.example", "role": "king"}, {}])
def test_member_with_a_bad_field_is_not_added(northwind: TestClient, data: Json) -> None:
    assert northwind.post("/members", json=data).status_code == 422


def test_key_for_a_member_of_another_tenant_is_not_found(northwind: TestClient, contoso: Json) -> None:
    member = northwind.post("/members", json={"email": "pia@northwind.example"}).json()
    assert northwind.post(f"/members/{member['id']}/keys", headers=contoso).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "role"),
    [
        ("post", "/payments/orders", {"pack": "small"}, "billing"),
        ("get", "/payments/orders/1/invoice", None, "billing"),
        ("put", "/billing/plan", {"plan": "free"}, "owner"),
        ("post", "/licences/1/seats", {"email": "pia@northwind.example"}, "billing"),
        ("delete", "/licences/1", None, "billing"),
        ("post", "/licences/2/restore", None, "billing"),
        ("post", "/members", {"email": "pia@northwind.example"}, "owner"),
        ("post", "/members/1/keys", None, "owner"),
    ],
)
def test_route_asks_for_a_role(
    northwind: TestClient, key_of: KeyOf, method: str, path: str, body: Json | None, role: str
) -> None:
    lower = {"billing": "viewer", "owner": "billing"}[role]
    answer = northwind.request(method, path, json=body, headers=key_of(lower))
    assert (answer.status_code, answer.json()["detail"]) == (403, f"This takes the role {role}, and yours is {lower}")
    assert northwind.request(method, path, json=body, headers=key_of(role)).status_code < 300


def test_only_an_owner_may_make_a_key_worthless(northwind: TestClient, key_of: KeyOf) -> None:
    member = northwind.post("/members", json={"email": "pia@northwind.example"}).json()
    keys = f"/members/{member['id']}/keys"
    path = f"{keys}/{northwind.post(keys).json()['id']}"
    assert [northwind.delete(path, headers=key_of(role)).status_code for role in ("billing", "owner")] == [403, 204]


def test_key_works_for_what_its_role_may_see(northwind: TestClient, key_of: KeyOf) -> None:
    key = key_of("viewer")
    for path in ("/credits", "/billing/plan", "/usage", "/licences", "/dashboard"):
        assert northwind.get(path, headers=key).status_code == 200, path


@pytest.mark.parametrize("change", [lambda key: key[:-1], lambda key: "rk_z" + key[4:], lambda _: "rk__"])
def test_wrong_key_is_refused(northwind: TestClient, key_of: KeyOf, change: Callable[[str], str]) -> None:
    key = change(key_of("viewer")["X-Api-Key"])
    assert northwind.get("/credits", headers={"X-Api-Key": key}).status_code == 401


def test_revoked_key_is_worthless_and_cannot_be_revoked_again(northwind: TestClient, contoso: Json) -> None:
    member = northwind.post("/members", json={"email": "pia@northwind.example"}).json()
    made = northwind.post(f"/members/{member['id']}/keys").json()
    path, key = f"/members/{member['id']}/keys/{made['id']}", {"X-Api-Key": made["key"]}
    assert northwind.delete(path, headers=contoso).status_code == 404
    assert northwind.get("/credits", headers=key).status_code == 200
    assert [northwind.delete(path).status_code for _ in range(2)] == [204, 404]
    assert northwind.get("/credits", headers=key).status_code == 401


def test_calls_with_a_key_give_their_connections_back(northwind: TestClient, key_of: KeyOf) -> None:
    key = key_of("viewer")
    for _ in range(3):
        northwind.get("/credits", headers=key)
    assert northwind.get("/health/db-pool").json()["checked_out"] == 0


def test_plan_limits_the_calls_of_a_key_in_a_minute(northwind: TestClient, key_of: KeyOf) -> None:
    northwind.put("/billing/plan", json={"plan": "free"})
    key, other = key_of("viewer"), key_of("billing")
    assert [northwind.get("/credits", headers=key).status_code for _ in range(6)] == [200] * 5 + [429]
    assert northwind.get("/credits", headers=key).headers["retry-after"] == "60"
    assert northwind.get("/credits", headers=other).status_code == 200
    northwind.post("/offline/clock", json={"seconds": 61})
    assert northwind.get("/credits", headers=key).status_code == 200


def test_key_that_reached_its_limit_goes_on_when_the_tenant_takes_a_larger_plan(
    northwind: TestClient, key_of: KeyOf
) -> None:
    northwind.put("/billing/plan", json={"plan": "free"})
    key = key_of("viewer")
    assert [northwind.get("/credits", headers=key).status_code for _ in range(6)] == [200] * 5 + [429]
    northwind.put("/billing/plan", json={"plan": "team"})
    assert northwind.get("/credits", headers=key).status_code == 200


def test_key_of_a_tenant_that_never_chose_a_plan_has_the_free_one(client: TestClient, sign_in: SignIn) -> None:
    client.post("/tenants", json={"slug": "tailspin", "name": "Tailspin Toys", "email": "office@tailspin.example"})
    owner = sign_in("tailspin")
    member = client.post("/members", json={"email": "ann@tailspin.example", "role": "viewer"}, headers=owner).json()
    key = {"X-Api-Key": client.post(f"/members/{member['id']}/keys", headers=owner).json()["key"]}
    assert [client.get("/credits", headers=key).status_code for _ in range(6)] == [200] * 5 + [429]


def test_limit_of_a_key_holds_on_every_route_that_takes_one(northwind: TestClient, key_of: KeyOf) -> None:
    northwind.put("/billing/plan", json={"plan": "free"})
    key = key_of("owner")
    assert [northwind.get("/credits", headers=key).status_code for _ in range(6)] == [200] * 5 + [429]
    for path, operations in northwind.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            if {"Member": []} in operation.get("security", []):
                answer = northwind.request(method, re.sub(r"\{\w+\}", "1", path), headers=key)
                assert answer.status_code == 429, f"{method} {path}"


def test_licences_are_listed_with_their_seats_and_without_the_trash(northwind: TestClient) -> None:
    (licence,) = northwind.get("/licences").json()
    assert (licence["product"], licence["seats_total"], licence["seats_free"]) == ("Route planner", 3, 1)
    assert [seat["email"] for seat in licence["seats"]] == ["ines@northwind.example", "otto@northwind.example"]


def test_trash_shows_what_was_thrown_away(northwind: TestClient, licence: Json) -> None:
    assert northwind.delete(f"/licences/{licence['id']}").status_code == 204
    assert northwind.get("/licences").json() == []
    trash = northwind.get("/licences", params={"trash": True}).json()
    assert [item["product"] for item in trash] == ["Fax gateway", "Route planner", "Route planner"]
    assert licence in trash


def test_trashed_licence_cannot_be_used(northwind: TestClient, licence: Json) -> None:
    path = f"/licences/{licence['id']}"
    northwind.delete(path)
    assert northwind.post(f"{path}/seats", json={"email": "pia@northwind.example"}).status_code == 404
    assert northwind.delete(path).status_code == 404
    assert northwind.get("/dashboard").json()["widgets"]["fullest_licences"] == []


def test_licence_comes_back_with_its_seats(northwind: TestClient, licence: Json) -> None:
    northwind.delete(f"/licences/{licence['id']}")
    assert northwind.post(f"/licences/{licence['id']}/restore").json() == licence
    assert northwind.get("/licences").json() == [licence]


def test_licence_in_use_cannot_be_restored(northwind: TestClient, licence: Json) -> None:
    assert northwind.post(f"/licences/{licence['id']}/restore").status_code == 404


def test_licence_whose_product_has_another_one_stays_in_the_trash(northwind: TestClient, licence: Json) -> None:
    before = northwind.get("/licences", params={"trash": True}).json()[1]
    answer = northwind.post(f"/licences/{before['id']}/restore")
    assert (answer.status_code, answer.json()["detail"]) == (409, "There is another licence of Route planner")
    northwind.delete(f"/licences/{licence['id']}")
    assert northwind.post(f"/licences/{before['id']}/restore").json()["seats_free"] == 1


def test_last_seat_is_taken_and_then_none_is_left(northwind: TestClient, licence: Json) -> None:
    path = f"/licences/{licence['id']}/seats"
    taken = northwind.post(path, json={"email": "pia@northwind.example"}).json()
    assert (taken["seats_free"], taken["seats"][2]) == (0, {"number": 3, "email": "pia@northwind.example"})
    answer = northwind.post(path, json={"email": "quin@northwind.example"})
    assert (answer.status_code, answer.json()["detail"]) == (409, "All 3 seats of Route planner are taken")


def test_person_takes_one_seat_only(northwind: TestClient, licence: Json) -> None:
    answer = northwind.post(f"/licences/{licence['id']}/seats", json={"email": "ines@northwind.example"})
    assert (answer.status_code, answer.json()["detail"]) == (409, "ines@northwind.example has a seat already")


def test_seat_for_nobody_is_refused(northwind: TestClient, licence: Json) -> None:
    assert northwind.post(f"/licences/{licence['id']}/seats", json={"email": "nobody"}).status_code == 422


def test_people_who_take_seats_at_once_get_one_each_while_there_are_any(northwind: TestClient) -> None:
    northwind.put("/billing/plan", json={"plan": "free"})
    northwind.put("/billing/plan", json={"plan": "team"})
    relay = northwind.get("/licences").json()[0]

    def take(number: int) -> int:
        data = {"email": f"person{number}@northwind.example"}
        return northwind.post(f"/licences/{relay['id']}/seats", json=data).status_code

    with ThreadPoolExecutor(7) as pool:
        statuses = sorted(pool.map(take, range(7)))
    assert statuses == [201] * 5 + [409] * 2
    seats = northwind.get("/licences").json()[0]["seats"]
    assert [seat["number"] for seat in seats] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("method", "path"), [("post", "/licences/1/seats"), ("delete", "/licences/1"), ("post", "/licences/2/restore")]
)
def test_licence_of_another_tenant_is_not_found(northwind: TestClient, contoso: Json, method: str, path: str) -> None:
    body = {"email": "pia@northwind.example"} if path.endswith("seats") else None
    assert northwind.request(method, path, json=body, headers=contoso).status_code == 404


def test_usage_counts_the_calls_of_each_route(northwind: TestClient, customer: Json) -> None:
    for _ in range(3):
        northwind.get(f"/customers/{customer['id']}")
    northwind.get("/customers/9999")
    usage = {line["route"]: line["calls"] for line in northwind.get("/usage").json()}
    assert (usage["GET /customers/{customer_id}"], usage["POST /customers"]) == (4, 1)
    assert {line["route"]: line["calls"] for line in northwind.get("/usage").json()} == {**usage, "GET /usage": 1}


def test_usage_adds_up_over_days_and_can_be_narrowed_down(northwind: TestClient) -> None:
    northwind.get("/customers")
    today = northwind.get("/usage").json()[0]["day"]
    northwind.post("/offline/clock", json={"seconds": 24 * 3600})
    northwind.get("/customers")
    days = [line["day"] for line in northwind.get("/usage").json() if line["route"] == "GET /customers"]
    assert (len(days), days[1]) == (2, today)
    assert {line["day"] for line in northwind.get("/usage", params={"day": today}).json()} == {today}


def test_usage_of_calls_at_once_is_counted_in_full(northwind: TestClient) -> None:
    northwind.get("/usage")
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: (northwind.get("/me"), northwind.get("/usage")), range(6)))
    usage = {line["route"]: line["calls"] for line in northwind.get("/usage").json()}
    assert (usage["GET /me"], usage["GET /usage"]) == (6, 7)


def test_usage_of_another_tenant_is_not_shown(northwind: TestClient, contoso: Json) -> None:
    northwind.get("/customers")
    routes = [line["route"] for line in northwind.get("/usage", headers=contoso).json()]
    assert "GET /customers" not in routes


def test_usage_of_no_day_is_refused(northwind: TestClient) -> None:
    assert northwind.get("/usage", params={"day": "yesterday"}).status_code == 422


def test_dashboard_agrees_with_the_lists(northwind: TestClient) -> None:
    page = northwind.get("/dashboard").json()
    assert (page["tenant"], page["role"]) == ("Northwind Traders", "owner")
    assert page["widgets"] == {
        "balance": 1_000,
        "fullest_licences": ["Route planner: 1 free"],
        "busiest_member": None,
        "spent_on": {"Insights": 200},
        "unpaid_orders": ["NORTHWIND-C00002"],
    }


def test_dashboard_follows_what_happens(northwind: TestClient, key_of: KeyOf) -> None:
    key_of("viewer")
    northwind.put("/billing/plan", json={"plan": "business"})
    widgets = northwind.get("/dashboard").json()["widgets"]
    assert widgets["fullest_licences"] == ["Route planner: 1 free", "Relay: 50 free"]
    assert widgets["busiest_member"] == "new.viewer@northwind.example"
    assert widgets["spent_on"] == {"Insights": 200, "Plan": 400}


def test_dashboard_puts_the_licence_with_the_fewest_free_seats_first(northwind: TestClient, licence: Json) -> None:
    northwind.put("/billing/plan", json={"plan": "free"})
    northwind.put("/billing/plan", json={"plan": "team"})
    relay = northwind.get("/licences").json()[0]
    for number in range(5):
        northwind.post(f"/licences/{relay['id']}/seats", json={"email": f"person{number}@northwind.example"})
    assert northwind.get("/dashboard").json()["widgets"]["fullest_licences"] == [
        "Relay: 0 free",
        "Route planner: 1 free",
    ]


def test_dashboard_gives_its_connection_back(northwind: TestClient) -> None:
    for _ in range(3):
        northwind.get("/dashboard")
    assert northwind.get("/health/db-pool").json()["checked_out"] == 0


def test_pool_shows_its_size_and_the_isolation_of_transactions(client: TestClient, all_databases: Any) -> None:
    pool = client.get("/health/db-pool").json()
    assert pool == {"size": 20, "checked_out": 0, "overflow": 0, "isolation_level": all_databases.isolation_level}


def test_pool_counts_the_connection_of_a_request_that_waits(northwind: TestClient) -> None:
    northwind.put("/offline/payments/trouble", json={"latency": 20})
    with ThreadPoolExecutor(1) as pool:
        order = pool.submit(northwind.post, "/payments/orders", json={"pack": "small"})
        while not northwind.get("/offline/payments/trouble").json()["waiting"]:
            sleep(0.005)
        out = northwind.get("/health/db-pool").json()["checked_out"]
        northwind.put("/offline/payments/trouble", json={})
        assert (out, order.result().status_code) == (1, 201)


def test_pool_and_isolation_follow_the_settings(run: Any, all_databases: Any) -> None:
    code = """
from fastapi.testclient import TestClient
from relay.main import app
print(TestClient(app).get("/health/db-pool").text)
"""
    url = all_databases.create("spare")
    done = run("-c", code, DATABASE_URL=url, RELAY_POOL_SIZE="3", RELAY_ISOLATION_LEVEL="READ UNCOMMITTED")
    assert '"size":3' in done.stdout, done.stderr
    assert '"isolation_level":"READ UNCOMMITTED"' in done.stdout
