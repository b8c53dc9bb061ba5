"""What each route answered in a run of the suite, held against what its description says that it may answer."""

import json
import re
from collections import defaultdict
from typing import Any

from fastapi.testclient import TestClient

Route = tuple[str, str]


class Statuses:
    """The answers of a run, by route."""

    def __init__(self, description: dict[str, Any]) -> None:
        paths = description["paths"].items()
        self.documented: dict[Route, set[int]] = {
            (method, path): {int(status) for status in operation["responses"]}
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
            name = " ".join(route)
            lines += [f"{name}: no test gets {status}" for status in sorted(documented - self.seen[route])]
            lines += [f"{name}: {status} is not described" for status in sorted(self.seen[route] - documented)]
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
