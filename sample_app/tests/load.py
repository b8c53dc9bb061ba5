"""Many clients on every route at once: `python tests/load.py --clients 64 --seconds 60`.

Starts Relay with uvicorn on this machine's loopback and a fresh sample database. The clients make up requests from the
OpenAPI description: reasonable ones, reading and writing, with the numbers and keys that earlier answers showed. Every
ten seconds a program of the offline world fails for a moment. At the end it prints what each route answered, and fails
when a route answered 5xx (503 while the offline world fails is as it should be), was never asked or did not answer
in time or never did what it was asked for, and when connections are still out of the pool.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(os.environ.get("RELAY_ROOT") or Path(__file__).parent.parent).resolve()
TENANTS = ("northwind", "contoso", "fabrikam")
# These disturb everybody: the clock ends all sessions, the others are the saboteur's.
LEFT_OUT = {("post", "/offline/clock"), ("delete", "/offline"), ("put", "/offline/{program}/trouble")}
KEYS = ("sku", "external_id", "public_key", "purpose", "person", "number", "email")
SKUS = ("DESK-1", "LAMP-2", "RUG-3")
# Numbers in the sample data that no list shows.
SAMPLES = {"suppliers": [*range(1, 10)], "tickets": [*range(1, 10)]}
# What the last word of an address makes.
MAKES = {"unlock": "jobs", "upload": "chats", "bookings": "projects"}
CHAT = "[2025-01-06, 09:15] Ann: Good morning\n[2025-01-06, 09:16] Ben: Morning!\n"
Json = dict[str, Any]


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run Relay on a port of its own with a database of its own; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("RELAY_")},
        "DATABASE_URL": os.environ.get("LOAD_DATABASE_URL") or f"sqlite:///{(folder / 'load.db').as_posix()}",
        "RELAY_FILES": str(folder / "files"),
        "RELAY_UPLOAD_FOLDER": str(folder / "uploads"),
        "RELAY_CODES_PER_WINDOW": "1000000",
    }
    for module in (["alembic", "upgrade", "head"], ["relay.seed"]):
        subprocess.run([sys.executable, "-m", *module], cwd=ROOT, env=environment, check=True, capture_output=True)
    # A client may find its connection closed in the moment it asks again: none is closed here.
    patience = ["--timeout-keep-alive", "300", "--log-level", "warning"]
    command = [sys.executable, "-m", "uvicorn", "relay.main:app", "--port", str(port), *patience]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            wait_until_up(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def wait_until_up(url: str) -> None:
    """Wait until the server answers, for half a minute at most."""
    for _ in range(300):
        try:
            httpx.get(f"{url}/health")
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("The server does not start")


class Imagination:
    """Makes up parameters and bodies from a description, and remembers what answers showed."""

    def __init__(self, schemas: Json, seed: int) -> None:
        self.schemas = schemas
        self.random = random.Random(seed)
        self.seen: defaultdict[str, list[Any]] = defaultdict(list, sku=list(SKUS), **SAMPLES)
        self.pairs: defaultdict[str, list[tuple[Any, Any]]] = defaultdict(list)

    def remember(self, collection: str, answer: object) -> None:
        """Keep the numbers and keys of an answer for later requests."""
        if isinstance(answer, list):
            for item in answer[:20]:
                self.remember(collection, item)
        elif isinstance(answer, dict):
            for name in ("id", *KEYS, *(["key"] if collection == "categories" else [])):
                if isinstance(answer.get(name), str | int):
                    known = self.seen[collection if name == "id" else name]
                    known.append(answer[name])
                    del known[:-50]
            for name, value in answer.items():
                self.remember(collection if name == "items" else name, value)
                for part in value if isinstance(value, list) else []:
                    if "id" in answer and isinstance(part, dict) and "id" in part:
                        self.remember_pair(name, answer["id"], part["id"])

    def remember_pair(self, collection: str, whole: Any, part: Any) -> None:
        """Keep the number of a part together with that of the whole it belongs to."""
        self.pairs[collection].append((whole, part))
        del self.pairs[collection][:-50]

    def pair(self, path: str) -> tuple[Any, Any] | None:
        """Return numbers for an address that ends in a part of a whole, if some were seen."""
        parts = path.split("/")
        known = self.pairs[parts[-2]] if parts[-1].endswith("_id}") and parts[-3].endswith("_id}") else []
        return self.random.choice(known) if known and self.random.random() < 0.9 else None

    def number(self, collection: str) -> Any:
        """Return a number that was seen in a collection, else a small one."""
        known = self.seen[collection]
        return self.random.choice(known) if known and self.random.random() < 0.9 else self.random.randint(1, 60)

    def parameter(self, parameter: Json, path: str) -> Any:
        """Return a value for a parameter in the path or the query."""
        name, schema = parameter["name"], parameter["schema"]
        if parameter["in"] == "path" and name.endswith("_id") and schema.get("type") == "integer":
            return self.number(path.split(f"/{{{name}}}")[0].rsplit("/", 1)[1])
        if name in KEYS and self.seen[name] and "enum" not in schema:
            return self.random.choice(self.seen[name])
        return self.value(schema, name)

    def value(self, schema: Json, name: str = "") -> Any:
        """Return something that fits a schema."""
        if "$ref" in schema:
            return self.value(self.schemas[schema["$ref"].rsplit("/", 1)[1]], name)
        if "anyOf" in schema:
            return self.value(self.random.choice(schema["anyOf"]), name)
        for name_of_choices in ("enum", "examples"):
            if name_of_choices in schema:
                return self.random.choice(schema[name_of_choices])
        make: Callable[[Json, str], Any] = {
            "object": self.object,
            "array": lambda schema, name: [self.value(schema["items"], name) for _ in range(self.random.randint(0, 2))],
            "integer": self.integer,
            "number": self.integer,
            "boolean": lambda *_: self.random.random() < 0.3,
            "null": lambda *_: None,
        }.get(schema.get("type", "string"), self.text)
        return make(schema, name)

    def object(self, schema: Json, _name: str) -> Json:
        """Return an object with all that is required and some of the rest."""
        wanted = schema.get("required", [])
        fields = schema.get("properties", {}).items()
        return {name: self.value(part, name) for name, part in fields if name in wanted or self.random.random() < 0.5}

    def integer(self, schema: Json, name: str) -> int:
        """Return a number in bounds, or one that was seen when the name asks for it."""
        if name.endswith("_id"):
            return int(self.number(f"{name.removesuffix('_id')}s"))
        low = int(schema.get("minimum", schema.get("exclusiveMinimum", 0)))
        return self.random.randint(low, min(int(schema.get("maximum", low + 100)), low + 100))

    def text(self, schema: Json, name: str) -> str:
        """Return a text for a format or a name."""
        number = self.random.randint(1, 99_999)
        if name in ("user", "external_id") and self.seen["external_id"]:
            return str(self.random.choice(self.seen["external_id"]))
        if name == "category" and self.seen["key"]:
            return str(self.random.choice(self.seen["key"]))
        made = {
            "email": f"load{number}@mail.example",
            "date": f"2026-{1 + number % 12:02}-{1 + number % 28:02}",
            "date-time": f"2026-{1 + number % 12:02}-{1 + number % 28:02}T{number % 24:02}:00:00Z",
            "slug": f"load-{number}",
            "month": f"2025-{1 + number % 12:02}",
            "day": "2026-01-01",
            "code": f"P{number}",
            "ends_at": "2027-01-01T17:00:00Z",
            "query": "{ customers { id name } }",
        }
        return made.get(name) or made.get(schema.get("format", "")) or f"load{number % 500}"


class Visitor:
    """One client: signed in as a tenant, it asks for routes in random order until the time is up."""

    def __init__(self, number: int, http: httpx.AsyncClient, book: "Book") -> None:
        self.slug = TENANTS[number % len(TENANTS)]
        self.http, self.book = http, book
        self.mind = Imagination(book.description["components"]["schemas"], number)
        self.headers: dict[str, str] = {}
        self.special: dict[tuple[str, str], Callable[[], Any]] = {
            ("post", "/auth/sessions"): self.sign_in,
            ("patch", "/me"): self.rename,
            ("post", "/devices"): self.link_device,
            ("post", "/offline/payments/messages"): self.pay,
            ("post", "/payments/webhook"): self.pay,
            ("post", "/billing/webhook"): self.correct,
            ("post", "/chats/upload"): self.upload,
            ("post", "/users/{external_id}/import"): self.import_user,
            ("post", "/admin/sign-in"): self.sign_in_as_admin,
            ("post", "/portal/access/{contact_id}"): self.enter_portal,
            ("post", "/graphql"): self.ask_graph,
            ("put", "/quotes/{quote_id}/status"): self.send_quote,
            ("delete", "/quotes/{quote_id}/lines/{line_id}"): self.strike_line,
            ("delete", "/members/{member_id}/keys/{key_id}"): self.revoke_key,
            ("get", "/planning/free"): self.look_for_time,
            ("post", "/passages"): self.save_passage,
            ("delete", "/customers/{customer_id}/tags/{name}"): self.untag,
        }

    async def work(self, until: float) -> None:
        """Ask for every route in an order of its own, again and again; lists first, which show what there is."""
        await self.sign_in()
        await self.sign_in_as_admin()
        while time.monotonic() < until:
            routes = self.mind.random.sample(self.book.routes, k=len(self.book.routes))
            for method, path in sorted(routes, key=lambda route: route[0] != "get" or "{" in route[1]):
                if time.monotonic() > until:
                    return
                special = self.special.get((method, path))
                answer = await (special() if special else self.ask(method, path))
                if answer is not None and answer.status_code == 401 and "/auth" not in path and "portal" not in path:
                    await self.sign_in()

    async def ask(self, method: str, path: str, **request: Any) -> httpx.Response | None:
        """Send one request, made up where nothing is given, and note the answer."""
        operation = self.book.description["paths"][path][method]
        values = [(p, self.mind.parameter(p, path)) for p in operation.get("parameters", []) if p["in"] != "header"]
        address = request.pop("address", path)
        places = [(p["name"], value) for p, value in values if p["in"] == "path"]
        pair = self.mind.pair(path)
        numbers = dict(zip((name for name, _ in places), pair, strict=True)) if pair else dict(places)
        for name, number in numbers.items():
            address = address.replace(f"{{{name}}}", str(number))
        optional = [(p, value) for p, value in values if p["in"] == "query" and value is not None]
        params = {p["name"]: v for p, v in optional if p.get("required") or self.mind.random.random() < 0.4}
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body and not request:
            request["json"] = self.mind.value(body["schema"])
        headers = {**self.headers, **request.pop("headers", {})}
        try:
            answer = await self.http.request(method, address, params=params, headers=headers, **request)
        except httpx.HTTPError as error:
            self.book.note(method, path, f"no answer: {type(error).__name__}")
            return None
        self.book.note(method, path, answer.status_code, answer)
        if answer.content and answer.headers.get("content-type", "").startswith("application/json"):
            collection = path.removesuffix("}").rpartition("/{")[0] if path.endswith("}") else path
            last = collection.rsplit("/", 1)[1]
            made = answer.json()
            self.mind.remember(MAKES.get(last, last), made)
            if method == "post" and len(numbers) == 1 and isinstance(made, dict) and "id" in made:
                self.mind.remember_pair(last, *numbers.values(), made["id"])
        return answer

    async def sign_in(self) -> httpx.Response | None:
        """Ask for a code, read it in the mail and exchange it; one after the other within a tenant."""
        async with self.book.doors[self.slug]:
            await self.ask("post", "/auth/codes", json={"slug": self.slug})
            mails = (await self.http.get("/offline/mail", params={"to": f"office@{self.slug}.example"})).json()
            bodies = [mail["body"] for mail in mails if "your code" in mail["body"]]
            code = bodies[-1].rsplit(" ", 1)[1].strip(".") if bodies else "000000"
            answer = await self.ask("post", "/auth/sessions", json={"slug": self.slug, "code": code})
        if answer is not None and answer.status_code == 201:
            self.headers = {"Authorization": f"Bearer {answer.json()['token']}"}
        return answer

    async def rename(self) -> httpx.Response | None:
        """Change the tenant's name; its address stays, because the codes go there."""
        return await self.ask("patch", "/me", json={"name": f"Name {self.mind.random.randint(1, 99)}"})

    async def link_device(self) -> httpx.Response | None:
        """Link a device by a fresh code."""
        made = await self.ask("post", "/users/{external_id}/link-codes")
        code = made.json()["code"] if made is not None and made.status_code == 201 else "ABCDEFGH"
        return await self.ask("post", "/devices", json={"code": code, "device": f"d{self.mind.random.randint(1, 99)}"})

    async def sign_in_as_admin(self) -> httpx.Response | None:
        """Sign in with the administrators' key; the cookie stays."""
        return await self.ask("post", "/admin/sign-in", data={"key": "development-only"})

    async def pay(self) -> httpx.Response | None:
        """Let the provider say that a checkout was paid; what Relay says to it counts for the webhook."""
        checkouts = (await self.http.get("/offline/payments")).json()
        paid = self.mind.random.choice(checkouts) if checkouts else {"id": "chk_nobody", "amount_cents": 1}
        event = {"type": "checkout.paid", "checkout": paid["id"], "amount_cents": paid["amount_cents"]}
        return await self.deliver("/payments/webhook", {"id": f"evt{self.mind.random.randint(1, 500)}", **event})

    async def correct(self) -> httpx.Response | None:
        """Let the billing office give each tenant some credits."""
        entries = [
            {"id": f"c{self.mind.random.randint(1, 10**9)}", "tenant": slug, "credits": 20, "reason": "Load"}
            for slug in TENANTS
        ]
        return await self.deliver("/billing/webhook", {"adjustments": entries})

    async def deliver(self, path: str, message: Json) -> httpx.Response | None:
        """Send a signed message to one of the webhooks."""
        delivery = {"to": path, "body": json.dumps(message)}
        answer = await self.ask("post", "/offline/payments/messages", json=delivery)
        if answer is not None and answer.status_code == 200:
            self.book.note("post", path, answer.json()["status"])
        return answer

    async def draft(self) -> tuple[int, int]:
        """Write a quote with one line; gives the numbers of both."""
        line = {"description": "Load", "quantity": 1, "unit_cents": 100}
        quote = {"customer_id": self.mind.number("customers"), "title": "Load", "lines": [line]}
        made = await self.ask("post", "/quotes", json=quote)
        if made is None or made.status_code != 201:
            return 1, 1
        return made.json()["id"], made.json()["lines"][0]["id"]

    async def send_quote(self) -> httpx.Response | None:
        """Write a quote and send it."""
        number, _ = await self.draft()
        address = f"/quotes/{number}/status"
        return await self.ask("put", "/quotes/{quote_id}/status", address=address, json={"status": "sent"})

    async def strike_line(self) -> httpx.Response | None:
        """Write a quote and take its line out."""
        number, line = await self.draft()
        address = f"/quotes/{number}/lines/{line}"
        return await self.ask("delete", "/quotes/{quote_id}/lines/{line_id}", address=address)

    async def revoke_key(self) -> httpx.Response | None:
        """Let somebody in, make a key and revoke it."""
        member = await self.ask(
            "post", "/members", json={"email": f"m{self.mind.random.randint(1, 10**9)}@load.example"}
        )
        number = member.json()["id"] if member is not None and member.status_code == 201 else 1
        key = await self.ask("post", "/members/{member_id}/keys", address=f"/members/{number}/keys")
        made = key.json()["id"] if key is not None and key.status_code == 201 else 1
        address = f"/members/{number}/keys/{made}"
        return await self.ask("delete", "/members/{member_id}/keys/{key_id}", address=address)

    async def look_for_time(self) -> httpx.Response | None:
        """Ask when somebody of the sample data is free."""
        self.mind.seen["person"].append("Ida Juhl")
        return await self.ask("get", "/planning/free")

    async def save_passage(self) -> httpx.Response | None:
        """Keep the beginning of a message for somebody who chats."""
        name = f"load{self.mind.random.randint(1, 99)}"
        await self.ask("put", "/users/{external_id}", address=f"/users/{name}", json={"name": name})
        read = await self.ask("get", "/chats/{chat_id}/messages")
        messages = read.json() if read is not None and read.status_code == 200 else []
        said = self.mind.random.choice(messages) if messages else {"id": 1, "text": "Hello"}
        return await self.ask(
            "post", "/passages", json={"user": name, "message_id": said["id"], "quote": said["text"][:20]}
        )

    async def untag(self) -> httpx.Response | None:
        """Put a tag on a customer and take it off."""
        address = f"/customers/{self.mind.number('customers')}/tags/load{self.mind.random.randint(1, 9)}"
        await self.ask("put", "/customers/{customer_id}/tags/{name}", address=address)
        return await self.ask("delete", "/customers/{customer_id}/tags/{name}", address=address)

    async def upload(self) -> httpx.Response | None:
        """Upload a small conversation."""
        return await self.ask("post", "/chats/upload", files={"file": ("party.txt", CHAT.encode(), "text/plain")})

    async def import_user(self) -> httpx.Response | None:
        """Import what an export gave."""
        path = "/users/{external_id}/export"
        exported = await self.ask("get", path)
        content = exported.content if exported is not None and exported.status_code == 200 else b"{}\n"
        headers = {"Content-Type": "application/x-ndjson"}
        return await self.ask("post", "/users/{external_id}/import", content=content, headers=headers)

    async def enter_portal(self) -> httpx.Response | None:
        """Give a contact access, sign in as the contact with the password from the mail, and look at its quotes."""
        granted = await self.ask("post", "/portal/access/{contact_id}")
        if granted is None or granted.status_code >= 300:
            return granted
        email = granted.json().get("email", "")
        mails = (await self.http.get("/offline/mail", params={"to": email})).json()
        password = mails[-1]["body"].rsplit(" ", 1)[1] if mails else "guess"
        entry = {"slug": self.slug, "email": email, "password": password}
        signed_in = await self.ask("post", "/portal/sessions", json=entry)
        if signed_in is not None and signed_in.status_code == 201:
            headers = {"Authorization": f"Bearer {signed_in.json()['token']}"}
            return await self.ask("get", "/portal/quotes", headers=headers)
        return signed_in

    async def ask_graph(self) -> httpx.Response | None:
        """Ask for a list through GraphQL."""
        return await self.ask("post", "/graphql", json={"query": "{ customers { id name } }"})


