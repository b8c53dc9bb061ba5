"""Tickets and their threads."""

from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]
GONE, CLOSED, LIVELY = 1, 2, 3  # the tickets of northwind, in the order of the sample data


def say(client: TestClient, ticket: int, body: str = "Hello", **data: object) -> Json:
    """Say something on a ticket and return the whole."""
    answer = client.post(f"/tickets/{ticket}/notes", json={"author": "Kai", "body": body, **data})
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


def down(note: Json) -> list[Json]:
    """A note and the first answer under each."""
    return [note, *(down(note["replies"][0]) if note["replies"] else [])]


def test_thread_nests_answers_under_what_they_answer(northwind: TestClient) -> None:
    ticket = northwind.get(f"/tickets/{LIVELY}").json()
    assert [entry["kind"] for entry in ticket["timeline"]] == ["note"]
    chain = down(ticket["timeline"][0])
    assert [note["body"][-3:] for note in chain] == ["(0)", "(1)", "(2)", "(3)"]
    assert ticket["people"] == ["Customer", "Ida", "Jon"]
    assert ticket["customer"]["name"].startswith("Copper")


def test_ticket_of_a_customer_who_is_gone_has_none(northwind: TestClient) -> None:
    assert northwind.get(f"/tickets/{GONE}").json()["customer"] is None


def test_timeline_mixes_notes_and_changes_of_status(northwind: TestClient) -> None:
    ticket = northwind.get(f"/tickets/{CLOSED}").json()
    change = ticket["timeline"][-1]
    assert [entry["kind"] for entry in ticket["timeline"]] == ["note", "status"]
    assert (change["author"], change["before"], change["after"]) == ("Ida", "open", "closed")


def test_answer_goes_under_its_note_and_the_rest_stays(northwind: TestClient) -> None:
    first = northwind.get(f"/tickets/{GONE}").json()["timeline"][0]
    ticket = say(northwind, GONE, "On its way", answers=first["id"])
    assert [reply["body"] for reply in ticket["timeline"][0]["replies"]][-1] == "On its way"
    assert ticket["people"] == ["Customer", "Ida", "Kai"]
    assert say(northwind, GONE, "By the way")["timeline"][-1]["body"] == "By the way"
    assert northwind.get(f"/tickets/{GONE}").json()["timeline"][0] == ticket["timeline"][0]


def test_note_may_close_a_ticket_and_open_it_again(northwind: TestClient) -> None:
    closed = say(northwind, GONE, "Done", status="closed")
    assert closed["status"] == "closed"
    assert [entry["kind"] for entry in closed["timeline"][-2:]] == ["note", "status"]
    refused = northwind.post(f"/tickets/{GONE}/notes", json={"author": "Kai", "body": "Hello?"})
    assert refused.status_code == 409
    opened = say(northwind, GONE, "Not yet", status="open")
    assert (opened["status"], opened["timeline"][-1]["after"]) == ("open", "open")


def told(client: TestClient) -> list[Json]:
    """The mail to the customer of the lively ticket."""
    customer = client.get(f"/tickets/{LIVELY}").json()["customer"]
    client.patch(f"/customers/{customer['id']}", json={"email": "desk@copper.example"})
    mails: list[Json] = client.get("/offline/mail", params={"to": "desk@copper.example"}).json()
    return mails


def wait_for_a_mail(client: TestClient) -> None:
    """Wait until a mail is on its way."""
    for _ in range(1_000):
        if client.get("/offline/mail/trouble").json()["waiting"]:
            return
        sleep(0.01)
    raise AssertionError("nobody is told")


def test_customer_is_told_of_a_note_and_what_became_of_the_ticket(northwind: TestClient) -> None:
    assert told(northwind) == []
    say(northwind, LIVELY, status="closed")
    (mail,) = told(northwind)
    assert mail["subject"] == f"Ticket {LIVELY}: How do I export my data?"
    assert mail["body"] == "Kai of Northwind Traders has written to you. The ticket is closed."


def test_nobody_is_told_of_a_note_on_the_ticket_of_a_customer_who_is_gone(northwind: TestClient) -> None:
    before = northwind.get("/offline/mail").json()
    say(northwind, GONE)
    assert northwind.get("/offline/mail").json() == before


