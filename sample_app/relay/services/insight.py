"""Insights: paid for once per chat and category, generated after the request, every call of the model written down."""

import logging
from datetime import timedelta
from functools import partial
from typing import Annotated

from fastapi import Depends
from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError

from relay.clients.clock import now
from relay.clients.llm import LlmClient, LlmError, get_llm
from relay.database import SessionLocal
from relay.errors import Conflict, NotFound, RelayError, TooManyRequests, Unavailable
from relay.models import Insight, InsightJob, LlmCall, Tenant
from relay.services import credit
from relay.services.chat import ChatService
from relay.services.definition import DefinitionService
from relay.settings import settings

logger = logging.getLogger(__name__)

MESSAGES_READ = 200


class InsightService:
    """Unlocks, generates and reads insights."""

    def __init__(
        self,
        llm: Annotated[LlmClient, Depends(get_llm)],
        chats: Annotated[ChatService, Depends()],
        definitions: Annotated[DefinitionService, Depends()],
    ) -> None:
        self.llm = llm
        self.chats = chats
        self.definitions = definitions

    def unlock(self, db, tenant: Tenant, chat_id: int, *, category_key: str) -> InsightJob:
        """Pay for a category of a chat and note that it is to be generated; what failed is tried again for nothing."""
        chat = self.chats.get_chat(db, tenant, chat_id)
        category = self.definitions.get_category(db, category_key)
        job = db.query(InsightJob).filter_by(chat_id=chat.id, category_id=category.id).one_or_none()
        if job is not None and job.status != "failed":
            raise Conflict(f"{category.title} of chat {chat.id} is unlocked already")
        if job is not None:
            job.status, job.error, job.finished_at = "pending", None, None
        else:
            job = InsightJob(tenant_id=tenant.id, chat_id=chat.id, category=category, created_at=now())
            db.add(job)
            db.flush()
            credit.spend(db, tenant, category.credits, f"{category.title} of chat {chat.id}")
        db.commit()
        return job

    def get_job(self, db, tenant: Tenant, job_id: int) -> InsightJob:
        """Return a job by its id; raise `NotFound` unless it is the tenant's."""
        job = db.query(InsightJob).filter_by(id=job_id, tenant_id=tenant.id).first()
        if job is None:
            raise NotFound(f"No job {job_id}")
        return job

    def generate(self, job_id: int) -> None:
        """Generate the insights of a job in a session of its own, because the request is over by then."""
        db = SessionLocal()
        try:
            job = db.query(InsightJob).get(job_id)
            if job is None:  # the chat was deleted meanwhile
                return
            job.status = "running"
            db.commit()
            try:
                db.add_all(self._insights(db, job))
                job.status = "done"
            except RelayError as error:
                db.rollback()
                job.status, job.error = "failed", str(error)
            job.finished_at = now()
            db.commit()
        except (IntegrityError, StaleDataError, ObjectDeletedError):
            logger.info("The chat of job %s was deleted while its insights were generated", job_id)
        finally:
            db.close()

    def _insights(self, db, job: InsightJob) -> list[Insight]:
        """Return what the model says about a chat; nothing is written before the last answer is there."""
        recent = self.chats.earlier_messages(db, job.chat, before=None, limit=MESSAGES_READ)
        material = "\n".join(f"{message.written_by or 'somebody'}: {message.text}" for message in recent)
        ask = partial(self.ask, db, job.tenant_id, material=material)
        definitions = job.category.definitions
        return [
            Insight(job_id=job.id, definition=definition, text=ask(definition.prompt)) for definition in definitions
        ]

    def ask(self, db, tenant_id: int, prompt: str, *, material: str) -> str:
        """Ask the model; raise `Unavailable` when it fails and `TooManyRequests` when it was asked too often."""
        if self.calls_left(db, tenant_id) <= 0:
            raise TooManyRequests("The language model was asked too often in the last hour", retry_after=3600)
        tokens = 0
        try:
            completion = self.llm.complete(prompt, material)
            tokens = completion.tokens
            return completion.text
        except LlmError as error:
            raise Unavailable(f"The language model does not answer: {error}") from error
        finally:
            self._write_down(tenant_id, prompt, tokens=tokens)

    def _write_down(self, tenant_id: int, prompt: str, *, tokens: int) -> None:
        """Note a call on a session of its own: it happened, whatever becomes of the request."""
        with SessionLocal() as own:
            own.add(LlmCall(tenant_id=tenant_id, purpose=prompt[:40], tokens=tokens, called_at=now()))
            own.commit()

    def calls_left(self, db, tenant_id: int) -> int:
        """Return how often a tenant may ask the model until the hour is over."""
        hour_ago = now() - timedelta(hours=1)
        recent = db.query(func.count(LlmCall.id)).filter(LlmCall.tenant_id == tenant_id, LlmCall.called_at > hour_ago)
        return settings.llm_calls_per_hour - recent.scalar()
