"""The tables of Relay as typed SQLAlchemy models."""

from relay.models.base import Base
from relay.models.customer import Contact, Customer, Tag, customer_tags
from relay.models.project import Project, Task
from relay.models.quote import Quote, QuoteLine
from relay.models.tenant import CodeRequest, OneTimeCode, Tenant, TenantSession

__all__ = [
    "Base",
    "CodeRequest",
    "Contact",
    "Customer",
    "OneTimeCode",
    "Project",
    "Quote",
    "QuoteLine",
    "Tag",
    "Task",
    "Tenant",
    "TenantSession",
    "customer_tags",
]
