"""Chats: upload, reading back, live feed, public figures and kept passages."""

import os
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

Json = dict[str, Any]

UPLOADS = Path(os.environ["RELAY_FILES"]) / "chats"

FILE = """[2025-01-06, 09:15] Ann: Good morning
[2025-01-06, 09:16] Ben: Morning!
How was the weekend?
[2025-01-06 09:17] The group was renamed
[2025-01-06, 09:20] Ann: Good morning
"""


def upload(client: TestClient, content: bytes | str = FILE, name: str = "Office party.txt", **form: object) -> Any:
    """Upload a conversation and return the answer."""
    data = content if isinstance(content, bytes) else content.encode()
    return client.post("/chats/upload", files={"file": (name, data, "text/plain")}, data=form)


def stored_files() -> list[Path]:
    """Return the files that Relay keeps."""
    return [path for path in UPLOADS.rglob("*") if path.is_file()]


@pytest.fixture
def uploaded(northwind: TestClient) -> Json:
    """A chat of Ann's that is shared."""
    northwind.put("/users/ann", json={"name": "Ann"})
    answer = upload(northwind, user="ann", share=True)
    assert answer.status_code == 201, answer.text
    chat: Json = answer.json()
    return chat


def messages(client: TestClient, chat: Json, **page: int) -> list[Json]:
    """Return messages of a chat."""
    answer = client.get(f"/chats/{chat['id']}/messages", params=page)
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()
    return found


def test_upload_says_what_was_read(uploaded: Json) -> None:
    assert (uploaded["title"], uploaded["file_name"], uploaded["owner"]) == ("Office_party", "Office_party.txt", "Ann")
    assert (uploaded["messages"], uploaded["authors"]) == (4, ["Ann", "Ben"])
    assert uploaded["file_bytes"] == len(FILE)


def test_uploaded_messages_keep_order_author_time_and_lines(northwind: TestClient, uploaded: Json) -> None:
    read = [(one["written_by"], one["text"], one["sent_at"]) for one in messages(northwind, uploaded)]
    assert read == [
        ("Ann", "Good morning", "2025-01-06T09:15:00Z"),
        ("Ben", "Morning!\nHow was the weekend?", "2025-01-06T09:16:00Z"),
        (None, "The group was renamed", "2025-01-06T09:17:00Z"),
        ("Ann", "Good morning", "2025-01-06T09:20:00Z"),
    ]


def test_messages_under_the_users_own_name_are_the_users(northwind: TestClient, uploaded: Json) -> None:
    northwind.put("/users/ann", json={"name": "Annabel"})
    assert [one["written_by"] for one in messages(northwind, uploaded)] == ["Annabel", "Ben", None, "Annabel"]


def test_upload_is_kept_on_disk_as_it_came_and_removed_with_the_account(northwind: TestClient, uploaded: Json) -> None:
    kept = [path for path in stored_files() if path.name.endswith("-Office_party.txt")]
    assert [path.read_text() for path in kept] == [FILE]
    assert northwind.delete("/users/ann").json() == {"chats": 1, "messages": 4, "passages": 0, "files": 1}
    assert not kept[0].exists()


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../../etc/passwd", "passwd"),
        ("C:\\chats\\us & them.txt", "us_them.txt"),
        ("..", "chat.txt"),
        ("\u202etxt.exe", "txt.exe"),
        ("x" * 300 + ".txt", "x" * 80),
    ],
)
def test_file_names_are_made_harmless(northwind: TestClient, name: str, safe: str) -> None:
    assert upload(northwind, name=name).json()["file_name"] == safe
    folder = UPLOADS / "northwind"
    assert any(path.parent == folder and path.name.endswith(f"-{safe}") for path in stored_files())


def test_two_uploads_of_one_name_do_not_overwrite_each_other(northwind: TestClient) -> None:
    first, second = upload(northwind).json(), upload(northwind, "[2025-01-06, 09:15] Ann: Short").json()
    listed = {chat["id"]: chat["file_bytes"] for chat in northwind.get("/chats").json()}
    assert (listed[first["id"]], listed[second["id"]]) == (len(FILE), 30)


