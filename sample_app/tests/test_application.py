"""The application as a whole: who may ask, what is described, and how it is set up."""

import re
import socketserver
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Thread
from typing import Any

import pytest
import statuses
from fastapi.testclient import TestClient

Run = Callable[..., "subprocess.CompletedProcess[str]"]
PUBLIC = {("post", "/tenants"), ("post", "/auth/codes"), ("post", "/auth/sessions"), ("get", "/health")}
PUBLIC |= {("get", "/health/db-pool"), ("get", "/public/chats/{public_key}/statistics")}
SIGN_INS = {("post", "/auth/sessions"), ("post", "/portal/sessions"), ("post", "/admin/sign-in")}
PUBLIC |= SIGN_INS

ASK_FOR_A_CODE = """
from fastapi.testclient import TestClient
from relay.main import app
print(TestClient(app).post("/auth/codes", json={"slug": "contoso"}).status_code)
"""


@contextmanager
def smtp_server() -> Iterator[tuple[int, list[str]]]:
    """A mail server that takes every message and keeps its lines; gives its port and the lines."""
    received: list[str] = []

    class Conversation(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 ready\r\n")
            in_message = False
            for raw in self.rfile:
                line = raw.decode().rstrip("\r\n")
                if in_message and line != ".":
                    received.append(line)
                    continue
                in_message = line.lower() == "data"
                answer = {"data": "354 go on", "quit": "221 bye"}.get(line.lower(), "250 ok")
                self.wfile.write(f"{answer}\r\n".encode())

    with socketserver.TCPServer(("127.0.0.1", 0), Conversation) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], received
        server.shutdown()


def test_every_route_but_the_public_ones_asks_for_a_session(client: TestClient) -> None:
    asked = 0
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method in operations:
            if (method, path) in PUBLIC or path.startswith("/offline"):
                continue
            answer = client.request(method, re.sub(r"\{\w+\}", "1", path))
            assert answer.status_code == 401, f"{method} {path}"
            asked += 1
    assert asked > 30


def test_every_route_refuses_what_it_cannot_read(northwind: TestClient) -> None:
    asked = 0
    headers = {"X-Admin-Key": "development-only", "Content-Type": "application/json"}
    for path, operations in northwind.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            # GraphQL has errors of its own, and a webhook looks at the signature first.
            if not statuses.can_be_malformed(operation) or path == "/graphql" or path.endswith("/webhook"):
                continue
            wrong = statuses.wrong_values(operation, "path")
            address = re.sub(r"\{(\w+)\}", lambda name, wrong=wrong: wrong.get(name[1], "1"), path)
            query = statuses.wrong_values(operation, "query")
            body = "nonsense" if "requestBody" in operation else None
            answer = northwind.request(method, address, params=query, json=body, headers=headers)
            assert answer.status_code == 422, f"{method} {path}: {answer.text}"
            asked += 1
    assert asked > 60


def test_every_route_is_described_and_protected_ones_say_so(client: TestClient) -> None:
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], f"{method} {path}"
            assert operation["summary"], f"{method} {path}"
            protected = (method, path) not in PUBLIC and not path.startswith("/offline")
            assert ("401" in operation["responses"]) is (protected or (method, path) in SIGN_INS), f"{method} {path}"


def test_every_route_says_what_it_answers(client: TestClient) -> None:
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            (good,) = (status for status in operation["responses"] if status < "400")
            shapes = [one.get("schema") for one in operation["responses"][good].get("content", {}).values()]
            # GraphQL describes itself; a redirection has no body worth the name.
            if path != "/graphql" and good != "303":
                assert (shapes == []) is (good == "204"), f"{method} {path}"
                assert all(shapes), f"{method} {path}"


