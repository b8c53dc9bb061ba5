"""Settings of the application, read once from the environment."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_SECRET = "development-only"
DEFAULT_DATABASE = Path(__file__).resolve().parent.parent / "relay.db"


class Settings(BaseSettings):
    """What may differ from one installation to the next; durations are in seconds."""

    model_config = SettingsConfigDict(env_prefix="RELAY_", populate_by_name=True)

    # One address for the application, Alembic and the seed script.
    database_url: str = Field(default=f"sqlite:///{DEFAULT_DATABASE.as_posix()}", validation_alias="DATABASE_URL")
    pool_size: int = 20
    pool_overflow: int = 60
    pool_timeout: float = 30.0

    # Offline, mail stays in the process and is read at /offline/mail.
    offline: bool = True
    smtp_host: str = "localhost"
    smtp_port: int = 25
    mail_from: str = "no-reply@relay.example"

    upload_folder: Path = DEFAULT_DATABASE.parent / "uploads"
    upload_limit: int = 1_000_000
    llm_url: str = "http://localhost:8080/complete"
    llm_key: str = ""
    llm_calls_per_hour: int = 20
    feed_interval: float = 1.0

    secret_key: str = DEVELOPMENT_SECRET
    code_lifetime: int = 600
    code_attempts: int = 5
    codes_per_window: int = 5
    code_window: int = 900
    session_lifetime: int = 30 * 24 * 3600

    @model_validator(mode="after")
    def require_a_secret_online(self) -> Self:
        """Refuse the published development secret wherever real mail is sent."""
        if not self.offline and self.secret_key == DEVELOPMENT_SECRET:
            raise ValueError("RELAY_SECRET_KEY must be set when RELAY_OFFLINE is off")
        return self


settings = Settings()
