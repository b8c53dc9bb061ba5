"""The people who chat: signing on, linking devices, merging, and their data as a whole."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]
NDJSON = {"Content-Type": "application/x-ndjson"}


def sign_on(client: TestClient, external_id: str, **known: object) -> Json:
    """Sign a user on and return it."""
    answer = client.put(f"/users/{external_id}", json=known)
    assert answer.status_code == 200, answer.text
    user: Json = answer.json()
    return user


def link_code(client: TestClient, external_id: str) -> str:
    """Return a fresh link code of a user."""
    answer = client.post(f"/users/{external_id}/link-codes")
    assert answer.status_code == 201, answer.text
    code: str = answer.json()["code"]
    return code


def export(client: TestClient, external_id: str) -> list[Json]:
    """Return the lines of a user's export."""
    answer = client.get(f"/users/{external_id}/export")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


def import_lines(client: TestClient, external_id: str, *lines: object) -> Any:
    """Import lines for a user and return the answer."""
    content = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return client.post(f"/users/{external_id}/import", content=content, headers=NDJSON)


def test_user_is_created_at_first_sight_and_known_afterwards(northwind: TestClient) -> None:
    first = sign_on(northwind, "ann", name="Ann", device="phone")
    again = sign_on(northwind, "ann")
    assert again == first
    assert (again["name"], again["label"], again["follows"]) == ("Ann", "Ann", [])
    assert [device["key"] for device in again["devices"]] == ["phone"]


def test_user_without_a_name_has_a_label(northwind: TestClient) -> None:
    user = sign_on(northwind, "nobody")
    assert (user["name"], user["label"]) == (None, "user nobody")


def test_second_device_is_added_to_the_first(northwind: TestClient) -> None:
    sign_on(northwind, "ann", device="phone")
    assert [device["key"] for device in sign_on(northwind, "ann", device="laptop")["devices"]] == ["phone", "laptop"]


def test_device_of_another_user_is_a_conflict_and_nothing_is_changed(northwind: TestClient) -> None:
    sign_on(northwind, "ann", name="Ann", device="phone")
    refused = northwind.put("/users/ben", json={"name": "Ben", "device": "phone"})
    assert (refused.status_code, refused.json()["detail"]) == (409, "The device is linked to Ann: use a link code")
    assert northwind.get("/users/ben/export").status_code == 404


def test_device_key_of_another_tenant_is_free(northwind: TestClient, contoso: dict[str, str]) -> None:
    sign_on(northwind, "ann", device="phone")
    assert northwind.put("/users/ann", json={"device": "phone"}, headers=contoso).status_code == 200


def test_user_follows_exactly_what_was_sent_last(northwind: TestClient) -> None:
    assert [one["key"] for one in sign_on(northwind, "ann", follows=["todo", "tone"])["follows"]] == ["tone", "todo"]
    assert [one["key"] for one in sign_on(northwind, "ann", follows=["todo"])["follows"]] == ["todo"]
    assert [one["key"] for one in sign_on(northwind, "ann", name="Ann")["follows"]] == ["todo"]


def test_following_an_unknown_insight_is_not_found_and_creates_nobody(northwind: TestClient) -> None:
    refused = northwind.put("/users/ann", json={"follows": ["tone", "horoscope"]})
    assert (refused.status_code, refused.json()["detail"]) == (404, "No insight 'horoscope'")
    assert northwind.get("/users/ann/export").status_code == 404


@pytest.mark.parametrize("data", [{"name": " "}, {"age": 3}, {"device": "two words"}, {"follows": "tone"}])
def test_user_with_a_bad_field_is_refused(northwind: TestClient, data: Json) -> None:
    assert northwind.put("/users/ann", json=data).status_code == 422


@pytest.mark.parametrize("external_id", ["a b", "x" * 81, "a,b"])
def test_user_with_a_bad_id_is_refused(northwind: TestClient, external_id: str) -> None:
    assert northwind.put(f"/users/{external_id}", json={}).status_code == 422


def test_new_device_is_linked_by_code(northwind: TestClient) -> None:
    sign_on(northwind, "ann", device="laptop")
    linked = northwind.post("/devices", json={"code": link_code(northwind, "ann"), "device": "phone"}).json()
    assert (linked["external_id"], [one["key"] for one in linked["devices"]]) == ("ann", ["laptop", "phone"])


def test_link_code_may_be_typed_in_small_letters_but_is_good_once(northwind: TestClient) -> None:
    sign_on(northwind, "ann")
    code = link_code(northwind, "ann")
    typed = {"code": f" {code.lower()} ", "device": "phone"}
    assert northwind.post("/devices", json=typed).status_code == 200
    assert northwind.post("/devices", json={"code": code, "device": "tablet"}).status_code == 404


