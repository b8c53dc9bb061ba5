"""Projects and their tasks."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]


@pytest.fixture
def project(northwind: TestClient) -> Json:
    """A project without quote and without tasks."""
    answer = northwind.post("/projects", json={"code": "X1", "name": "New roof"})
    assert answer.status_code == 201, answer.text
    created: Json = answer.json()
    return created


@pytest.fixture
def accepted(northwind: TestClient, customer: Json) -> Json:
    """An accepted quote that no project has started from."""
    data = {"customer_id": customer["id"], "title": "Stage", "lines": [{"description": "Wood", "unit_cents": 700}]}
    quote: Json = northwind.post("/quotes", json=data).json()
    for status in ("sent", "accepted"):
        quote = northwind.put(f"/quotes/{quote['id']}/status", json={"status": status}).json()
    return quote


def add_task(client: TestClient, project: Json, **task: object) -> Json:
    """Add a task and return it."""
    answer = client.post(f"/projects/{project['id']}/tasks", json={"title": "Measure", **task})
    assert answer.status_code == 201, answer.text
    created: Json = answer.json()
    return created


def test_project_without_a_quote_starts_empty(project: Json) -> None:
    assert (project["code"], project["status"], project["progress"], project["revision"]) == ("X1", "active", 0, 1)
    assert (project["customer"], project["quote_reference"], project["tasks"]) == (None, None, [])


def test_project_from_a_quote_takes_over_title_and_customer(
    northwind: TestClient, accepted: Json, customer: Json
) -> None:
    started = northwind.post("/projects", json={"code": "X2", "quote_id": accepted["id"]}).json()
    assert (started["name"], started["quote_reference"]) == ("Stage", accepted["reference"])
    assert started["customer"] == {"id": customer["id"], "name": "Kestrel Optics"}
    assert northwind.get(f"/projects/{started['id']}").json() == started


def test_second_project_from_the_same_quote_is_a_conflict(northwind: TestClient, accepted: Json) -> None:
    northwind.post("/projects", json={"code": "X2", "quote_id": accepted["id"]})
    refused = northwind.post("/projects", json={"code": "X3", "quote_id": accepted["id"]})
    assert refused.status_code == 409
    assert refused.json()["detail"].endswith("1 lines> has become project X2 already")


def test_project_from_an_undecided_quote_is_a_conflict(northwind: TestClient, customer: Json) -> None:
    draft = northwind.post("/quotes", json={"customer_id": customer["id"], "title": "Maybe"}).json()
    assert northwind.post("/projects", json={"code": "X2", "quote_id": draft["id"]}).status_code == 409


def test_project_from_an_unknown_quote_is_not_found(northwind: TestClient) -> None:
    assert northwind.post("/projects", json={"code": "X2", "quote_id": 99999}).status_code == 404


def test_taken_code_is_a_conflict_that_names_its_holder(northwind: TestClient, project: Json) -> None:
    refused = northwind.post("/projects", json={"code": "X1", "name": "Other"})
    expected = "The code X1 is taken at Northwind Traders by 'New roof'"
    assert (refused.status_code, refused.json()["detail"]) == (409, expected)


def test_code_taken_at_another_tenant_is_free(northwind: TestClient, contoso: dict[str, str], project: Json) -> None:
    assert northwind.post("/projects", json={"code": "X1"}, headers=contoso).status_code == 201


@pytest.mark.parametrize("data", [{}, {"code": "lower"}, {"code": "X1", "name": ""}, {"code": "X1", "quote_id": "q"}])
def test_project_with_a_bad_field_is_not_created(northwind: TestClient, data: Json) -> None:
    before = northwind.get("/projects").json()
    assert northwind.post("/projects", json=data).status_code == 422
    assert northwind.get("/projects").json() == before


def test_list_can_be_narrowed_down_to_a_status(northwind: TestClient) -> None:
    everything = northwind.get("/projects").json()
    archived = northwind.get("/projects", params={"status": "archived"}).json()
    assert archived == [project for project in everything if project["status"] == "archived"]
    assert 0 < len(archived) < len(everything)


def test_project_with_two_late_tasks_is_listed_once(northwind: TestClient, project: Json) -> None:
    for day in ("2025-01-01", "2025-01-02"):
        add_task(northwind, project, due_on=day)
    late = [line["code"] for line in northwind.get("/projects", params={"late": True}).json()]
    assert late.count("X1") == 1
    assert len(late) == len(set(late))


@pytest.mark.parametrize("task", [{"due_on": None}, {"due_on": "2099-01-01"}])
def test_project_whose_task_has_time_is_not_late(northwind: TestClient, project: Json, task: Json) -> None:
    add_task(northwind, project, **task)
    assert "X1" not in [line["code"] for line in northwind.get("/projects", params={"late": True}).json()]


def test_finished_task_is_no_longer_late(northwind: TestClient, project: Json) -> None:
    task = add_task(northwind, project, due_on="2025-01-01")
    northwind.patch(f"/projects/{project['id']}/tasks/{task['id']}", json={"done": True})
    assert "X1" not in [line["code"] for line in northwind.get("/projects", params={"late": True}).json()]


def test_list_in_an_unknown_status_is_refused(northwind: TestClient) -> None:
    assert northwind.get("/projects", params={"status": "lost"}).status_code == 422


def test_each_change_counts_the_revision_up(northwind: TestClient, project: Json) -> None:
    for revision, name in ((2, "Newer roof"), (3, "Newest roof")):
        changed = northwind.patch(f"/projects/{project['id']}", json={"name": name}).json()
        assert (changed["revision"], changed["name"]) == (revision, name)


def test_change_moves_the_time_stamp_of_an_old_project(northwind: TestClient) -> None:
    number = northwind.get("/projects").json()[0]["id"]
    before = northwind.get(f"/projects/{number}").json()
    after = northwind.patch(f"/projects/{number}", json={"name": "Renamed"}).json()
    assert after["updated_at"] > before["updated_at"]
    assert after["created_at"] == before["created_at"]


def test_change_to_the_same_name_is_no_change(northwind: TestClient, project: Json) -> None:
    assert northwind.patch(f"/projects/{project['id']}", json={"name": "New roof"}).json() == project


def test_change_from_an_old_revision_is_a_conflict(northwind: TestClient, project: Json) -> None:
    first = northwind.patch(f"/projects/{project['id']}", json={"name": "Mine", "revision": 1})
    second = northwind.patch(f"/projects/{project['id']}", json={"name": "Yours", "revision": 1})
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["detail"] == "Project X1 has changed: it is at revision 2"
    assert northwind.get(f"/projects/{project['id']}").json() == first.json()


@pytest.mark.parametrize("change", [{"name": None}, {"status": "lost"}, {"code": "X9"}, {"revision": "x"}])
def test_change_with_a_bad_field_is_refused(northwind: TestClient, project: Json, change: Json) -> None:
    assert northwind.patch(f"/projects/{project['id']}", json=change).status_code == 422
    assert northwind.get(f"/projects/{project['id']}").json() == project


def test_project_with_an_open_task_cannot_be_finished(northwind: TestClient, project: Json) -> None:
    add_task(northwind, project)
    refused = northwind.patch(f"/projects/{project['id']}", json={"status": "done", "name": "Finished roof"})
    assert (refused.status_code, refused.json()["detail"]) == (409, "Project X1 has open tasks")
    left = northwind.get(f"/projects/{project['id']}").json()
    assert (left["status"], left["name"], left["revision"]) == ("active", "New roof", 1)


def test_project_is_done_with_its_last_task(northwind: TestClient, project: Json) -> None:
    tasks = [add_task(northwind, project), add_task(northwind, project)]
    states = [
        northwind.patch(f"/projects/{project['id']}/tasks/{task['id']}", json={"done": True}).json() for task in tasks
    ]
    assert [(state["progress"], state["status"]) for state in states] == [(50, "active"), (100, "done")]
    assert northwind.get(f"/projects/{project['id']}").json() == states[1]


def test_task_changes_only_what_was_sent(northwind: TestClient, project: Json) -> None:
    task = add_task(northwind, project, due_on="2025-03-01")
    changed = northwind.patch(f"/projects/{project['id']}/tasks/{task['id']}", json={"title": "Weigh"}).json()
    assert changed["tasks"] == [{**task, "title": "Weigh"}]


def test_task_of_another_project_is_not_found(northwind: TestClient, project: Json) -> None:
    other = northwind.post("/projects", json={"code": "X9"}).json()
    task = add_task(northwind, other)
    refused = northwind.patch(f"/projects/{project['id']}/tasks/{task['id']}", json={"done": True})
    assert (refused.status_code, refused.json()["detail"]) == (404, f"No task {task['id']} in project X1")


def test_archived_project_takes_no_tasks(northwind: TestClient, project: Json) -> None:
    northwind.patch(f"/projects/{project['id']}", json={"status": "archived"})
    refused = northwind.post(f"/projects/{project['id']}/tasks", json={"title": "Too late"})
    assert (refused.status_code, refused.json()["detail"]) == (409, "Project X1 is archived")


@pytest.mark.parametrize("data", [{}, {"title": " "}, {"title": "Day", "due_on": "soon"}])
def test_task_with_a_bad_field_is_not_added(northwind: TestClient, project: Json, data: Json) -> None:
    assert northwind.post(f"/projects/{project['id']}/tasks", json=data).status_code == 422
    assert northwind.get(f"/projects/{project['id']}").json()["tasks"] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"name": "Mine"}),
        ("POST", "/tasks", {"title": "Mine"}),
        ("PATCH", "/tasks/1", {"done": True}),
    ],
)
def test_project_is_not_found_when_unknown_or_of_another_tenant(
    northwind: TestClient, contoso: dict[str, str], project: Json, method: str, path: str, body: Json | None
) -> None:
    for number, headers in ((99999, {}), (project["id"], contoso)):
        answer = northwind.request(method, f"/projects/{number}{path}", json=body, headers=headers)
        assert answer.status_code == 404
    assert northwind.get(f"/projects/{project['id']}").json() == project