def test_docs_let_everybody_in_who_can_sign_in(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    ways = {name: (way["type"], way.get("name")) for name, way in schema["components"]["securitySchemes"].items()}
    tokens, keys = {"Tenant": ("http", None), "Portal": ("http", None)}, {"Member": ("apiKey", "X-Api-Key")}
    assert ways == {**tokens, **keys, "Administrator": ("apiKey", "X-Admin-Key")}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            signed = path.endswith("/webhook")
            protected = (method, path) not in PUBLIC and not path.startswith("/offline") and not signed
            assert bool(operation.get("security")) is protected, f"{method} {path}"


def test_every_group_of_routes_is_described_and_every_route_is_in_one(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    used = {tag for path in schema["paths"].values() for operation in path.values() for tag in operation["tags"]}
    assert {tag["name"] for tag in schema["tags"]} == used
    assert all(tag["description"] for tag in schema["tags"])


def test_docs_are_served(client: TestClient) -> None:
    assert "Relay" in client.get("/docs").text


def test_health_asks_the_database(client: TestClient) -> None:
    assert client.get("/health").json() == {"database": True}


def test_unknown_path_is_not_found(client: TestClient) -> None:
    assert client.get("/nothing/here").status_code == 404


def test_models_and_migrations_agree(run: Run, template: str, all_databases: Any) -> None:
    done = run("-m", "alembic", "check", DATABASE_URL=all_databases.url(template))
    assert done.returncode == 0, done.stdout + done.stderr


def test_seeding_twice_writes_nothing_more(run: Run, template: str, all_databases: Any) -> None:
    done = run("-m", "relay.seed", DATABASE_URL=all_databases.create("spare", like=template))
    assert "nothing written" in done.stdout
    assert all_databases.rows("spare") == all_databases.rows(template)


def test_migrations_can_be_taken_back_and_run_again(run: Run, template: str, all_databases: Any) -> None:
    url = all_databases.create("spare", like=template)
    for step in (("downgrade", "base"), ("upgrade", "head")):
        done = run("-m", "alembic", *step, DATABASE_URL=url)
        assert done.returncode == 0, done.stdout + done.stderr


def test_restarted_server_keeps_nothing_of_the_database_before(
    client: TestClient, fresh_database: Callable[[], str]
) -> None:
    newcomer = {"slug": "newcomer", "name": "New", "email": "new@newcomer.example"}
    assert client.post("/tenants", json=newcomer).status_code == 201
    client.__exit__(None, None, None)
    fresh_database()
    with client:
        assert client.post("/tenants", json=newcomer).status_code == 201


def test_sample_data_is_the_same_every_time(run: Run, template: str, all_databases: Any) -> None:
    url = all_databases.create("spare")
    for arguments in (("-m", "alembic", "upgrade", "head"), ("-m", "relay.seed")):
        run(*arguments, DATABASE_URL=url)
    assert all_databases.rows("spare") == all_databases.rows(template)


def test_sample_data_has_what_real_data_has(template: str, all_databases: Any) -> None:
    rows = all_databases.rows(template)
    counts = {name: len(rows[name]) for name in ("tenants", "customers", "chats", "messages")}
    assert counts == {"tenants": 3, "customers": 400, "chats": 60, "messages": 6_000}
    # Duplicates, fields without a value, and what outlived its owner.
    addresses = [(one["tenant_id"], one["email"]) for one in rows["customers"] if one["email"]]
    said = [(one["chat_id"], one["text"]) for one in rows["messages"]]
    assert len(set(addresses)) < len(addresses)
    assert len(set(said)) < len(said)
    for table, column in (
        ("customers", "email"),
        ("messages", "sent_at"),
        ("quotes", "customer_id"),
        ("chats", "user_id"),
    ):
        missing = sum(one[column] is None for one in rows[table])
        assert 0 < missing < len(rows[table]), f"{table}.{column}"


def test_reader_of_sqlite_waits_for_no_writer(client: TestClient, all_databases: Any) -> None:
    if not all_databases.url("relay").startswith("sqlite"):
        pytest.skip("this is how SQLite is set up")
    with closing(sqlite3.connect(all_databases.url("relay").removeprefix("sqlite:///"))) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        assert client.get("/public/chats/nothing/statistics").status_code == 404


def test_online_mode_refuses_the_published_secret(run: Run) -> None:
    done = run("-c", "import relay.main", RELAY_OFFLINE="false")
    assert done.returncode == 1
    assert "RELAY_SECRET_KEY must be set" in done.stderr


def test_online_mode_has_no_offline_face(run: Run) -> None:
    code = "from relay.main import app; print(*app.openapi()['paths'])"
    done = run("-c", code, RELAY_OFFLINE="false", RELAY_SECRET_KEY="of our own")
    assert "/auth/codes" in done.stdout
    assert "/offline" not in done.stdout


def test_online_mode_mails_the_code_over_smtp(run: Run, template: str, all_databases: Any) -> None:
    url = all_databases.create("spare", like=template)
    with smtp_server() as (port, received):
        done = run(
            "-c",
            ASK_FOR_A_CODE,
            DATABASE_URL=url,
            RELAY_OFFLINE="false",
            RELAY_SECRET_KEY="of our own",
            RELAY_SMTP_HOST="127.0.0.1",
            RELAY_SMTP_PORT=str(port),
        )
    assert done.stdout.strip() == "202", done.stderr
    assert "To: office@contoso.example" in received
    assert any(re.search(r"your code for Relay is \d{6}\.", line) for line in received)


def test_online_mode_without_a_mail_server_says_so(run: Run, template: str, all_databases: Any) -> None:
    url = all_databases.create("spare", like=template)
    with smtp_server() as (port, _):
        pass  # nobody listens on this port any more
    done = run(
        "-c",
        ASK_FOR_A_CODE,
        DATABASE_URL=url,
        RELAY_OFFLINE="false",
        RELAY_SECRET_KEY="of our own",
        RELAY_SMTP_PORT=str(port),
    )
    assert done.stdout.strip() == "503", done.stderr