def test_linking_merges_the_user_that_the_device_had(northwind: TestClient) -> None:
    sign_on(northwind, "ann", device="laptop", follows=["tone", "todo"])
    sign_on(northwind, "guest", name="Ann", device="phone", follows=["todo", "dates"])
    import_lines(northwind, "guest", {"kind": "chat", "title": "Before", "messages": [{"text": "Hi", "own": True}]})
    merged = northwind.post("/devices", json={"code": link_code(northwind, "ann"), "device": "phone"}).json()
    assert (merged["external_id"], merged["name"]) == ("ann", "Ann")
    assert [one["key"] for one in merged["devices"]] == ["laptop", "phone"]
    assert [one["key"] for one in merged["follows"]] == ["tone", "todo", "dates"]
    assert northwind.get("/users/guest/export").status_code == 404
    message = {"author": None, "own": True, "text": "Hi", "sent_at": None, "passages": []}
    assert export(northwind, "ann")[1:] == [{"kind": "chat", "title": "Before", "messages": [message]}]


def test_merged_user_keeps_every_device(northwind: TestClient) -> None:
    sign_on(northwind, "guest", device="phone")
    sign_on(northwind, "guest", device="watch")
    sign_on(northwind, "ann")
    northwind.post("/devices", json={"code": link_code(northwind, "ann"), "device": "phone"})
    assert [one["key"] for one in sign_on(northwind, "ann")["devices"]] == ["phone", "watch"]


def test_merging_keeps_a_passage_once_that_both_have_saved(northwind: TestClient) -> None:
    def kept(external_id: str) -> int:
        answer = northwind.request("DELETE", f"/users/{external_id}", params={"keep_account": True})
        passages: int = answer.json()["passages"]
        return passages

    message = northwind.get("/chats/1/messages", params={"limit": 100}).json()[0]
    for user in ("ann", "guest"):
        sign_on(northwind, user, device=f"{user}-phone")
        for quote in (message["text"], *([message["text"][:4]] if user == "guest" else [])):
            saved = northwind.post("/passages", json={"user": user, "message_id": message["id"], "quote": quote})
            assert saved.status_code == 201
    merged = northwind.post("/devices", json={"code": link_code(northwind, "ann"), "device": "guest-phone"})
    assert merged.status_code == 200, merged.text
    assert kept("ann") == 2


def test_linking_a_device_to_its_own_user_is_a_conflict_that_leaves_the_code(northwind: TestClient) -> None:
    sign_on(northwind, "ann", name="Ann", device="phone")
    code = link_code(northwind, "ann")
    refused = northwind.post("/devices", json={"code": code, "device": "phone"})
    assert (refused.status_code, refused.json()["detail"]) == (409, "The device is linked to Ann already")
    assert northwind.post("/devices", json={"code": code, "device": "tablet"}).status_code == 200


def test_link_code_ends_after_ten_minutes(northwind: TestClient) -> None:
    sign_on(northwind, "ann")
    code = link_code(northwind, "ann")
    northwind.post("/offline/clock", json={"seconds": 601})
    refused = northwind.post("/devices", json={"code": code, "device": "phone"})
    assert (refused.status_code, refused.json()["detail"]) == (404, "The code is wrong or no longer valid")


def test_link_code_of_another_tenant_is_not_found(northwind: TestClient, contoso: dict[str, str]) -> None:
    sign_on(northwind, "ann")
    link = {"code": link_code(northwind, "ann"), "device": "phone"}
    assert northwind.post("/devices", json=link, headers=contoso).status_code == 404
    assert northwind.post("/devices", json=link).status_code == 200


@pytest.mark.parametrize("link", [{"code": "SHORT", "device": "p"}, {"code": "ABCDEFG1", "device": "p"}, {}])
def test_malformed_link_is_refused(northwind: TestClient, link: Json) -> None:
    assert northwind.post("/devices", json=link).status_code == 422


def test_sixth_waiting_link_code_is_too_many_until_one_has_ended(northwind: TestClient) -> None:
    sign_on(northwind, "ann")
    codes = {link_code(northwind, "ann") for _ in range(5)}
    refused = northwind.post("/users/ann/link-codes")
    assert (len(codes), refused.status_code) == (5, 429)
    assert 0 < int(refused.headers["retry-after"]) <= 601
    northwind.post("/offline/clock", json={"seconds": 601})
    assert northwind.post("/users/ann/link-codes").status_code == 201