def test_upload_of_a_megabyte_is_taken_and_of_a_byte_more_refused(northwind: TestClient) -> None:
    start = b"[2025-01-06, 09:15] Ann: "
    full = start + b"x" * (1_000_000 - len(start))
    before = len(stored_files())
    refused = upload(northwind, full + b"x")
    assert (refused.status_code, len(stored_files())) == (413, before)
    assert upload(northwind, full).status_code == 201


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "There is no message in the file"),
        (b"\xff\xfe\x00", "The file is not text in UTF-8"),
        (b"Hello", "Line 1 does not start with a date as in [2025-01-06, 09:30]"),
        (b"\n[2025-02-30, 09:15] Ann: Hello", "Line 2 has a date that does not exist"),
    ],
)
def test_unreadable_upload_leaves_neither_chat_nor_file(northwind: TestClient, content: bytes, problem: str) -> None:
    chats, files = northwind.get("/chats").json(), len(stored_files())
    refused = upload(northwind, content)
    assert (refused.status_code, refused.json()["detail"]) == (422, problem)
    assert (northwind.get("/chats").json(), len(stored_files())) == (chats, files)


def test_upload_without_a_file_is_refused(northwind: TestClient) -> None:
    assert northwind.post("/chats/upload", data={"user": "ann"}).status_code == 422


def test_upload_for_an_unknown_user_is_not_found(northwind: TestClient) -> None:
    files = len(stored_files())
    assert upload(northwind, user="nobody").status_code == 404
    assert len(stored_files()) == files


def test_chats_are_listed_newest_first(northwind: TestClient, uploaded: Json) -> None:
    chats = northwind.get("/chats").json()
    assert (len(chats), chats[0]["id"]) == (31, uploaded["id"])
    assert chats == sorted(chats, key=lambda chat: (chat["created_at"], chat["id"]), reverse=True)


def test_chats_by_owner_end_with_those_nobody_owns(northwind: TestClient) -> None:
    owners = [chat["owner"] for chat in northwind.get("/chats", params={"order": "owner"}).json()]
    owned = [owner for owner in owners if owner is not None]
    assert owned == sorted(owned)
    assert owners == [*owned, None, None, None, None]


def test_chats_can_be_narrowed_down_to_a_user_or_to_nobody(northwind: TestClient, uploaded: Json) -> None:
    assert [chat["id"] for chat in northwind.get("/chats", params={"user": "ann"}).json()] == [uploaded["id"]]
    orphans = northwind.get("/chats", params={"without_user": True}).json()
    assert [chat["owner"] for chat in orphans] == [None] * 4


def test_chat_that_somebody_speaks_in_is_read_backwards_page_by_page(northwind: TestClient) -> None:
    chat = northwind.get("/chats").json()[-1]
    everything = messages(northwind, chat, limit=200)
    assert len(everything) == 100
    assert messages(northwind, chat, limit=30) == everything[70:]
    assert messages(northwind, chat, limit=30, before=everything[70]["id"]) == everything[40:70]
    assert messages(northwind, chat, before=everything[0]["id"]) == []


def test_message_has_the_name_that_its_author_has_now(northwind: TestClient, uploaded: Json) -> None:
    sent = northwind.post(f"/chats/{uploaded['id']}/messages", json={"text": " Hello ", "author": "ann"})
    assert (sent.status_code, sent.json()["written_by"], sent.json()["text"]) == (201, "Ann", "Hello")
    assert messages(northwind, uploaded)[-1] == sent.json()


def test_message_by_an_unknown_user_is_not_found(northwind: TestClient, uploaded: Json) -> None:
    refused = northwind.post(f"/chats/{uploaded['id']}/messages", json={"text": "Hello", "author": "ben"})
    assert (refused.status_code, refused.json()["detail"]) == (404, "No user ben")


@pytest.mark.parametrize("data", [{}, {"text": " "}, {"text": "x" * 4001}, {"text": "Hi", "author": "a b"}])
def test_malformed_message_is_refused(northwind: TestClient, uploaded: Json, data: Json) -> None:
    assert northwind.post(f"/chats/{uploaded['id']}/messages", json=data).status_code == 422


@pytest.mark.parametrize("page", [{"limit": 0}, {"limit": 201}, {"before": "x"}])
def test_malformed_page_of_messages_is_refused(northwind: TestClient, uploaded: Json, page: Json) -> None:
    assert northwind.get(f"/chats/{uploaded['id']}/messages", params=page).status_code == 422


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("POST", {"text": "Mine"})])
def test_chat_is_not_found_when_unknown_or_of_another_tenant(
    northwind: TestClient, contoso: dict[str, str], uploaded: Json, method: str, body: Json | None
) -> None:
    for number, headers in ((99999, {}), (uploaded["id"], contoso)):
        assert northwind.request(method, f"/chats/{number}/messages", json=body, headers=headers).status_code == 404
    assert len(messages(northwind, uploaded)) == 4


def test_figures_of_a_shared_chat_are_public(client: TestClient, uploaded: Json) -> None:
    del client.headers["Authorization"]
    answer = client.get(f"/public/chats/{uploaded['public_key']}/statistics")
    assert answer.json() == {
        "title": "Office_party",
        "messages": 4,
        "authors": 2,
        "repeated": 1,
        "first_at": "2025-01-06T09:15:00Z",
        "last_at": "2025-01-06T09:20:00Z",
    }


