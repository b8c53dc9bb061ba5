"""Credits, orders, invoices and the payment provider's webhook."""

import json
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from fastapi.testclient import TestClient
from statuses import NotingClient

Json = dict[str, Any]
Say = Callable[..., Json]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def order(northwind: TestClient) -> Json:
    """A pack that northwind has ordered and not paid."""
    answer = northwind.post("/payments/orders", json={"pack": "small"})
    assert answer.status_code == 201, answer.text
    created: Json = answer.json()
    return created


@pytest.fixture
def say(client: TestClient) -> Say:
    """Let the provider say something about a checkout: `say(order, id="evt_1")`."""

    def send(order: Json, *, age: int = 0, append: str = "", **event: object) -> Json:
        told = {"type": "checkout.paid", "checkout": order["checkout"], "amount_cents": order["amount_cents"], **event}
        delivery = {"to": "/payments/webhook", "body": json.dumps({"id": "evt_1", **told}, indent=3)}
        answer: Json = client.post("/offline/payments/messages", json={**delivery, "age": age, "append": append}).json()
        return answer

    return send


def balance(client: TestClient) -> int:
    """The credits of the tenant that is signed in."""
    credits: int = client.get("/credits").json()["balance"]
    return credits


def test_account_shows_its_movements_latest_first(northwind: TestClient) -> None:
    account = northwind.get("/credits").json()
    assert account["balance"] == 1_000
    assert [entry["amount"] for entry in account["entries"]] == [-200, 1_200]
    assert account["entries"][0]["balance_after"] == account["balance"]


def test_new_tenant_has_no_credits(client: TestClient, sign_in: Any) -> None:
    client.post("/tenants", json={"slug": "newcomer", "name": "New", "email": "new@newcomer.example"})
    client.headers.update(sign_in("newcomer"))
    assert client.get("/credits").json() == {"balance": 0, "entries": []}


def test_order_opens_a_checkout_about_its_amount(northwind: TestClient, order: Json) -> None:
    assert (order["status"], order["credits"], order["paid_at"]) == ("pending", 100, None)
    opened = northwind.get("/offline/payments").json()
    expected = {"id": order["checkout"], "reference": order["invoice_number"], "amount_cents": 9_900}
    assert opened == [expected]


def test_order_of_an_unknown_pack_is_refused(northwind: TestClient) -> None:
    assert northwind.post("/payments/orders", json={"pack": "huge"}).status_code == 422


def test_provider_out_of_order_is_reported_and_nothing_is_charged(northwind: TestClient) -> None:
    northwind.put("/offline/payments/trouble", json={"failing": True})
    assert northwind.post("/payments/orders", json={"pack": "small"}).status_code == 503
    assert northwind.get("/offline/payments").json() == []


def test_slow_provider_makes_the_order_wait(northwind: TestClient) -> None:
    northwind.put("/offline/payments/trouble", json={"latency": 0.05})
    answer = northwind.post("/payments/orders", json={"pack": "small"})
    assert answer.elapsed.total_seconds() >= 0.05


def test_paid_order_adds_its_credits(northwind: TestClient, order: Json, say: Say) -> None:
    assert say(order)["answer"] == {"outcome": "paid"}
    assert balance(northwind) == 1_100


def test_event_sent_again_changes_nothing(northwind: TestClient, order: Json, say: Say) -> None:
    outcomes = [say(order)["answer"]["outcome"] for _ in range(3)]
    assert outcomes == ["paid", "duplicate", "duplicate"]
    assert balance(northwind) == 1_100


def test_another_event_about_a_paid_order_changes_nothing(northwind: TestClient, order: Json, say: Say) -> None:
    say(order)
    assert say(order, id="evt_2")["answer"] == {"outcome": "already paid"}
    assert say(order, id="evt_3", type="checkout.failed")["answer"] == {"outcome": "already paid"}
    assert balance(northwind) == 1_100


def test_event_sent_several_times_at_once_counts_once(northwind: TestClient, order: Json, say: Say) -> None:
    with ThreadPoolExecutor(6) as pool:
        outcomes = sorted(answer["answer"]["outcome"] for answer in pool.map(lambda _: say(order), range(6)))
    assert outcomes == ["duplicate"] * 5 + ["paid"]
    assert balance(northwind) == 1_100


def test_events_about_one_order_at_once_add_its_credits_once(northwind: TestClient, order: Json, say: Say) -> None:
    with ThreadPoolExecutor(6) as pool:
        events = pool.map(lambda number: say(order, id=f"evt_{number}"), range(6))
        outcomes = sorted(answer["answer"]["outcome"] for answer in events)
    assert outcomes == ["already paid"] * 5 + ["paid"]
    assert balance(northwind) == 1_100


def test_orders_paid_at_once_all_count(northwind: TestClient, say: Say) -> None:
    orders = [northwind.post("/payments/orders", json={"pack": "small"}).json() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda order: say(order, id=f"evt_{order['id']}"), orders))
    account = northwind.get("/credits").json()
    assert account["balance"] == 1_600
    assert [entry["balance_after"] for entry in account["entries"][:6]] == [1_600, 1_500, 1_400, 1_300, 1_200, 1_100]


def test_failed_order_can_still_be_paid(northwind: TestClient, order: Json, say: Say) -> None:
    assert say(order, type="checkout.failed")["answer"] == {"outcome": "failed"}
    assert balance(northwind) == 1_000
    assert say(order, id="evt_2")["answer"] == {"outcome": "paid"}
    assert balance(northwind) == 1_100


