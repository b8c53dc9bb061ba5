"""Settings of the application, read once from the environment."""

import sys
import tempfile
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_SECRET = "development-only"
STAMP = "import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest())"
DEFAULT_DATABASE = Path(__file__).resolve().parent.parent / "relay.db"


class Settings(BaseSettings):
    """What may differ from one installation to the next; durations are in seconds."""

    model_config = SettingsConfigDict(env_prefix="RELAY_", populate_by_name=True)

    # One address for the application, Alembic and the seed script.
    database_url: str = Field(default=f"sqlite:///{DEFAULT_DATABASE.as_posix()}", validation_alias="DATABASE_URL")
    pool_size: int = 20
    pool_overflow: int = 60
    pool_timeout: float = 30.0
    # With READ COMMITTED, who has waited for a row's lock sees the row as the one before left it.
    isolation_level: str | None = None

    # Offline, mail stays in the process and is read at /offline/mail.
    offline: bool = True
    smtp_host: str = "localhost"
    smtp_port: int = 25
    mail_from: str = "no-reply@relay.example"

    # The language model is a word counter when offline; an upload is at most so many bytes.
    upload_limit: int = 1_000_000
    llm_url: str = "http://localhost:8080/complete"
    llm_key: str = ""
    llm_calls_per_hour: int = 20
    feed_interval: float = 1.0

    # Offline, payments stay in the process too, at /offline/payments; without a secret no webhook is believed.
    payments_url: str = "https://payments.example/v1"
    payments_key: str = ""
    webhook_secret: str = ""
    webhook_tolerance: int = 300

    # The broker of the worker; in memory, the worker is a thread of the application.
    broker_url: str = "memory://"

    # Where invoices are written, and the program that stamps them: it gets the file's name and prints the stamp.
    files: Path = Path(tempfile.gettempdir()) / "relay-files"
    stamp_command: list[str] = [sys.executable, "-I", "-S", "-c", STAMP]

    secret_key: str = DEVELOPMENT_SECRET
    code_lifetime: int = 600
    code_attempts: int = 5
    codes_per_window: int = 5
    code_window: int = 900
    session_lifetime: int = 30 * 24 * 3600

    # Opens the administrators' pages and routes; online there are none without it.
    admin_key: str | None = None
    admin_pass_lifetime: int = 8 * 3600

    # What a guess of a contact's password costs (a power of two), and how many there may be.
    password_cost: int = 2**14
    password_attempts: int = 5
    password_lockout: int = 900
    portal_lifetime: int = 7 * 24 * 3600

    price_lifetime: int = 3600

    @model_validator(mode="after")
    def require_a_secret_online(self) -> Self:
        """Refuse the published development secret wherever real mail is sent."""
        if not self.offline and self.secret_key == DEVELOPMENT_SECRET:
            raise ValueError("RELAY_SECRET_KEY must be set when RELAY_OFFLINE is off")
        if self.offline:
            self.webhook_secret = self.webhook_secret or DEVELOPMENT_SECRET
            self.admin_key = self.admin_key or DEVELOPMENT_SECRET
        return self


settings = Settings()