def test_chat_that_is_not_shared_has_no_public_key(northwind: TestClient) -> None:
    assert upload(northwind).json()["public_key"] is None
    assert northwind.get("/public/chats/None/statistics").status_code == 404


def test_passage_is_kept_once(northwind: TestClient, uploaded: Json) -> None:
    message = messages(northwind, uploaded)[1]
    data = {"user": "ann", "message_id": message["id"], "quote": "the weekend"}
    first, again = northwind.post("/passages", json=data), northwind.post("/passages", json=data)
    assert (first.status_code, again.json()) == (201, first.json())
    assert northwind.delete("/users/ann").json()["passages"] == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [({"user": "ben"}, 404), ({"message_id": 99999}, 404), ({"quote": "not said"}, 422), ({"quote": "x"}, 422)],
)
def test_passage_that_cannot_be_kept_is_refused(
    northwind: TestClient, uploaded: Json, change: Json, status: int
) -> None:
    data = {"user": "ann", "message_id": messages(northwind, uploaded)[0]["id"], "quote": "morning", **change}
    assert northwind.post("/passages", json=data).status_code == status


def test_passage_of_another_tenants_message_is_not_found(northwind: TestClient, contoso: dict[str, str]) -> None:
    message = messages(northwind, northwind.get("/chats").json()[0])[0]
    northwind.headers.update(contoso)
    northwind.put("/users/ann", json={})
    data = {"user": "ann", "message_id": message["id"], "quote": message["text"]}
    assert northwind.post("/passages", json=data).status_code == 404


def token(client: TestClient) -> str:
    """Return the session token of a signed-in client."""
    return client.headers["Authorization"].removeprefix("Bearer ")


def test_feed_sends_what_is_said_from_now_on(northwind: TestClient, uploaded: Json) -> None:
    with northwind.websocket_connect(f"/chats/{uploaded['id']}/feed") as feed:
        feed.send_text(token(northwind))
        assert feed.receive_json() == {"listening": uploaded["id"], "after": messages(northwind, uploaded)[-1]["id"]}
        sent = [
            northwind.post(f"/chats/{uploaded['id']}/messages", json={"text": text, "author": "ann"}).json()
            for text in ("One", "Two")
        ]
        feed.send_text("anything new?")
        assert [feed.receive_json(), feed.receive_json()] == sent


def test_feed_looks_by_itself_too(northwind: TestClient, uploaded: Json) -> None:
    with northwind.websocket_connect(f"/chats/{uploaded['id']}/feed") as feed:
        feed.send_text(token(northwind))
        feed.receive_json()
        sent = northwind.post(f"/chats/{uploaded['id']}/messages", json={"text": "Hello"}).json()
        assert feed.receive_json() == sent


@pytest.mark.parametrize("word", ["", "wrong"])
def test_feed_is_closed_without_a_valid_token(northwind: TestClient, uploaded: Json, word: str) -> None:
    with northwind.websocket_connect(f"/chats/{uploaded['id']}/feed") as feed:
        feed.send_text(word)
        with pytest.raises(WebSocketDisconnect) as closed:
            feed.receive_json()
    assert closed.value.code == 4401


def test_feed_is_closed_when_the_first_word_is_no_text(northwind: TestClient, uploaded: Json) -> None:
    with northwind.websocket_connect(f"/chats/{uploaded['id']}/feed") as feed:
        feed.send_bytes(b"\x00")
        with pytest.raises(WebSocketDisconnect) as closed:
            feed.receive_json()
    assert closed.value.code == 4401


def test_feed_is_closed_when_the_session_has_expired(northwind: TestClient, uploaded: Json) -> None:
    northwind.post("/offline/clock", json={"seconds": 31 * 24 * 3600})
    with northwind.websocket_connect(f"/chats/{uploaded['id']}/feed") as feed:
        feed.send_text(token(northwind))
        with pytest.raises(WebSocketDisconnect) as closed:
            feed.receive_json()
    assert closed.value.code == 4401


def test_feed_of_another_tenants_chat_is_closed(northwind: TestClient, contoso: dict[str, str], uploaded: Json) -> None:
    northwind.headers.update(contoso)
    for number in (uploaded["id"], 99999):
        with northwind.websocket_connect(f"/chats/{number}/feed") as feed:
            feed.send_text(token(northwind))
            with pytest.raises(WebSocketDisconnect) as closed:
                feed.receive_json()
        assert closed.value.code == 4404