class Book:
    """What all clients share: the description, the doors of the tenants, and the answers of each route."""

    def __init__(self, description: Json) -> None:
        self.description = description
        operations = [(method, path) for path, found in description["paths"].items() for method in found]
        self.routes = [route for route in operations if route not in LEFT_OUT]
        self.answers: defaultdict[tuple[str, str], Counter[object]] = defaultdict(Counter)
        self.faults: list[str] = []
        self.doors = {slug: asyncio.Lock() for slug in TENANTS}

    def note(self, method: str, path: str, status: object, answer: httpx.Response | None = None) -> None:
        """Count an answer; 503 alone may come from the offline world."""
        self.answers[method, path][status] += 1
        if not isinstance(status, int) or (status >= 500 and status != 503):
            self.faults.append(f"{method.upper()} {path}: {status} {answer.text[:200] if answer else ''}")

    def report(self) -> None:
        """Print each route with its answers."""
        for method, path in self.routes:
            counts = self.answers[method, path]
            line = "  ".join(f"{status}: {count}" for status, count in sorted(counts.items(), key=str))
            print(f"{sum(counts.values()):7} {method.upper():6} {path:45} {line}")
            if not any(isinstance(status, int) and status < 400 for status in counts):
                self.faults.append(f"{method.upper()} {path}: {'never did it' if counts else 'never asked'}")


