"""The time of people."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]
MONDAY = "2025-01-06"  # on which the sample data books Ida from 10 to 12 and from 13 to 15


@pytest.fixture
def project(northwind: TestClient) -> Json:
    """An active project."""
    answer = northwind.post("/projects", json={"code": "PLAN"})
    created: Json = answer.json()
    return created


def book(client: TestClient, project: Json, begins: str, ends: str, person: str = "Ida Juhl", **headers: str) -> Any:
    """Try to book a person on the Monday."""
    data = {
        "person": person,
        "project_id": project["id"],
        "starts_at": f"{MONDAY}T{begins}:00Z",
        "ends_at": f"{MONDAY}T{ends}:00Z",
    }
    return client.post("/planning/bookings", json=data, headers=headers)


def free(client: TestClient, person: str = "Ida Juhl", **wanted: object) -> list[tuple[str, str]]:
    """The free time of a person from the Monday on, as times of day."""
    params = {"person": person, "first": MONDAY, "days": 1, **wanted}
    answer = client.get("/planning/free", params=params)
    assert answer.status_code == 200, answer.text
    return [(found["starts_at"][11:16], found["ends_at"][11:16]) for found in answer.json()]


def test_booking_names_its_person_and_its_project(northwind: TestClient, project: Json) -> None:
    booked = book(northwind, project, "12:00", "13:00")
    assert booked.status_code == 201
    assert (booked.json()["person"], booked.json()["project_code"]) == ("Ida Juhl", "PLAN")
    assert booked.json()["starts_at"] == f"{MONDAY}T12:00:00Z"


@pytest.mark.parametrize(
    ("begins", "ends"), [("10:00", "12:00"), ("09:00", "10:01"), ("11:59", "12:30"), ("08:00", "18:00")]
)
def test_overlapping_booking_is_a_conflict_that_says_what_is_in_the_way(
    northwind: TestClient, project: Json, begins: str, ends: str
) -> None:
    refused = book(northwind, project, begins, ends)
    expected = "<Booking of Ida Juhl for P001 at 2025-01-06 10:00> is in the way"
    assert (refused.status_code, refused.json()["detail"]) == (409, expected)


@pytest.mark.parametrize(("begins", "ends"), [("09:00", "10:00"), ("12:00", "13:00"), ("15:00", "16:00")])
def test_booking_may_touch_another_without_overlap(
    northwind: TestClient, project: Json, begins: str, ends: str
) -> None:
    assert book(northwind, project, begins, ends).status_code == 201


def test_other_person_is_free_at_the_same_time(northwind: TestClient, project: Json) -> None:
    assert book(northwind, project, "10:00", "12:00", "Somebody New").status_code == 201


def test_same_time_asked_for_by_several_at_once_is_booked_once(northwind: TestClient, project: Json) -> None:
    # Several rounds, because the time between a look and a write is short.
    for hour in range(16, 22):
        with ThreadPoolExecutor(6) as pool:
            answers = list(
                pool.map(lambda _, hour=hour: book(northwind, project, f"{hour}:00", f"{hour}:59"), range(6))
            )
        assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]


def test_refused_booking_leaves_the_calendar_as_it_was(northwind: TestClient, project: Json) -> None:
    before = free(northwind)
    assert book(northwind, project, "09:30", "10:30").status_code == 409
    assert free(northwind) == before


def test_times_are_kept_in_utc(northwind: TestClient, project: Json) -> None:
    data = {"person": "Zoe", "project_id": project["id"], "starts_at": f"{MONDAY}T08:00:00-05:00"}
    booked = northwind.post("/planning/bookings", json={**data, "ends_at": f"{MONDAY}T15:00:00+01:00"})
    assert (booked.json()["starts_at"], booked.json()["ends_at"]) == (f"{MONDAY}T13:00:00Z", f"{MONDAY}T14:00:00Z")


def test_archived_project_takes_no_bookings(northwind: TestClient, project: Json) -> None:
    northwind.patch(f"/projects/{project['id']}", json={"status": "archived"})
    refused = book(northwind, project, "12:00", "13:00")
    assert (refused.status_code, refused.json()["detail"]) == (409, "Project PLAN is archived")


def test_project_of_another_tenant_is_not_found(northwind: TestClient, contoso: dict[str, str], project: Json) -> None:
    assert book(northwind, project, "12:00", "13:00", **contoso).status_code == 404


@pytest.mark.parametrize(
    "change", [{"ends_at": f"{MONDAY}T12:00:00Z"}, {"starts_at": f"{MONDAY}T12:00:00"}, {"person": ""}, {"room": 5}]
)
def test_booking_with_a_bad_field_is_refused(northwind: TestClient, project: Json, change: Json) -> None:
    data = {"person": "Ida Juhl", "project_id": project["id"]}
    data |= {"starts_at": f"{MONDAY}T12:00:00Z", "ends_at": f"{MONDAY}T13:00:00Z"}
    assert northwind.post("/planning/bookings", json={**data, **change}).status_code == 422


def test_free_time_is_what_bookings_leave_of_a_day(northwind: TestClient) -> None:
    assert free(northwind) == [("09:00", "10:00"), ("12:00", "13:00"), ("15:00", "17:00")]


def test_free_time_of_several_days_is_read_from_one_calendar(northwind: TestClient, project: Json) -> None:
    book(northwind, project, "09:00", "17:00", person="Pia")
    assert free(northwind, "Pia") == []
    assert free(northwind, "Pia", days=3) == [("09:00", "17:00")] * 2


def test_free_time_leaves_out_what_is_too_short(northwind: TestClient) -> None:
    assert free(northwind, minutes=90) == [("15:00", "17:00")]


def test_free_time_skips_the_weekend(northwind: TestClient) -> None:
    assert free(northwind, days=7)[3:] == [("09:00", "17:00")] * 4


def test_booking_around_the_day_leaves_nothing(northwind: TestClient, project: Json) -> None:
    book(northwind, project, "07:00", "20:00", "Busy")
    assert free(northwind, "Busy") == []


def test_person_without_a_calendar_is_not_found(northwind: TestClient, contoso: dict[str, str], project: Json) -> None:
    book(northwind, project, "12:00", "13:00", "Only Ours")
    params = {"person": "Only Ours", "first": MONDAY}
    assert northwind.get("/planning/free", params=params).status_code == 200
    assert northwind.get("/planning/free", params=params, headers=contoso).status_code == 404


@pytest.mark.parametrize("change", [{"first": "soon"}, {"days": 0}, {"days": 32}, {"minutes": 0}])
def test_free_time_with_a_bad_parameter_is_refused(northwind: TestClient, change: Json) -> None:
    params = {"person": "Ida Juhl", "first": MONDAY, **change}
    assert northwind.get("/planning/free", params=params).status_code == 422
