"""Credits, payments, billing, licences, authorisation and background jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = (
    "seats",
    "licences",
    "api_keys",
    "members",
    "usage_counts",
    "statements",
    "webhook_events",
    "payment_orders",
    "subscriptions",
    "credit_entries",
    "credit_accounts",
)


def upgrade() -> None:
    """Create the accounts first: everything is paid from them."""
    create_accounts()
    create_payments()
    create_reports()
    create_access()


def tenant_id() -> sa.Column[int]:
    """Return the column that says whose row it is."""
    return sa.Column("tenant_id", sa.Integer, sa.ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False)


def timestamps() -> list[sa.Column[object]]:
    """Return the columns that say when a row was written and last changed."""
    return [
        sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())
        for name in ("created_at", "updated_at")
    ]


def create_accounts() -> None:
    """Create the credit accounts with their entries, and the plans paid from them."""
    op.create_table(
        "credit_accounts",
        sa.Column("tenant_id", sa.Integer, sa.ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("balance", sa.Integer, nullable=False),
        *timestamps(),
        sa.CheckConstraint("balance >= 0", name="not_overdrawn"),
    )
    op.create_table(
        "credit_entries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "tenant_id", sa.Integer, sa.ForeignKey("credit_accounts.tenant_id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("balance_after", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index(op.f("ix_credit_entries_tenant_id"), "credit_entries", ["tenant_id"])
    op.create_table(
        "subscriptions",
        sa.Column("tenant_id", sa.Integer, sa.ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("plan", sa.String(10), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("paid_until", sa.DateTime(timezone=True)),
        *timestamps(),
    )
    op.create_index(op.f("ix_subscriptions_paid_until"), "subscriptions", ["paid_until"])


def create_payments() -> None:
    """Create the orders, and the memory of messages that were taken in."""
    op.create_table(
        "payment_orders",
        sa.Column("id", sa.Integer, primary_key=True),
        tenant_id(),
        sa.Column("pack", sa.String(20), nullable=False),
        sa.Column("credits", sa.Integer, nullable=False),
        sa.Column("amount_cents", sa.Integer, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("checkout", sa.String(60), unique=True),
        sa.Column("paid_at", sa.DateTime(timezone=True)),
        *timestamps(),
    )
    op.create_index(op.f("ix_payment_orders_tenant_id"), "payment_orders", ["tenant_id"])
    op.create_table(
        "webhook_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("event_id", sa.String(80), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("source", "event_id"),
    )


def create_reports() -> None:
    """Create what the worker writes and the middleware counts."""
    op.create_table(
        "statements",
        sa.Column("id", sa.Integer, primary_key=True),
        tenant_id(),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("text", sa.Text),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
    )
    op.create_index(op.f("ix_statements_tenant_id"), "statements", ["tenant_id"])
    op.create_table(
        "usage_counts",
        sa.Column("id", sa.Integer, primary_key=True),
        tenant_id(),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("route", sa.String(120), nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.UniqueConstraint("tenant_id", "day", "route"),
    )


def create_access() -> None:
    """Create members with keys, and licences with seats."""
    op.create_table(
        "members",
        sa.Column("id", sa.Integer, primary_key=True),
        tenant_id(),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.UniqueConstraint("tenant_id", "email"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("member_id", sa.Integer, sa.ForeignKey("members.id", ondelete="CASCADE"), nullable=False),
        sa.Column("prefix", sa.String(12), nullable=False, unique=True),
        sa.Column("secret_hash", sa.String(200), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True)),
        sa.Column("window_calls", sa.Integer, nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
    )
    op.create_index(op.f("ix_api_keys_member_id"), "api_keys", ["member_id"])
    op.create_index(op.f("ix_api_keys_deleted_at"), "api_keys", ["deleted_at"])
    op.create_table(
        "licences",
        sa.Column("id", sa.Integer, primary_key=True),
        tenant_id(),
        sa.Column("product", sa.String(80), nullable=False),
        sa.Column("seats_total", sa.Integer, nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        *timestamps(),
    )
    op.create_index(op.f("ix_licences_tenant_id"), "licences", ["tenant_id"])
    op.create_index(op.f("ix_licences_deleted_at"), "licences", ["deleted_at"])
    op.create_table(
        "seats",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("licence_id", sa.Integer, sa.ForeignKey("licences.id", ondelete="CASCADE"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.UniqueConstraint("licence_id", "number"),
        sa.UniqueConstraint("licence_id", "email"),
    )


def downgrade() -> None:
    """Drop the tables, children first."""
    for table in TABLES:
        op.drop_table(table)
