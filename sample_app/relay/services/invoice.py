"""Invoices: written to a file, and stamped by a program outside."""

import subprocess
from pathlib import Path

from relay.errors import Conflict, Unavailable
from relay.models import PaymentOrder
from relay.settings import settings


def render(order: PaymentOrder) -> Path:
    """Write the invoice of a paid order with its stamp, and return where; raise `Conflict` before it is paid."""
    if order.paid_at is None:
        raise Conflict(f"Order {order.id} is not paid")
    folder = settings.files / "invoices"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{order.invoice_number}.txt"
    path.write_text(text(order), encoding="utf-8")
    mark = stamp(path)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"Stamp: {mark}\n")
    return path


def text(order: PaymentOrder) -> str:
    """Return the lines of an invoice."""
    return (
        f"Invoice {order.invoice_number}\n"
        f"For: {order.tenant.name}, {order.tenant.email}\n"
        f"{order.credits} credits, pack {order.pack}: {order.amount_cents / 100:.2f}\n"
        f"Paid on {order.paid_at:%Y-%m-%d}\n"
    )


def stamp(path: Path) -> str:
    """Ask the stamping program for the mark of a file."""
    command = [*settings.stamp_command, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable("The invoice could not be stamped: try again in a minute") from error
    return done.stdout.strip()
