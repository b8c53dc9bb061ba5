"""Outgoing mail: over SMTP, or into an outbox in memory when Relay runs offline."""

import smtplib
from dataclasses import dataclass
from email.message import EmailMessage
from threading import Lock
from typing import Protocol

from relay.clients.trouble import Trouble
from relay.settings import settings


class MailError(Exception):
    """The mail could not be handed over."""


@dataclass(frozen=True)
class Mail:
    """One message on its way to one reader."""

    to: str
    subject: str
    body: str


class MailClient(Protocol):
    """What the services need of a mail client."""

    def send(self, mail: Mail) -> None:
        """Hand a message over; raise `MailError` when that fails."""


class SmtpMail:
    """Hands every message to the SMTP server of the settings."""

    def send(self, mail: Mail) -> None:
        """Send over SMTP, waiting at most ten seconds for the server."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = settings.mail_from, mail.to, mail.subject
        message.set_content(mail.body)
        try:
            with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=10) as server:
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise MailError(str(error)) from error


class OfflineMail:
    """Keeps messages in memory; can be told to be slow or to fail."""

    def __init__(self) -> None:
        self._outbox: list[Mail] = []
        self._lock = Lock()
        self.trouble = Trouble()

    def send(self, mail: Mail) -> None:
        """Put a message into the outbox after the set latency."""
        if self.trouble.endure():
            raise MailError("the mail server refuses connections")
        with self._lock:
            self._outbox.append(mail)

    def outbox(self, to: str | None = None) -> list[Mail]:
        """Return the messages sent so far, oldest first, if asked only those for one address."""
        with self._lock:
            return [mail for mail in self._outbox if to is None or mail.to == to]

    def reset(self) -> None:
        """Empty the outbox."""
        with self._lock:
            self._outbox.clear()


offline_mail = OfflineMail()


def get_mail() -> MailClient:
    """Return the mail client that the settings ask for."""
    return offline_mail if settings.offline else SmtpMail()
