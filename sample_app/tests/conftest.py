"""Runs Relay over HTTP on a fresh copy of the sample data for every test.

RELAY_ROOT names the folder whose `relay` is judged; without it, the one next to this suite. A DATABASE_URL on a
PostgreSQL server lets the suite make databases of its own there; else it makes SQLite files. RELAY_TEMPLATE is a
file with the sample data from an earlier run, to save the time of making it.
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

HERE = Path(__file__).resolve().parent
ROOT = Path(os.environ.get("RELAY_ROOT") or HERE.parent).resolve()
WORK = Path(tempfile.mkdtemp(prefix="relay-suite-"))
sys.path[:0] = [str(ROOT), str(HERE)]

import databases  # noqa: E402
import statuses  # noqa: E402

DATABASES = databases.choose(os.environ.get("DATABASE_URL"), WORK)
TEMPLATE, DATABASE, SPARE = "template", "relay", "spare"

READY = os.environ.get("RELAY_TEMPLATE")

# The settings are read on import, so the environment comes first.
for name in [name for name in os.environ if name.startswith("RELAY_") and name != "RELAY_ROOT"]:
    del os.environ[name]
os.environ["DATABASE_URL"] = DATABASES.url(DATABASE)
os.environ["RELAY_FEED_INTERVAL"] = "0.05"
os.environ["RELAY_LLM_CALLS_PER_HOUR"] = "6"
os.environ["RELAY_PASSWORD_COST"] = "1024"
os.environ["RELAY_FILES"] = str(WORK / "files")

from fastapi.testclient import TestClient  # noqa: E402

import relay  # noqa: E402
from relay.main import app  # noqa: E402

if not Path(relay.__file__).resolve().is_relative_to(ROOT):
    raise pytest.UsageError(f"relay was imported from {relay.__file__}, not from {ROOT}")

STATUSES = statuses.NotingClient.statuses = statuses.Statuses(app.openapi())


def pytest_report_header() -> str:
    """Say which copy of Relay is under test."""
    return f"relay: {Path(relay.__file__).parent}"


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remove the databases of this run; a run of everything fails when an answer is described and never tested."""
    options = session.config.option
    everything = session.config.args_source is not pytest.Config.ArgsSource.ARGS and not (
        options.keyword or options.markexpr or options.collectonly
    )
    if everything and exitstatus == pytest.ExitCode.OK and STATUSES.gaps():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    for name in (TEMPLATE, DATABASE, SPARE):
        DATABASES.drop(name)
    shutil.rmtree(WORK, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the answers that are missing when they are why the run failed."""
    if terminalreporter.stats.get("failed") or terminalreporter._session.exitstatus != pytest.ExitCode.TESTS_FAILED:
        return
    terminalreporter.section("answers of the routes")
    for line in STATUSES.gaps():
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python in Relay's folder: `run("-m", "alembic", "upgrade", "head", DATABASE_URL=...)`."""

    def call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error::RuntimeWarning", *arguments]
        env = {**os.environ, **environment}
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)

    return call


@pytest.fixture(scope="session")
def template(run: Callable[..., subprocess.CompletedProcess[str]]) -> str:
    """The name of the migrated and seeded database that every test gets a copy of."""
    url = DATABASES.create(TEMPLATE)
    if READY and url.startswith("sqlite"):
        shutil.copyfile(READY, url.removeprefix("sqlite:///"))
        return TEMPLATE
    for arguments in (("-m", "alembic", "upgrade", "head"), ("-m", "relay.seed")):
        done = run(*arguments, DATABASE_URL=url)
        assert done.returncode == 0, done.stdout + done.stderr
    return TEMPLATE


@pytest.fixture(scope="session")
def all_databases() -> databases.Databases:
    """The databases of this run: `all_databases.create("spare", like=template)` gives the address of another one."""
    return DATABASES


@pytest.fixture
def fresh_database(template: str) -> Callable[[], str]:
    """Give the application its sample data anew: `fresh_database()`."""
    return lambda: DATABASES.create(DATABASE, like=template)


@pytest.fixture
def client(fresh_database: Callable[[], str]) -> Iterator[TestClient]:
    """A client nobody has signed in with, on fresh sample data."""
    fresh_database()
    with statuses.NotingClient(app) as client:
        client.delete("/offline")
        yield client
    shutil.rmtree(WORK / "files", ignore_errors=True)


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
