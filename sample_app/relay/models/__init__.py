"""The tables of Relay as typed SQLAlchemy models."""

from relay.models.access import ApiKey, Licence, Member, Seat, SoftDeletes
from relay.models.base import Base
from relay.models.conversation import Chat, Device, LinkCode, Message, Passage, User
from relay.models.customer import Contact, Customer, Tag, customer_tags
from relay.models.helpdesk import Entry, Note, StatusChange, Ticket
from relay.models.insight import Category, Definition, Insight, InsightJob, LlmCall, UserDefinition
from relay.models.llm import LlmDefault, LlmOverride, Prompt, PromptVersion
from relay.models.money import (
    CreditAccount,
    CreditEntry,
    PaymentOrder,
    Statement,
    Subscription,
    UsageCount,
    WebhookEvent,
)
from relay.models.planning import Booking, Calendar
from relay.models.portal import PortalLogin, PortalSession
from relay.models.project import Project, Task
from relay.models.quote import Quote, QuoteLine
from relay.models.sales import Campaign, Lead, Offer, Product, Supplier
from relay.models.tenant import CodeRequest, OneTimeCode, Tenant, TenantSession

__all__ = [
    "ApiKey",
    "Base",
    "Booking",
    "Calendar",
    "Campaign",
    "Category",
    "Chat",
    "CodeRequest",
    "Contact",
    "CreditAccount",
    "CreditEntry",
    "Customer",
    "Definition",
    "Device",
    "Entry",
    "Insight",
    "InsightJob",
    "Lead",
    "Licence",
    "LinkCode",
    "LlmCall",
    "LlmDefault",
    "LlmOverride",
    "Member",
    "Message",
    "Note",
    "Offer",
    "OneTimeCode",
    "Passage",
    "PaymentOrder",
    "PortalLogin",
    "PortalSession",
    "Product",
    "Project",
    "Prompt",
    "PromptVersion",
    "Quote",
    "QuoteLine",
    "Seat",
    "SoftDeletes",
    "Statement",
    "StatusChange",
    "Subscription",
    "Supplier",
    "Tag",
    "Task",
    "Tenant",
    "TenantSession",
    "Ticket",
    "UsageCount",
    "User",
    "UserDefinition",
    "WebhookEvent",
    "customer_tags",
]
