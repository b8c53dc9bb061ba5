"""What is known about each application: where it is, how it is set up and tested, how its tests went at first."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

FACTS = Path(__file__).with_name("apps.toml")


class MissingServiceError(Exception):
    """A server that the application's tests need is not named in the environment; `str()` says which, in one line."""


@dataclass(frozen=True)
class Service:
    """A server that tests need: the variable that holds its URL, an example of it and a command that starts one."""

    name: str
    variable: str
    example: str
    start: str


@dataclass(frozen=True)
class App:
    """The facts of one application; commands are bash, paths are relative to the repository's root."""

    name: str
    repository: str
    commit: str
    python: str
    package: str
    code: tuple[str, ...]
    tests: tuple[str, ...]
    setup: tuple[str, ...]
    test: str
    passed: int
    failed: int = 0
    root: str = "."
    prepare: tuple[str, ...] = ()
    reset: tuple[str, ...] = ()
    known_failures: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    checks: Mapping[str, str] = field(default_factory=dict)

    def area(self, path: str) -> str:
        """`tests`, `code` or `other`, whichever `path` belongs to."""
        if any(fnmatchcase(path, pattern) for pattern in self.tests):
            return "tests"
        return "code" if any(fnmatchcase(path, pattern) for pattern in self.code) else "other"


def load_apps(path: Path = FACTS) -> dict[str, App]:
    """Every application of the facts file, by name."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))["apps"]
    return {
        name: App(name=name, **{key: _frozen(value) for key, value in facts.items()}) for name, facts in table.items()
    }


def load_services(path: Path = FACTS) -> dict[str, Service]:
    """Every service of the facts file, by name."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))["services"]
    return {name: Service(name=name, **facts) for name, facts in table.items()}


def service_variables(app: App, given: Mapping[str, str], services: Mapping[str, Service]) -> dict[str, str]:
    """The variables that lead the application to its servers, from the URLs in `given`; raises MissingServiceError."""
    found: dict[str, str] = {}
    for name in app.services:
        service = services[name]
        url = given.get(service.variable)
        if not url:
            raise MissingServiceError(
                f"{app.name}: needs {name}, and {service.variable} is not set; "
                f"start one ({service.start}) and set it, for example to {service.example}"
            )
        found |= _postgresql(url) if name == "postgresql" else {f"{name.upper()}_URL": url}
    return found


def app_variables(app: App, servers: Mapping[str, str]) -> dict[str, str]:
    """The servers' variables and the application's own settings, with the former filled in."""
    return {**servers, **{key: Template(value).safe_substitute(servers) for key, value in app.environment.items()}}


def _postgresql(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    found = {"PGHOST": parts.hostname, "PGPORT": str(parts.port or 5432), "PGUSER": parts.username}
    return {key: value or "" for key, value in found.items()} | (
        {"PGPASSWORD": parts.password} if parts.password else {}
    )


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
