"""What each route answered in a run of the suite, held against what its description says that it may answer."""

import json
import re
from collections import defaultdict
from typing import Any

from fastapi.testclient import TestClient

Route = tuple[str, str]

# It takes an unlucky race to get these, which a test can run and not decide.
RACES: dict[Route, set[int]] = {
    ("post", "/customers"): {409},
    ("put", "/customers/{customer_id}/tags/{name}"): {409},
    ("post", "/quotes"): {409},
}


def wrong_value(schema: dict[str, Any]) -> str | None:
    """Return something in an address that does not fit a schema, none for one that anything fits."""
    for choice in schema.get("anyOf", [schema]):
        if "maxLength" in choice:
            return "x" * (choice["maxLength"] + 1)
        if choice.get("type") not in ("string", "null") or {"enum", "format", "pattern"} & choice.keys():
            return "!!"
    return None


def wrong_values(operation: dict[str, Any], place: str) -> dict[str, str]:
    """Return what does not fit the parameters in the path or the query of a route, by name."""
    parameters = [parameter for parameter in operation.get("parameters", []) if parameter["in"] == place]
    found = {parameter["name"]: wrong_value(parameter["schema"]) for parameter in parameters}
    return {name: value for name, value in found.items() if value is not None}


def can_be_malformed(operation: dict[str, Any]) -> bool:
    """Say whether a request can be wrong in a way that its schema tells; FastAPI describes a 422 in any case."""
    needed = any(
        parameter["in"] == "query" and parameter.get("required") for parameter in operation.get("parameters", [])
    )
    return needed or "requestBody" in operation or any(wrong_values(operation, place) for place in ("path", "query"))


class Statuses:
    """The answers of a run, by route."""

    def __init__(self, description: dict[str, Any]) -> None:
        paths = description["paths"].items()
        self.documented: dict[Route, set[int]] = {
            (method, path): {
                int(status)
                for status, response in operation["responses"].items()
                if "HTTPValidationError" not in json.dumps(response) or can_be_malformed(operation)
            }
            for path, operations in paths
            for method, operation in operations.items()
        }
        self.seen: defaultdict[Route, set[int]] = defaultdict(set)
        # In the order in which the application looks for them.
        self.patterns = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path, _ in paths]

    def note(self, method: str, path: str, status: int) -> None:
        """Write down one answer; a path that nobody described does not count."""
        for pattern, route in self.patterns:
            if pattern.fullmatch(path) and (method, route) in self.documented:
                self.seen[method, route].add(status)
                return

    def gaps(self) -> list[str]:
        """Return the answers that are described and were never seen, and those that were seen and are not described."""
        lines = []
        for route, documented in self.documented.items():
            name, seen, races = " ".join(route), self.seen[route], RACES.get(route, set())
            lines += [f"{name}: no test gets {status}" for status in sorted(documented - seen - races)]
            lines += [f"{name}: {status} is not described" for status in sorted(seen - documented)]
        return lines


class NotingClient(TestClient):
    """A client that notes each answer; those to a message of the payment provider count for the webhook too."""

    statuses: Statuses

    def request(self, method: str, url: Any, **request: Any) -> Any:
        """Ask and note what came."""
        answer = super().request(method, url, **request)
        self.statuses.note(method.lower(), answer.request.url.path, answer.status_code)
        if answer.request.url.path == "/offline/payments/messages" and answer.status_code == 200:
            self.statuses.note("post", json.loads(answer.request.content)["to"], answer.json()["status"])
        return answer
