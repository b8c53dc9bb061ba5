"""Categories, insights and questions: the language model and the vector index are slow, fail, and cost credits."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]


def trouble(client: TestClient, program: str, **how: object) -> None:
    """Make a program slow or let it fail; without more, mend it."""
    assert client.put(f"/offline/{program}/trouble", json=how).status_code == 200


def wait_for_a_call(client: TestClient, program: str) -> None:
    """Wait until a call of a program is on its way; a busy machine may take its time."""
    for _ in range(3000):
        if client.get(f"/offline/{program}/trouble").json()["waiting"]:
            return
        time.sleep(0.01)
    raise AssertionError(f"nobody has called {program}")


def unlock(client: TestClient, category: str = "mood", chat_id: int = 1) -> Any:
    """Unlock a category of a chat and return the answer."""
    return client.post("/insights/unlock", json={"chat_id": chat_id, "category": category})


def ask(client: TestClient, question: str = "What about the invoice?", **where: object) -> Any:
    """Ask about messages and return the answer."""
    return client.post("/rag/query", json={"question": question, **where})


def read_job(client: TestClient, job: Json) -> Json:
    """Return a job as it is now."""
    now: Json = client.get(f"/insights/jobs/{job['id']}").json()
    return now


def test_categories_have_definitions_and_a_price(northwind: TestClient) -> None:
    categories = {category["key"]: category for category in northwind.get("/categories").json()}
    assert list(categories) == ["mood", "people", "work"]
    assert [one["key"] for one in categories["work"]["definitions"]] == ["todo", "dates"]
    assert {key: category["credits"] for key, category in categories.items()} == {"mood": 10, "people": 40, "work": 40}


def test_categories_are_remembered_for_five_minutes(northwind: TestClient) -> None:
    ages = []
    for seconds in (400, 60, 200, 100):
        northwind.post("/offline/clock", json={"seconds": seconds})
        ages.append(int(northwind.get("/categories").headers["age"]))
    assert (ages[0], ages[3]) == (0, 0)
    assert 60 <= ages[1] <= 70
    assert 260 <= ages[2] <= 280


def test_unlocked_insights_are_generated_after_the_answer(northwind: TestClient) -> None:
    answer = unlock(northwind)
    assert (answer.status_code, answer.json()["status"], answer.json()["insights"]) == (202, "pending", [])
    job = read_job(northwind, answer.json())
    assert (job["status"], job["error"]) == ("done", None)
    assert [insight["title"] for insight in job["insights"]] == ["Tone of voice", "Who thanks whom"]
    assert job["insights"][0]["text"].startswith("Tone of voice in this chat: 100 lines, mostly about ")
    assert job["finished_at"] >= job["created_at"]


def test_job_is_running_while_the_model_thinks(northwind: TestClient) -> None:
    trouble(northwind, "llm", latency=5)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(unlock, northwind)
        wait_for_a_call(northwind, "llm")
        assert northwind.get("/insights/jobs/1").json()["status"] == "running"
        trouble(northwind, "llm")
        assert answer.result().json()["status"] == "pending"
    assert northwind.get("/insights/jobs/1").json()["status"] == "done"


def test_no_database_lock_is_held_while_the_model_thinks(northwind: TestClient) -> None:
    trouble(northwind, "llm", latency=5)
    with ThreadPoolExecutor() as pool:
        pool.submit(unlock, northwind)
        wait_for_a_call(northwind, "llm")
        assert northwind.put("/users/ann", json={"name": "Ann"}).status_code == 200
        trouble(northwind, "llm")


def test_account_may_be_deleted_while_the_model_thinks(northwind: TestClient) -> None:
    northwind.put("/users/ann", json={"name": "Ann"})
    line = '{"kind": "chat", "title": "Short", "messages": [{"text": "Hello"}]}'
    northwind.post("/users/ann/import", content=line, headers={"Content-Type": "application/x-ndjson"})
    chat = northwind.get("/chats", params={"user": "ann"}).json()[0]
    trouble(northwind, "llm", latency=5)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(unlock, northwind, "people", chat["id"])
        wait_for_a_call(northwind, "llm")
        assert northwind.delete("/users/ann").json()["chats"] == 1
        trouble(northwind, "llm")
        job = answer.result().json()
    assert northwind.get(f"/insights/jobs/{job['id']}").status_code == 404


def test_category_is_unlocked_once_per_chat(northwind: TestClient) -> None:
    assert unlock(northwind).status_code == 202
    refused = unlock(northwind)
    assert (refused.status_code, refused.json()["detail"]) == (409, "Mood of chat 1 is unlocked already")
    assert [unlock(northwind, "work").status_code, unlock(northwind, chat_id=2).status_code] == [202, 202]


def test_unlocking_without_credits_is_refused_and_leaves_no_job(client: TestClient, sign_in: Any) -> None:
    client.headers.update(sign_in("fabrikam"))
    chat = client.get("/chats").json()[0]["id"]
    assert unlock(client, chat_id=chat).status_code == 402
    assert unlock(client, chat_id=chat).status_code == 402
    assert client.get("/insights/jobs/1").status_code == 404


def test_unlocking_costs_what_the_category_says(northwind: TestClient) -> None:
    before = northwind.get("/credits").json()["balance"]
    unlock(northwind, "work")
    assert northwind.get("/credits").json()["balance"] == before - 40


def test_failed_job_says_why_keeps_nothing_and_is_tried_again_for_nothing(northwind: TestClient) -> None:
    trouble(northwind, "llm", failing=True)
    job = unlock(northwind).json()
    failed = read_job(northwind, job)
    assert (failed["status"], failed["insights"]) == ("failed", [])
    assert failed["error"] == "The language model does not answer: the language model is overloaded"
    balance = northwind.get("/credits").json()["balance"]
    trouble(northwind, "llm")
    again = unlock(northwind)
    assert (again.status_code, again.json()["id"], again.json()["error"]) == (202, job["id"], None)
    assert read_job(northwind, job)["status"] == "done"
    assert northwind.get("/credits").json()["balance"] == balance


@pytest.mark.parametrize(("chat_id", "category"), [(99999, "mood"), (1, "horoscope")])
def test_unlocking_what_is_not_there_is_not_found(northwind: TestClient, chat_id: int, category: str) -> None:
    assert unlock(northwind, category, chat_id=chat_id).status_code == 404


def test_chat_and_job_of_another_tenant_are_not_found(northwind: TestClient, contoso: dict[str, str]) -> None:
    job = unlock(northwind).json()
    northwind.headers.update(contoso)
    assert unlock(northwind, "work").status_code == 404
    assert northwind.get(f"/insights/jobs/{job['id']}").status_code == 404
    assert ask(northwind, chat_id=1).status_code == 404


@pytest.mark.parametrize("data", [{}, {"chat_id": "x", "category": "mood"}, {"chat_id": 1}])
def test_malformed_unlocking_is_refused(northwind: TestClient, data: Json) -> None:
    assert northwind.post("/insights/unlock", json=data).status_code == 422


def test_answer_names_its_sources_nearest_first_and_each_text_once(northwind: TestClient) -> None:
    answer = ask(northwind, "invoice as agreed", limit=3).json()
    texts = [source["text"] for source in answer["sources"]]
    assert texts[0].endswith("our invoice as agreed")
    assert (len(texts), len(set(texts))) == (3, 3)
    scores = [source["score"] for source in answer["sources"]]
    assert scores == sorted(scores, reverse=True)
    assert answer["answer"].startswith("invoice as agreed 3 lines, mostly about ")
    assert ask(northwind, "invoice as agreed", limit=3).json()["sources"] == answer["sources"]


def test_question_can_be_narrowed_down_to_a_chat(northwind: TestClient) -> None:
    said = {message["id"] for message in northwind.get("/chats/2/messages", params={"limit": 200}).json()}
    sources = ask(northwind, chat_id=2, limit=20).json()["sources"]
    assert sources
    assert {source["message_id"] for source in sources} <= said


def test_question_that_nobody_has_spoken_of_has_no_sources(northwind: TestClient) -> None:
    answer = ask(northwind, "zebra 100% _").json()
    assert (answer["sources"], answer["answer"]) == ([], "zebra 100% _ 0 lines, mostly about nothing.")


def test_other_requests_go_on_while_a_search_is_slow(northwind: TestClient) -> None:
    trouble(northwind, "vectors", latency=3)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(ask, northwind)
        wait_for_a_call(northwind, "vectors")
        assert northwind.get("/projects").status_code == 200
        assert not answer.done()
        trouble(northwind, "vectors")
        assert answer.result().status_code == 200


def test_account_may_be_deleted_while_the_search_is_slow(northwind: TestClient) -> None:
    northwind.put("/users/ann", json={"name": "Ann"})
    line = '{"kind": "chat", "title": "Short", "messages": [{"text": "The zebra is late"}]}'
    northwind.post("/users/ann/import", content=line, headers={"Content-Type": "application/x-ndjson"})
    assert [source["chat"] for source in ask(northwind, "zebra").json()["sources"]] == ["Short"]
    trouble(northwind, "vectors", latency=5)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(ask, northwind, "zebra")
        wait_for_a_call(northwind, "vectors")
        assert northwind.delete("/users/ann").json()["chats"] == 1
        trouble(northwind, "vectors")
        assert answer.result().status_code == 200
    assert ask(northwind, "zebra").json()["sources"] == []


def test_search_that_fails_is_unavailable_and_costs_no_call(northwind: TestClient) -> None:
    left = ask(northwind).json()["calls_left"]
    trouble(northwind, "vectors", failing=True)
    refused = ask(northwind)
    assert refused.status_code == 503
    assert refused.json()["detail"] == "The search does not answer: the vector index is being rebuilt"
    trouble(northwind, "vectors")
    assert ask(northwind).json()["calls_left"] == left - 1


def test_call_that_failed_counts_too(northwind: TestClient) -> None:
    left = ask(northwind).json()["calls_left"]
    trouble(northwind, "llm", failing=True)
    assert ask(northwind).status_code == 503
    trouble(northwind, "llm")
    assert ask(northwind).json()["calls_left"] == left - 2


def test_model_is_asked_so_many_times_an_hour(northwind: TestClient, contoso: dict[str, str]) -> None:
    left = ask(northwind).json()["calls_left"]
    assert [unlock(northwind, category).status_code for category in ("mood", "work")] == [202, 202]
    assert ask(northwind).json()["calls_left"] == left - 5 == 0
    refused = ask(northwind)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3600")
    assert ask(northwind).status_code == 429
    assert northwind.post("/rag/query", json={"question": "Anything?"}, headers=contoso).status_code == 200
    northwind.post("/offline/clock", json={"seconds": 3601})
    assert ask(northwind).json()["calls_left"] == left


def test_job_that_asks_too_often_fails_as_a_whole(northwind: TestClient) -> None:
    while ask(northwind).json().get("calls_left", 0) > 1:
        pass
    job = read_job(northwind, unlock(northwind).json())
    assert (job["status"], job["insights"]) == ("failed", [])
    assert job["error"] == "The language model was asked too often in the last hour"


@pytest.mark.parametrize("data", [{}, {"question": "x"}, {"question": "Who?", "limit": 21}, {"question": "x" * 301}])
def test_malformed_question_is_refused(northwind: TestClient, data: Json) -> None:
    assert northwind.post("/rag/query", json=data).status_code == 422
