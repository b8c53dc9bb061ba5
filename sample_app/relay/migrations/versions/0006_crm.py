"""Leads, products, campaigns, tickets, portal, planning and configuration."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Children first, as they are dropped.
TABLES = (
    *("prompt_versions", "prompts", "llm_overrides", "llm_defaults"),
    *("bookings", "calendars", "portal_sessions", "portal_logins"),
    *("status_changes", "notes", "entries", "tickets"),
    *("offers", "products", "suppliers", "leads", "campaigns"),
)


def upgrade() -> None:
    """Create the tables, one area after another."""
    create_sales()
    create_goods()
    create_helpdesk()
    create_portal()
    create_planning()
    create_configuration()


def tenant() -> sa.Column[int]:
    """Return the column that says whose row it is."""
    return sa.Column("tenant_id", sa.Integer, sa.ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False)


def times() -> tuple[sa.Column[object], ...]:
    """Return the columns that say when a row was written and last changed."""
    kind = sa.DateTime(timezone=True)
    return (
        sa.Column("created_at", kind, nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", kind, nullable=False, server_default=sa.func.now()),
    )


def create_sales() -> None:
    """Create campaigns and the leads that they reach; a lead outlives its campaign and its customer."""
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Integer, primary_key=True),
        tenant(),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index(op.f("ix_campaigns_tenant_id"), "campaigns", ["tenant_id"])
    op.create_table(
        "leads",
        sa.Column("id", sa.Integer, primary_key=True),
        tenant(),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaigns.id", ondelete="SET NULL")),
        sa.Column("customer_id", sa.Integer, sa.ForeignKey("customers.id", ondelete="SET NULL")),
        sa.Column("person", sa.String(120), nullable=False),
        sa.Column("company", sa.String(120), nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("visits", sa.Integer, nullable=False),
        sa.Column("letters", sa.Integer, nullable=False),
        *times(),
    )
    op.create_index(op.f("ix_leads_tenant_id"), "leads", ["tenant_id"])
    op.create_index(op.f("ix_leads_campaign_id"), "leads", ["campaign_id"])


def create_goods() -> None:
    """Create products, suppliers and the offers between them."""
    op.create_table(
        "suppliers",
        sa.Column("id", sa.Integer, primary_key=True),
        tenant(),
        sa.Column("name", sa.String(120), nullable=False),
    )
    op.create_index(op.f("ix_suppliers_tenant_id"), "suppliers", ["tenant_id"])
    op.create_table(
        "products",
        sa.Column("id", sa.Integer, primary_key=True),
        tenant(),
        sa.Column("sku", sa.String(40), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("margin_percent", sa.Integer, nullable=False),
        sa.UniqueConstraint("tenant_id", "sku"),
    )
    op.create_table(
        "offers",
        sa.Column("product_id", sa.Integer, sa.ForeignKey("products.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("supplier_id", sa.Integer, sa.ForeignKey("suppliers.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("cost_cents", sa.Integer, nullable=False),
        sa.Column("min_quantity", sa.Integer, nullable=False),
    )


def create_helpdesk() -> None:
    """Create tickets, their entries and the tables of each kind of entry."""
    op.create_table(
        "tickets",
        sa.Column("id", sa.Integer, primary_key=True),
        tenant(),
        sa.Column("customer_id", sa.Integer, sa.ForeignKey("customers.id", ondelete="SET NULL")),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        *times(),
    )
    op.create_index(op.f("ix_tickets_tenant_id"), "tickets", ["tenant_id"])
    op.create_index(op.f("ix_tickets_customer_id"), "tickets", ["customer_id"])
    op.create_table(
        "entries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ticket_id", sa.Integer, sa.ForeignKey("tickets.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("author", sa.String(120), nullable=False),
        *times(),
    )
    op.create_index(op.f("ix_entries_ticket_id"), "entries", ["ticket_id"])
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer, sa.ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("notes.id", ondelete="CASCADE")),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index(op.f("ix_notes_parent_id"), "notes", ["parent_id"])
    op.create_table(
        "status_changes",
        sa.Column("id", sa.Integer, sa.ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("before", sa.String(10), nullable=False),
        sa.Column("after", sa.String(10), nullable=False),
    )


def create_portal() -> None:
    """Create the logins of contacts and their sessions."""
    op.create_table(
        "portal_logins",
        sa.Column("id", sa.Integer, primary_key=True),
        tenant(),
        sa.Column("contact_id", sa.Integer, sa.ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("contact_id"),
        sa.UniqueConstraint("tenant_id", "email"),
    )
    op.create_table(
        "portal_sessions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("login_id", sa.Integer, sa.ForeignKey("portal_logins.id", ondelete="CASCADE"), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index(op.f("ix_portal_sessions_login_id"), "portal_sessions", ["login_id"])


def create_planning() -> None:
    """Create calendars and the bookings in them."""
    op.create_table(
        "calendars",
        sa.Column("id", sa.Integer, primary_key=True),
        tenant(),
        sa.Column("person", sa.String(120), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.UniqueConstraint("tenant_id", "person"),
    )
    op.create_table(
        "bookings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("calendar_id", sa.Integer, sa.ForeignKey("calendars.id", ondelete="CASCADE"), nullable=False),
        sa.Column("project_id", sa.Integer, sa.ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index(op.f("ix_bookings_calendar_id"), "bookings", ["calendar_id"])
    op.create_index(op.f("ix_bookings_project_id"), "bookings", ["project_id"])


def create_configuration() -> None:
    """Create the choice of language models, and prompts with their earlier wordings."""
    op.create_table(
        "llm_defaults",
        sa.Column("purpose", sa.String(20), primary_key=True),
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("model", sa.String(60), nullable=False),
        sa.Column("max_tokens", sa.Integer, nullable=False),
        sa.Column("locked", sa.Boolean, nullable=False),
        *times(),
    )
    purpose = sa.ForeignKey("llm_defaults.purpose", ondelete="CASCADE")
    op.create_table(
        "llm_overrides",
        sa.Column("tenant_id", sa.Integer, sa.ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("purpose", sa.String(20), purpose, primary_key=True),
        sa.Column("provider", sa.String(20)),
        sa.Column("model", sa.String(60)),
        sa.Column("max_tokens", sa.Integer),
    )
    op.create_table(
        "prompts",
        sa.Column("id", sa.Integer, primary_key=True),
        tenant(),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *times(),
        sa.UniqueConstraint("tenant_id", "name"),
    )
    op.create_table(
        "prompt_versions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("prompt_id", sa.Integer, sa.ForeignKey("prompts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        *times(),
    )
    op.create_index(op.f("ix_prompt_versions_prompt_id"), "prompt_versions", ["prompt_id"])


def downgrade() -> None:
    """Drop the tables."""
    for table in TABLES:
        op.drop_table(table)