def test_export_tells_own_messages_from_those_of_others(northwind: TestClient) -> None:
    user, *chats = export(northwind, "u001")
    assert (user["kind"], user["name"]) == ("user", "Ida")
    messages = [message for chat in chats for message in chat["messages"]]
    assert {len(chat["messages"]) for chat in chats} == {100}
    assert {message["own"] for message in messages} == {True, False}
    assert all(message["author"] is None for message in messages if message["own"])
    assert sum(len(message["passages"]) for message in messages) <= 1


def test_export_can_be_imported_at_another_tenant(northwind: TestClient, contoso: dict[str, str]) -> None:
    lines = export(northwind, "u005")
    assert len(lines) > 1
    northwind.headers.update(contoso)
    sign_on(northwind, "moved")
    added = import_lines(northwind, "moved", *lines).json()
    assert added == {"chats": len(lines) - 1, "messages": 100 * (len(lines) - 1)}
    assert export(northwind, "moved") == lines


def test_import_adds_to_what_is_there(northwind: TestClient) -> None:
    sign_on(northwind, "ann", name="Ann", follows=["todo"])
    import_lines(northwind, "ann", {"kind": "user", "name": "Other", "follows": ["tone"]})
    user = sign_on(northwind, "ann")
    assert (user["name"], [one["key"] for one in user["follows"]]) == ("Ann", ["tone", "todo"])


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ("{", "Line 3, the line: Invalid JSON"),
        ({"kind": "horse"}, "Line 3, the line: Input tag 'horse'"),
        ({"kind": "chat", "title": ""}, "Line 3, chat.title: "),
        ({"kind": "chat", "title": "T", "messages": [{"text": ""}]}, "Line 3, chat.messages.0.text: "),
    ],
)
def test_import_with_a_bad_line_leaves_everything_as_it_was(northwind: TestClient, bad: object, problem: str) -> None:
    sign_on(northwind, "ann")
    good = {"kind": "chat", "title": "Good", "messages": [{"text": "Hello", "passages": ["Hello"]}]}
    refused = import_lines(northwind, "ann", {"kind": "user", "name": "Ann"}, good, bad)
    assert (refused.status_code, refused.json()["detail"][: len(problem)]) == (422, problem)
    assert export(northwind, "ann") == [{"kind": "user", "name": None, "follows": []}]


def test_import_of_an_unknown_insight_leaves_everything_as_it_was(northwind: TestClient) -> None:
    sign_on(northwind, "ann")
    lines = ({"kind": "chat", "title": "Good"}, {"kind": "user", "follows": ["horoscope"]})
    assert import_lines(northwind, "ann", *lines).status_code == 404
    assert len(export(northwind, "ann")) == 1


def test_too_large_import_is_refused(northwind: TestClient) -> None:
    sign_on(northwind, "ann")
    assert import_lines(northwind, "ann", " " * 1_000_001).status_code == 413


def test_clearing_keeps_the_account_and_signs_off_messages_in_chats_of_others(northwind: TestClient) -> None:
    own_chats = len(export(northwind, "u002")) - 1
    other = next(chat for chat in northwind.get("/chats").json() if chat["owner"] is None)
    path = f"/chats/{other['id']}/messages?limit=200"
    before = [message["written_by"] for message in northwind.get(path).json()]
    removed = northwind.request("DELETE", "/users/u002", params={"keep_account": True}).json()
    assert (removed["chats"], removed["messages"], removed["passages"]) == (own_chats, 100 * own_chats, 1)
    assert export(northwind, "u002") == [{"kind": "user", "name": "Jon", "follows": []}]
    after = [message["written_by"] for message in northwind.get(path).json()]
    assert "Jon" in before
    assert after == [None if name == "Jon" else name for name in before]


def test_deleted_account_is_gone_with_its_devices_and_chats(northwind: TestClient) -> None:
    user = sign_on(northwind, "u002")
    chats = northwind.get("/chats", params={"user": "u002"}).json()
    assert chats
    assert northwind.delete("/users/u002").status_code == 200
    assert northwind.get("/users/u002/export").status_code == 404
    assert northwind.get(f"/chats/{chats[0]['id']}/messages").status_code == 404
    assert sign_on(northwind, "heir", device=user["devices"][0]["key"])["label"] == "user heir"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/export"), ("POST", "/import"), ("DELETE", ""), ("POST", "/link-codes")]
)
def test_user_is_not_found_when_unknown_or_of_another_tenant(
    northwind: TestClient, contoso: dict[str, str], method: str, path: str
) -> None:
    sign_on(northwind, "ann")
    for user, headers in (("nobody", {}), ("ann", contoso)):
        answer = northwind.request(method, f"/users/{user}{path}", content="{}", headers={**headers, **NDJSON})
        assert answer.status_code == 404
    assert sign_on(northwind, "ann")["external_id"] == "ann"
