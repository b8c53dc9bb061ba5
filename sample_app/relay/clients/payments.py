"""The payment provider: over HTTP, or in memory when Relay runs offline."""

from dataclasses import dataclass
from threading import Lock
from typing import Protocol

import httpx

from relay.clients.trouble import Trouble
from relay.settings import settings


class PaymentError(Exception):
    """The provider could not be asked, or declined."""


@dataclass(frozen=True)
class Checkout:
    """A page at the provider where somebody pays."""

    id: str
    reference: str
    amount_cents: int


class PaymentClient(Protocol):
    """What the services need of a payment provider."""

    def open_checkout(self, reference: str, amount_cents: int) -> Checkout:
        """Ask for a page to pay on; raise `PaymentError` when there is none."""


class OnlinePayments:
    """Asks the provider at the address of the settings."""

    def open_checkout(self, reference: str, amount_cents: int) -> Checkout:
        """Ask over HTTP, waiting at most ten seconds for the answer."""
        try:
            answer = httpx.post(
                f"{settings.payments_url}/checkouts",
                json={"reference": reference, "amount_cents": amount_cents},
                headers={"Authorization": f"Bearer {settings.payments_key}"},
                timeout=10,
            )
            return Checkout(str(answer.raise_for_status().json()["id"]), reference, amount_cents)
        except (httpx.HTTPError, KeyError, ValueError) as error:
            raise PaymentError(str(error)) from error


class OfflinePayments:
    """Keeps checkouts in memory; can be told to be slow or to fail."""

    def __init__(self) -> None:
        self._checkouts: list[Checkout] = []
        self._lock = Lock()
        self.trouble = Trouble()

    def open_checkout(self, reference: str, amount_cents: int) -> Checkout:
        """Open a checkout after the set latency."""
        if self.trouble.endure():
            raise PaymentError("the payment provider is out of order")
        checkout = Checkout(f"chk_{reference.lower()}", reference, amount_cents)
        with self._lock:
            self._checkouts.append(checkout)
        return checkout

    def checkouts(self) -> list[Checkout]:
        """Return the checkouts opened so far, oldest first."""
        with self._lock:
            return list(self._checkouts)

    def reset(self) -> None:
        """Forget the checkouts."""
        with self._lock:
            self._checkouts.clear()


offline_payments = OfflinePayments()


def get_payments() -> PaymentClient:
    """Return the payment client that the settings ask for."""
    return offline_payments if settings.offline else OnlinePayments()
