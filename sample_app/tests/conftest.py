"""Runs Relay over HTTP on a fresh copy of the sample data for every test.

RELAY_ROOT names the folder whose `relay` is judged; without it, the one next to this suite.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(os.environ.get("RELAY_ROOT") or Path(__file__).parent.parent).resolve()
WORK = Path(tempfile.mkdtemp(prefix="relay-suite-"))
TEMPLATE, DATABASE = WORK / "template.db", WORK / "relay.db"

# The settings are read on import, so the environment comes first.
for name in [name for name in os.environ if name.startswith("RELAY_") and name != "RELAY_ROOT"]:
    del os.environ[name]
os.environ["DATABASE_URL"] = f"sqlite:///{DATABASE.as_posix()}"
os.environ["RELAY_FEED_INTERVAL"] = "0.05"
os.environ["RELAY_LLM_CALLS_PER_HOUR"] = "6"
os.environ["RELAY_PASSWORD_COST"] = "1024"
os.environ["RELAY_FILES"] = str(WORK / "files")
sys.path.insert(0, str(ROOT))

from fastapi.testclient import TestClient  # noqa: E402

import relay  # noqa: E402
from relay.main import app  # noqa: E402

if not Path(relay.__file__).resolve().is_relative_to(ROOT):
    raise pytest.UsageError(f"relay was imported from {relay.__file__}, not from {ROOT}")


def pytest_report_header() -> str:
    """Say which copy of Relay is under test."""
    return f"relay: {Path(relay.__file__).parent}"


def pytest_sessionfinish() -> None:
    """Remove the databases of this run."""
    shutil.rmtree(WORK, ignore_errors=True)


@pytest.fixture(scope="session")
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python in Relay's folder: `run("-m", "alembic", "upgrade", "head", DATABASE_URL=...)`."""

    def call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error::RuntimeWarning", *arguments]
        env = {**os.environ, **environment}
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)

    return call


@pytest.fixture(scope="session")
def template(run: Callable[..., subprocess.CompletedProcess[str]]) -> Path:
    """The migrated and seeded database that every test gets a copy of."""
    url = f"sqlite:///{TEMPLATE.as_posix()}"
    for arguments in (("-m", "alembic", "upgrade", "head"), ("-m", "relay.seed")):
        done = run(*arguments, DATABASE_URL=url)
        assert done.returncode == 0, done.stdout + done.stderr
    return TEMPLATE


@pytest.fixture
def client(template: Path) -> Iterator[TestClient]:
    """A client nobody has signed in with, on fresh sample data."""
    shutil.copyfile(template, DATABASE)
    with TestClient(app) as client:
        client.delete("/offline")
        yield client
    shutil.rmtree(WORK / "files", ignore_errors=True)
    for leftover in WORK.glob("relay.db*"):
        leftover.unlink()


@pytest.fixture
def read_code(client: TestClient) -> Callable[[str], str]:
    """Ask for a code and read it in the mail: `read_code("northwind")`."""

    def read(slug: str) -> str:
        assert client.post("/auth/codes", json={"slug": slug}).status_code == 202
        body = client.get("/offline/mail").json()[-1]["body"]
        code: str = "".join(character for character in body.rsplit(" ", 1)[1] if character.isdigit())
        return code

    return read


@pytest.fixture
def sign_in(client: TestClient, read_code: Callable[[str], str]) -> Callable[[str], dict[str, str]]:
    """Sign a tenant in and return the headers that prove it: `sign_in("contoso")`."""

    def headers(slug: str) -> dict[str, str]:
        answer = client.post("/auth/sessions", json={"slug": slug, "code": read_code(slug)})
        assert answer.status_code == 201, answer.text
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    return headers


@pytest.fixture
def northwind(client: TestClient, sign_in: Callable[[str], dict[str, str]]) -> TestClient:
    """The client, signed in as the largest sample tenant."""
    client.headers.update(sign_in("northwind"))
    return client


@pytest.fixture
def contoso(sign_in: Callable[[str], dict[str, str]]) -> dict[str, str]:
    """The headers of another tenant, to look over the fence with."""
    return sign_in("contoso")


@pytest.fixture
def customer(northwind: TestClient) -> dict[str, Any]:
    """A customer of northwind that has nothing yet."""
    answer = northwind.post("/customers", json={"name": "Kestrel Optics", "email": "hello@kestrel.example"})
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created