async def sabotage(http: httpx.AsyncClient, until: float) -> None:
    """Let one program after the other fail for a moment."""
    while time.monotonic() < until:
        for program in ("mail", "llm", "payments", "vectors"):
            await asyncio.sleep(min(10, max(0.0, until - time.monotonic())))
            await http.put(f"/offline/{program}/trouble", json={"failing": True})
            await asyncio.sleep(0.5)
            await http.put(f"/offline/{program}/trouble", json={})


async def visit(url: str, clients: int, seconds: float) -> list[str]:
    """Let the clients loose, print the book and return what is wrong."""
    limits = httpx.Limits(max_connections=clients + 4)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as http:
        book = Book((await http.get("/openapi.json")).json())
        until = time.monotonic() + seconds
        visitors = [Visitor(number, http, book) for number in range(clients)]
        async with asyncio.timeout(seconds + 120):
            await asyncio.gather(sabotage(http, until), *(visitor.work(until) for visitor in visitors))
        await asyncio.sleep(1)
        pool = (await http.get("/health/db-pool")).json()
        book.report()
    asked = sum(sum(counts.values()) for counts in book.answers.values())
    print(f"{asked} requests by {clients} clients in {seconds:g} seconds; pool at the end: {pool}")
    return book.faults + ([f"{pool['checked_out']} connections are still out"] if pool["checked_out"] else [])


def main() -> int:
    """Run the load and return 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="relay-load-"))
    try:
        with server(folder) as url:
            faults = asyncio.run(visit(url, arguments.clients, arguments.seconds))
        for fault, times in Counter(faults).most_common(20):
            print(f"FAULT ({times} times) {fault}")
        if faults:
            print((folder / "server.log").read_text(errors="replace")[-4_000:])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