def test_wrong_amount_is_a_conflict_and_the_event_may_come_again(northwind: TestClient, order: Json, say: Say) -> None:
    answer = say(order, amount_cents=1)
    assert (answer["status"], answer["answer"]["detail"]) == (409, f"{order['invoice_number']} is about 9900 cents")
    assert say(order)["answer"] == {"outcome": "paid"}


def test_event_about_an_unknown_checkout_is_not_found(order: Json, say: Say) -> None:
    assert say(order, checkout="chk_nobody")["status"] == 404


def test_signature_covers_every_byte_that_was_sent(northwind: TestClient, order: Json, say: Say) -> None:
    # A space at the end leaves the JSON the same, but not the message.
    assert say(order, append=" ")["status"] == 401
    assert balance(northwind) == 1_000


@pytest.mark.parametrize("age", [301, -301])
def test_old_signature_is_refused(northwind: TestClient, order: Json, say: Say, age: int) -> None:
    assert say(order, age=age)["status"] == 401


@pytest.mark.parametrize("header", ["", "t=1", "t=abc,v1=00", "t=²,v1=00", "v1=00", "t=1763690000,v1=" + "0" * 64])
def test_message_without_a_valid_signature_is_refused(client: TestClient, header: str) -> None:
    answer = client.post("/payments/webhook", content=b"{}", headers={"Relay-Signature": header.encode()})
    assert answer.status_code == 401


def test_message_that_is_too_large_is_not_read(client: TestClient) -> None:
    assert client.post("/payments/webhook", content=b" " * 70_000).status_code == 413


@pytest.mark.parametrize("event", [{"type": "checkout.moved"}, {"id": ""}, {"amount_cents": "much"}])
def test_signed_message_that_says_something_else_is_refused(order: Json, say: Say, event: Json) -> None:
    assert say(order, **event)["status"] == 422


def test_signed_message_without_json_is_refused(client: TestClient) -> None:
    sent = client.post("/offline/payments/messages", json={"to": "/payments/webhook", "body": "paid!"}).json()
    assert sent["status"] == 422


def test_invoice_of_a_paid_order_is_stamped(northwind: TestClient, order: Json, say: Say) -> None:
    say(order)
    answer = northwind.get(f"/payments/orders/{order['id']}/invoice")
    heading, *_, stamp = answer.text.splitlines()
    assert heading == f"Invoice {order['invoice_number']}"
    assert "For: Northwind Traders, office@northwind.example" in answer.text
    assert len(stamp.removeprefix("Stamp: ")) == 64
    assert f"{order['invoice_number']}.txt" in answer.headers["content-disposition"]


def test_invoice_read_twice_is_the_same(northwind: TestClient, order: Json, say: Say) -> None:
    say(order)
    path = f"/payments/orders/{order['id']}/invoice"
    assert northwind.get(path).text == northwind.get(path).text


def test_unpaid_order_has_no_invoice(northwind: TestClient, order: Json) -> None:
    assert northwind.get(f"/payments/orders/{order['id']}/invoice").status_code == 409


def test_invoice_of_another_tenant_is_not_found(northwind: TestClient, contoso: Json, order: Json, say: Say) -> None:
    say(order)
    for path, headers in ((f"/payments/orders/{order['id']}/invoice", contoso), ("/payments/orders/9999/invoice", {})):
        assert northwind.get(path, headers=headers).status_code == 404


@pytest.fixture
def provider() -> Iterator[tuple[str, list[Json]]]:
    """A payment provider on a port of its own that opens one checkout and then breaks down."""
    asked: list[Json] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append({**json.loads(body), "path": self.path, "key": self.headers["Authorization"]})
            self.send_response(201 if len(asked) == 1 else 500)
            self.end_headers()
            self.wfile.write(b'{"id": "chk_real"}')

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


ONLINE = """
import sys
from fastapi.testclient import TestClient
from relay.main import app
client = TestClient(app, headers={"X-Api-Key": sys.argv[1]})
for _ in range(2):
    answer = client.post("/payments/orders", json={"pack": "large"})
    print(answer.status_code, answer.json().get("checkout"))
print(client.get("/payments/orders/1/invoice").status_code)
print(client.post("/payments/webhook", content=b"{}", headers={"Relay-Signature": "t=1,v1=0"}).status_code)
"""


def test_online_mode_talks_to_the_world_outside(
    northwind: NotingClient, run: Run, provider: tuple[str, list[Json]]
) -> None:
    member = northwind.post("/members", json={"email": "pia@northwind.example", "role": "billing"}).json()
    key = northwind.post(f"/members/{member['id']}/keys").json()["key"]
    url, asked = provider
    done = run(
        *("-c", ONLINE, key),
        RELAY_OFFLINE="false",
        RELAY_SECRET_KEY="of our own",
        RELAY_PAYMENTS_URL=url,
        RELAY_PAYMENTS_KEY="pk_1",
        RELAY_STAMP_COMMAND='["/no/such/program"]',
    )
    # The provider answers, then fails; nobody stamps invoices; and without a secret no message is believed.
    assert done.stdout.split() == ["201", "chk_real", "503", "None", "503", "401"], done.stderr
    # The client over there noted this in its own process.
    northwind.statuses.note("get", "/payments/orders/1/invoice", 503)
    order = {"reference": "NORTHWIND-C00007", "amount_cents": 99_900, "path": "/checkouts", "key": "Bearer pk_1"}
    assert asked[0] == order