def test_note_stands_when_the_customer_cannot_be_told(northwind: TestClient) -> None:
    told(northwind)
    northwind.put("/offline/mail/trouble", json={"failing": True})
    assert say(northwind, LIVELY, "Hello?")["timeline"][-1]["body"] == "Hello?"
    assert told(northwind) == []


def test_note_is_answered_before_the_customer_is_told(northwind: TestClient) -> None:
    told(northwind)
    northwind.put("/offline/mail/trouble", json={"latency": 20})
    with ThreadPoolExecutor() as pool:
        pool.submit(say, northwind, LIVELY)
        wait_for_a_mail(northwind)
        # A call is counted when it is answered.
        routes = [line["route"] for line in northwind.get("/usage").json()]
        northwind.put("/offline/mail/trouble", json={})
    assert "POST /tickets/{ticket_id}/notes" in routes
    assert len(told(northwind)) == 1


def test_status_that_a_ticket_has_is_not_written_down_again(northwind: TestClient) -> None:
    assert say(northwind, GONE, status="open")["timeline"][-1]["kind"] == "note"


def test_thread_that_is_deep_enough_takes_no_further_answer(northwind: TestClient) -> None:
    deepest = down(northwind.get(f"/tickets/{LIVELY}").json()["timeline"][0])[-1]
    deeper = down(say(northwind, LIVELY, answers=deepest["id"])["timeline"][0])[-1]
    data = {"author": "Kai", "body": "Too deep", "answers": deeper["id"]}
    assert northwind.post(f"/tickets/{LIVELY}/notes", json=data).status_code == 409


def test_answer_to_a_note_of_another_ticket_is_not_found(northwind: TestClient) -> None:
    elsewhere = northwind.get(f"/tickets/{LIVELY}").json()["timeline"][0]["id"]
    data = {"author": "Kai", "body": "Hello", "answers": elsewhere}
    assert northwind.post(f"/tickets/{GONE}/notes", json=data).status_code == 404


def test_tickets_of_another_tenant_are_not_found(northwind: TestClient, contoso: dict[str, str]) -> None:
    data = {"author": "Kai", "body": "Hello"}
    assert northwind.get(f"/tickets/{GONE}", headers=contoso).status_code == 404
    assert northwind.post(f"/tickets/{GONE}/notes", json=data, headers=contoso).status_code == 404
    assert northwind.get("/tickets/99999").status_code == 404


@pytest.mark.parametrize("change", [{"body": ""}, {"author": " "}, {"status": "lost"}, {"answers": "all"}])
def test_note_with_a_bad_field_is_not_written(northwind: TestClient, change: Json) -> None:
    data = {"author": "Kai", "body": "Hello", **change}
    before = northwind.get(f"/tickets/{GONE}").json()
    assert northwind.post(f"/tickets/{GONE}/notes", json=data).status_code == 422
    assert northwind.get(f"/tickets/{GONE}").json() == before


def test_search_finds_what_was_said_and_shows_the_latest_match(northwind: TestClient) -> None:
    hits = northwind.get("/tickets", params={"text": "LAMP"}).json()
    assert [(hit["id"], hit["matched"]) for hit in hits] == [(CLOSED, "Customer: A lamp arrived broken (2)")]


def test_search_finds_what_became_of_tickets(northwind: TestClient) -> None:
    hits = northwind.get("/tickets", params={"text": "closed"}).json()
    assert [(hit["id"], hit["matched"]) for hit in hits] == [(CLOSED, "Ida: open to closed")]


def test_search_puts_the_ticket_with_the_latest_match_first(northwind: TestClient) -> None:
    say(northwind, GONE, "About the export: done")
    hits = northwind.get("/tickets", params={"text": "export"}).json()
    assert [hit["id"] for hit in hits] == [GONE, LIVELY]


def test_search_stays_within_the_tenant(northwind: TestClient, contoso: dict[str, str]) -> None:
    say(northwind, GONE, "zebra crossing")
    assert northwind.get("/tickets", params={"text": "zebra"}, headers=contoso).json() == []


def test_search_for_a_single_letter_is_refused(northwind: TestClient) -> None:
    assert northwind.get("/tickets", params={"text": "x"}).status_code == 422
