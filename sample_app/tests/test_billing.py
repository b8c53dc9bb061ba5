"""Plans paid from credits, statements by the worker, and the corrections of the billing office."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]
MONTH = 30 * 24 * 3600


@pytest.fixture
def a_month_later(client: TestClient, sign_in: Any) -> Callable[[], None]:
    """Let a month go by, after which sessions have ended too, and tell the worker to charge."""

    def later() -> None:
        client.post("/offline/clock", json={"seconds": MONTH + 60})
        client.headers.update(sign_in("northwind"))
        client.post("/offline/worker/charge")

    return later


def wait_for(client: TestClient, path: str, *, until: Callable[[Json], bool]) -> Json:
    """Ask again until the worker is done, for ten seconds at most."""
    deadline = time.monotonic() + 10
    while True:
        seen: Json = client.get(path).json()
        if until(seen) or time.monotonic() > deadline:
            return seen
        time.sleep(0.01)


def write_statement(client: TestClient, month: str) -> Json:
    """Ask for a statement and wait until the worker has dealt with it."""
    answer = client.post("/billing/statements", json={"month": month})
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    path = f"/billing/statements/{answer.json()['id']}"
    return wait_for(client, path, until=lambda statement: statement["finished_at"] is not None)


def correct(client: TestClient, *corrections: tuple[str, str, int]) -> Json:
    """Let the billing office send corrections, each an id, a tenant and credits."""
    adjustments = [
        {"id": name, "tenant": tenant, "credits": credits, "reason": "Goodwill"}
        for name, tenant, credits in corrections
    ]
    delivery = {"to": "/billing/webhook", "body": json.dumps({"adjustments": adjustments})}
    answer = client.post("/offline/payments/messages", json=delivery).json()
    assert answer["status"] == 200, answer
    outcomes: Json = answer["answer"]
    return outcomes


def test_new_plan_is_paid_at_once_for_a_month(northwind: TestClient) -> None:
    plan = northwind.put("/billing/plan", json={"plan": "business"}).json()
    assert (plan["plan"], plan["status"]) == ("business", "active")
    assert northwind.get("/billing/plan").json() == plan
    account = northwind.get("/credits").json()
    assert (account["balance"], account["entries"][0]["reason"]) == (600, "Plan business")


def test_new_plan_brings_its_seats_and_the_free_one_takes_them_away(northwind: TestClient) -> None:
    northwind.put("/billing/plan", json={"plan": "business"})
    assert {licence["product"]: licence["seats_total"] for licence in northwind.get("/licences").json()} == {
        "Relay": 50,
        "Route planner": 3,
    }
    northwind.put("/billing/plan", json={"plan": "free"})
    assert [licence["product"] for licence in northwind.get("/licences").json()] == ["Route planner"]
    northwind.put("/billing/plan", json={"plan": "team"})
    assert northwind.get("/licences").json()[0]["seats_free"] == 5


def test_plan_with_fewer_seats_than_are_taken_is_a_conflict(northwind: TestClient) -> None:
    northwind.put("/billing/plan", json={"plan": "business"})
    relay = northwind.get("/licences").json()[0]
    northwind.post(f"/licences/{relay['id']}/seats", json={"email": "pia@northwind.example"})
    answer = northwind.put("/billing/plan", json={"plan": "free"})
    assert (answer.status_code, answer.json()["detail"]) == (409, "The plan has 0 seats, and 1 are taken")
    assert northwind.get("/billing/plan").json()["plan"] == "business"


def test_same_plan_again_is_a_conflict(northwind: TestClient) -> None:
    assert northwind.put("/billing/plan", json={"plan": "team"}).status_code == 409


def test_plan_chosen_several_times_at_once_is_paid_once(northwind: TestClient, all_databases: Any) -> None:
    with ThreadPoolExecutor(6) as pool:
        with all_databases.writing("relay", "credit_accounts"):
            answers = [pool.submit(northwind.put, "/billing/plan", json={"plan": "business"}) for _ in range(6)]
            # Everybody has come as far as may be before the first can write.
            while northwind.get("/health/db-pool").json()["checked_out"] < 6:
                time.sleep(0.01)
            time.sleep(0.5)
        assert sorted(answer.result().status_code for answer in answers) == [200] + [409] * 5
    assert northwind.get("/credits").json()["balance"] == 600


def test_unknown_plan_is_refused(northwind: TestClient) -> None:
    assert northwind.put("/billing/plan", json={"plan": "golden"}).status_code == 422


def test_plan_that_cannot_be_paid_is_not_taken(northwind: TestClient, sign_in: Any) -> None:
    northwind.headers.update(sign_in("fabrikam"))
    answer = northwind.put("/billing/plan", json={"plan": "team"})
    assert (answer.status_code, answer.json()["detail"]) == (402, "This takes 50 credits, and there are 0")
    assert northwind.get("/billing/plan").json()["plan"] == "free"
    assert [licence["product"] for licence in northwind.get("/licences").json()] == ["Route planner"]


def test_new_tenant_has_the_free_plan(client: TestClient, sign_in: Any) -> None:
    client.post("/tenants", json={"slug": "newcomer", "name": "New", "email": "new@newcomer.example"})
    client.headers.update(sign_in("newcomer"))
    assert client.get("/billing/plan").json() == {"plan": "free", "status": "active", "paid_until": None}


def test_worker_charges_a_plan_when_its_month_is_over(northwind: TestClient, a_month_later: Any) -> None:
    paid_until = northwind.put("/billing/plan", json={"plan": "business"}).json()["paid_until"]
    a_month_later()
    plan = wait_for(northwind, "/billing/plan", until=lambda plan: plan["paid_until"] != paid_until)
    assert (plan["status"], plan["paid_until"] > paid_until) == ("active", True)
    assert northwind.get("/credits").json()["balance"] == 200


def test_plan_that_can_no_longer_be_paid_is_past_due_and_can_be_taken_again(
    northwind: TestClient, a_month_later: Any
) -> None:
    northwind.put("/billing/plan", json={"plan": "business"})
    correct(northwind, ("c1", "northwind", -590))
    a_month_later()
    plan = wait_for(northwind, "/billing/plan", until=lambda plan: plan["status"] != "active")
    assert (plan["plan"], plan["status"], northwind.get("/credits").json()["balance"]) == ("business", "past due", 10)
    correct(northwind, ("c2", "northwind", 400))
    assert northwind.put("/billing/plan", json={"plan": "business"}).json()["status"] == "active"


def test_worker_charges_every_tenant_whatever_becomes_of_the_others(
    northwind: TestClient, contoso: Json, a_month_later: Any, sign_in: Any
) -> None:
    for headers in ({}, contoso):
        northwind.put("/billing/plan", json={"plan": "free"}, headers=headers)
        assert northwind.put("/billing/plan", json={"plan": "team"}, headers=headers).status_code == 200
    correct(northwind, ("c1", "northwind", -940))
    a_month_later()
    assert wait_for(northwind, "/billing/plan", until=lambda p: p["status"] != "active")["status"] == "past due"
    northwind.headers.update(sign_in("contoso"))
    account = wait_for(northwind, "/credits", until=lambda account: account["balance"] == 150)
    assert [entry["reason"] for entry in account["entries"][:2]] == ["Plan team", "Plan team"]


def test_worker_writes_a_statement_for_a_credit(northwind: TestClient) -> None:
    statement = write_statement(northwind, "2025-01")
    assert statement["status"] == "done"
    heading, first, second = statement["text"].splitlines()
    assert heading == "Northwind Traders: credits in 2025-01"
    assert first.split() == ["2025-01-07", "+1200", "1200", "Pack", "large"]
    assert second.split()[:3] == ["2025-01-08", "-200", "1000"]
    account = northwind.get("/credits").json()
    assert (account["balance"], account["entries"][0]["reason"]) == (999, "Statement of 2025-01")


def test_statement_of_a_month_without_movements_costs_nothing(northwind: TestClient) -> None:
    statement = write_statement(northwind, "2024-02")
    assert (statement["status"], statement["text"]) == ("empty", None)
    account = northwind.get("/credits").json()
    assert (account["balance"], account["entries"][0]["reason"]) == (1_000, "Returned: Statement of 2024-02")


def test_statement_without_credits_is_not_written(northwind: TestClient, sign_in: Any) -> None:
    northwind.headers.update(sign_in("fabrikam"))
    assert write_statement(northwind, "2025-01")["status"] == "unpaid"


@pytest.mark.parametrize("month", ["2025-13", "last month", "", None])
def test_statement_of_no_month_is_refused(northwind: TestClient, month: str | None) -> None:
    assert northwind.post("/billing/statements", json={"month": month}).status_code == 422


def test_statement_that_waits_in_the_queue_already_is_a_conflict(northwind: TestClient) -> None:
    northwind.put("/offline/worker/trouble", json={"latency": 20})
    answers = [northwind.post("/billing/statements", json={"month": "2025-01"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 409]
    assert answers[1].json()["detail"] == "The statement of 2025-01 is being written already"
    northwind.put("/offline/worker/trouble", json={})
    path = f"/billing/statements/{answers[0].json()['id']}"
    assert wait_for(northwind, path, until=lambda one: one["finished_at"] is not None)["status"] == "done"


def test_corrections_beyond_the_limit_are_too_large(client: TestClient) -> None:
    assert client.post("/billing/webhook", content=b" " * 70_000).status_code == 413


def test_statement_is_not_found_when_unknown_or_of_another_tenant(northwind: TestClient, contoso: Json) -> None:
    statement = write_statement(northwind, "2025-01")
    for path, headers in ((f"/billing/statements/{statement['id']}", contoso), ("/billing/statements/9999", {})):
        assert northwind.get(path, headers=headers).status_code == 404


def test_corrections_are_applied_each_by_itself(northwind: TestClient, contoso: Json) -> None:
    outcomes = correct(
        northwind, ("c1", "northwind", 7), ("c2", "fabrikam", -1), ("c3", "nobody", 1), ("c4", "contoso", -50)
    )
    assert outcomes == {"c1": "applied", "c2": "not enough credits", "c3": "unknown tenant", "c4": "applied"}
    assert northwind.get("/credits").json()["balance"] == 1_007
    assert northwind.get("/credits", headers=contoso).json()["balance"] == 200


def test_correction_sent_again_is_applied_once(northwind: TestClient) -> None:
    assert correct(northwind, ("c1", "northwind", 7), ("c1", "northwind", 7))["c1"] == "duplicate"
    assert correct(northwind, ("c1", "northwind", 7), ("c2", "northwind", 1)) == {"c1": "duplicate", "c2": "applied"}
    assert northwind.get("/credits").json()["balance"] == 1_008


def test_correction_that_failed_for_want_of_credits_may_come_again(northwind: TestClient) -> None:
    correct(northwind, ("c1", "fabrikam", -5))
    assert correct(northwind, ("c0", "fabrikam", 9), ("c1", "fabrikam", -5))["c1"] == "applied"


def test_corrections_without_a_signature_are_refused(client: TestClient) -> None:
    assert client.post("/billing/webhook", json={"adjustments": []}).status_code == 401


def test_corrections_that_cannot_be_read_are_refused(client: TestClient) -> None:
    for body in ('{"adjustments": [{"id": "c1"}]}', "[]", "nothing"):
        answer = client.post("/offline/payments/messages", json={"to": "/billing/webhook", "body": body}).json()
        assert answer["status"] == 422


def test_credits_spent_at_once_are_never_spent_twice(northwind: TestClient) -> None:
    correct(northwind, ("c0", "northwind", -997))
    months = [f"2023-{month:02}" for month in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        corrections = pool.map(lambda month: correct(northwind, (month, "northwind", -1))[month], months)
        outcomes = sorted(corrections)
    assert outcomes == ["applied"] * 3 + ["not enough credits"] * 5
    assert northwind.get("/credits").json()["balance"] == 0
