"""Language models and prompts: the tenants' choices and the administrators' defaults."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]
ADMIN = {"X-Admin-Key": "development-only"}
DEFAULT = {"provider": "mistral", "model": "large-3", "max_tokens": 4_000}


def models(client: TestClient, **headers: str) -> dict[str, Json]:
    """What the tenant uses, by purpose."""
    answer = client.get("/llm", headers=headers)
    assert answer.status_code == 200, answer.text
    return {model["purpose"]: model for model in answer.json()}


def set_default(client: TestClient, purpose: str, **change: object) -> Json:
    """Set a default as an administrator and return it."""
    answer = client.put(f"/admin/llm/{purpose}", json={**DEFAULT, **change}, headers=ADMIN)
    assert answer.status_code == 200, answer.text
    default: Json = answer.json()
    return default


def choose(client: TestClient, purpose: str, **data: object) -> Json:
    """Choose something else as a tenant and return what is in use then."""
    answer = client.put(f"/llm/{purpose}", json=data)
    assert answer.status_code == 200, answer.text
    chosen: Json = answer.json()
    return chosen


def test_what_a_tenant_left_open_follows_the_default(northwind: TestClient) -> None:
    found = models(northwind)
    assert sorted(found) == ["chat", "insights"]
    chat = found["chat"]
    assert (chat["model"], chat["provider"], chat["max_tokens"]) == ("northwind-parrot", "offline", 2_000)
    assert (chat["own_choice"], found["insights"]["own_choice"]) == (True, False)


def test_choice_counts_for_the_tenant_alone(northwind: TestClient, contoso: dict[str, str]) -> None:
    assert choose(northwind, "insights", model="owl-9")["model"] == "owl-9"
    assert models(northwind)["insights"] == {
        **{"purpose": "insights", "provider": "offline", "model": "owl-9", "max_tokens": 8_000},
        **{"locked": False, "own_choice": True},
    }
    assert models(northwind, **contoso)["insights"]["model"] == "owl-2"


def test_later_choice_replaces_all_of_the_earlier_one(northwind: TestClient) -> None:
    choose(northwind, "chat", model="parrot-9", max_tokens=10)
    assert choose(northwind, "chat", provider="openai")["model"] == "parrot-1"
    assert models(northwind)["chat"]["max_tokens"] == 2_000


def test_empty_choice_goes_back_to_the_default(northwind: TestClient) -> None:
    for _ in range(2):
        assert choose(northwind, "chat")["own_choice"] is False
    assert models(northwind)["chat"]["model"] == "parrot-1"


def test_more_tokens_than_the_default_are_a_conflict(northwind: TestClient) -> None:
    assert northwind.put("/llm/chat", json={"max_tokens": 2_001}).status_code == 409
    assert choose(northwind, "chat", max_tokens=2_000)["max_tokens"] == 2_000


def test_purpose_that_is_not_set_up_is_not_found_until_it_is(northwind: TestClient) -> None:
    assert northwind.put("/llm/letters", json={"model": "pen-1"}).status_code == 404
    set_default(northwind, "letters")
    assert choose(northwind, "letters", model="pen-1")["provider"] == "mistral"


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/llm/poetry", {}),
        ("/llm/chat", {"provider": "abacus"}),
        ("/llm/chat", {"model": "../etc"}),
        ("/llm/chat", {"max_tokens": 0}),
        ("/llm/chat", {"temperature": 1}),
    ],
)
def test_bad_choice_is_refused(northwind: TestClient, path: str, data: Json) -> None:
    assert northwind.put(path, json=data).status_code == 422


def test_new_default_reaches_all_who_chose_nothing_else(northwind: TestClient, contoso: dict[str, str]) -> None:
    choose(northwind, "insights", provider="openai")
    default = set_default(northwind, "insights")
    assert default["overridden_by"] == ["northwind"]
    assert [
        (found["provider"], found["model"])
        for found in (models(northwind)["insights"], models(northwind, **contoso)["insights"])
    ] == [
        ("openai", "large-3"),
        ("mistral", "large-3"),
    ]


def test_default_names_those_who_chose_otherwise_in_order_of_their_names(northwind: TestClient) -> None:
    assert set_default(northwind, "chat")["overridden_by"] == ["contoso", "northwind"]


def test_smaller_limit_holds_for_those_who_chose_too(northwind: TestClient) -> None:
    choose(northwind, "chat", max_tokens=1_500)
    set_default(northwind, "chat", max_tokens=1_000)
    assert models(northwind)["chat"]["max_tokens"] == 1_000
    set_default(northwind, "chat", max_tokens=9_000)
    assert models(northwind)["chat"]["max_tokens"] == 1_000


def test_lock_ends_all_choices_and_allows_no_new_ones(northwind: TestClient) -> None:
    locked = set_default(northwind, "chat", locked=True)
    assert (locked["locked"], locked["overridden_by"]) == (True, [])
    assert models(northwind)["chat"]["model"] == "large-3"
    refused = northwind.put("/llm/chat", json={"model": "parrot-9"})
    assert (refused.status_code, refused.json()["detail"]) == (409, "The model for chat is the same for everybody")


def test_change_of_a_default_is_dated(northwind: TestClient) -> None:
    assert set_default(northwind, "chat")["updated_at"] > "2025-01-07"


@pytest.mark.parametrize("change", [{"provider": "abacus"}, {"max_tokens": 0}, {"model": ""}, {"price": 1}])
def test_bad_default_is_refused(northwind: TestClient, change: Json) -> None:
    assert northwind.put("/admin/llm/chat", json={**DEFAULT, **change}, headers=ADMIN).status_code == 422


def test_administrators_see_every_tenant_once_however_often_it_is_signed_in(
    northwind: TestClient, sign_in: Any
) -> None:
    for slug in ("contoso", "contoso"):
        sign_in(slug)
    tenants = northwind.get("/admin/tenants", headers=ADMIN).json()
    assert [(tenant["slug"], tenant["sessions"]) for tenant in tenants] == [
        ("contoso", 2),
        ("fabrikam", 0),
        ("northwind", 1),
    ]
    assert [tenant["models"][0]["model"] for tenant in tenants] == ["contoso-parrot", "parrot-1", "northwind-parrot"]


@pytest.mark.parametrize("headers", [{}, {"X-Admin-Key": "guess"}, {"Cookie": "relay_admin=9999999999.guess"}])
def test_administration_is_closed_to_tenants_and_guesses(northwind: TestClient, headers: dict[str, str]) -> None:
    assert northwind.get("/admin/tenants", headers=headers).status_code == 401
    assert northwind.put("/admin/llm/chat", json=DEFAULT, headers=headers).status_code == 401
    assert models(northwind)["chat"]["model"] == "northwind-parrot"


def save(client: TestClient, name: str, body: str, version: int | None = None) -> Any:
    """Try to save a prompt."""
    return client.put(f"/llm/prompts/{name}", json={"body": body, "version": version})


def test_new_prompt_starts_at_its_first_version(northwind: TestClient) -> None:
    saved = save(northwind, "greeting", "Dear {customer}")
    assert saved.json() == {"name": "greeting", "body": "Dear {customer}", "version": 1, "versions": []}


def test_every_wording_before_is_kept(northwind: TestClient) -> None:
    assert save(northwind, "summary", "Shorter: {text}", 1).json()["version"] == 2
    saved = save(northwind, "summary", "{text}", 2).json()
    assert [(old["version"], old["body"]) for old in saved["versions"]] == [
        (1, "Sum up for {customer}: {text}"),
        (2, "Shorter: {text}"),
    ]
    assert (saved["version"], saved["body"]) == (3, "{text}")


def test_same_wording_again_is_no_new_version(northwind: TestClient) -> None:
    assert save(northwind, "greeting", "Hello").json()["version"] == 1
    again = save(northwind, "greeting", "Hello", 1).json()
    assert (again["version"], again["versions"]) == (1, [])


@pytest.mark.parametrize("version", [None, 0, 2])
def test_wording_for_another_version_than_the_latest_is_a_conflict(northwind: TestClient, version: int | None) -> None:
    assert save(northwind, "summary", "{text}", version).status_code == 409


def test_of_wordings_saved_at_once_one_is_kept(northwind: TestClient) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda number: save(northwind, "summary", f"{number}: {{text}}", 1), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert save(northwind, "summary", "{text}", 2).json()["version"] == 3


def test_prompt_of_a_tenant_is_its_own(northwind: TestClient, contoso: dict[str, str]) -> None:
    save(northwind, "summary", "{text}", 1)
    theirs = northwind.put("/llm/prompts/summary", json={"body": "{today}", "version": 1}, headers=contoso)
    assert [old["body"] for old in theirs.json()["versions"]] == ["Sum up for {customer}: {text}"]


@pytest.mark.parametrize(
    ("name", "body"),
    [("summary", ""), ("summary", "{password}"), ("summary", "{}"), ("summary", "{text"), ("A B", "x")],
)
def test_bad_prompt_is_refused(northwind: TestClient, name: str, body: str) -> None:
    assert save(northwind, name, body, 1).status_code == 422
