"""The application as a whole: who may ask, what is described, and how it is set up."""

import os
import re
import shutil
import socketserver
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

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


def test_every_route_is_described_and_protected_ones_say_so(client: TestClient) -> None:
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            assert operation.get("description"), f"{method} {path}"
            protected = (method, path) not in PUBLIC and not path.startswith("/offline")
            assert ("401" in operation["responses"]) is (protected or (method, path) in SIGN_INS), f"{method} {path}"


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


def test_models_and_migrations_agree(run: Run, template: Path) -> None:
    done = run("-m", "alembic", "check", DATABASE_URL=f"sqlite:///{template.as_posix()}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_seeding_twice_writes_nothing_more(run: Run, template: Path) -> None:
    before = template.read_bytes()
    done = run("-m", "relay.seed", DATABASE_URL=f"sqlite:///{template.as_posix()}")
    assert "nothing written" in done.stdout
    assert template.read_bytes() == before


def test_migrations_can_be_taken_back_and_run_again(run: Run, template: Path, tmp_path: Path) -> None:
    database = shutil.copyfile(template, tmp_path / "back.db")
    for step in (("downgrade", "base"), ("upgrade", "head")):
        done = run("-m", "alembic", *step, DATABASE_URL=f"sqlite:///{database.as_posix()}")
        assert done.returncode == 0, done.stdout + done.stderr


def test_restarted_server_keeps_nothing_of_the_database_before(client: TestClient, template: Path) -> None:
    database = Path(os.environ["DATABASE_URL"].removeprefix("sqlite:///"))
    newcomer = {"slug": "newcomer", "name": "New", "email": "new@newcomer.example"}
    assert client.post("/tenants", json=newcomer).status_code == 201
    client.__exit__(None, None, None)
    database.unlink()
    shutil.copyfile(template, database)
    with client:
        assert client.post("/tenants", json=newcomer).status_code == 201


def test_sample_data_is_the_same_every_time(run: Run, template: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.db"
    for arguments in (("-m", "alembic", "upgrade", "head"), ("-m", "relay.seed")):
        run(*arguments, DATABASE_URL=f"sqlite:///{again.as_posix()}")
    assert again.read_bytes() == template.read_bytes()


def test_online_mode_refuses_the_published_secret(run: Run) -> None:
    done = run("-c", "import relay.main", RELAY_OFFLINE="false")
    assert done.returncode == 1
    assert "RELAY_SECRET_KEY must be set" in done.stderr


def test_online_mode_has_no_offline_face(run: Run) -> None:
    code = "from relay.main import app; print(*app.openapi()['paths'])"
    done = run("-c", code, RELAY_OFFLINE="false", RELAY_SECRET_KEY="of our own")
    assert "/auth/codes" in done.stdout
    assert "/offline" not in done.stdout


def test_online_mode_mails_the_code_over_smtp(run: Run, template: Path, tmp_path: Path) -> None:
    database = shutil.copyfile(template, tmp_path / "online.db")
    with smtp_server() as (port, received):
        done = run(
            "-c",
            ASK_FOR_A_CODE,
            DATABASE_URL=f"sqlite:///{database.as_posix()}",
            RELAY_OFFLINE="false",
            RELAY_SECRET_KEY="of our own",
            RELAY_SMTP_HOST="127.0.0.1",
            RELAY_SMTP_PORT=str(port),
        )
    assert done.stdout.strip() == "202", done.stderr
    assert "To: office@contoso.example" in received
    assert any(re.search(r"your code for Relay is \d{6}\.", line) for line in received)


def test_online_mode_without_a_mail_server_says_so(run: Run, template: Path, tmp_path: Path) -> None:
    database = shutil.copyfile(template, tmp_path / "online.db")
    with smtp_server() as (port, _):
        pass  # nobody listens on this port any more
    done = run(
        "-c",
        ASK_FOR_A_CODE,
        DATABASE_URL=f"sqlite:///{database.as_posix()}",
        RELAY_OFFLINE="false",
        RELAY_SECRET_KEY="of our own",
        RELAY_SMTP_PORT=str(port),
    )
    assert done.stdout.strip() == "503", done.stderr
