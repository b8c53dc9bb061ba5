"""Users, devices, chats, messages and what is made of them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CHILDREN_FIRST = (
    *("llm_calls", "insights", "insight_jobs", "user_definitions", "definitions", "categories"),
    *("passages", "messages", "chats", "link_codes", "devices", "users"),
)


def upgrade() -> None:
    """Create users first: most of the rest points at them."""
    create_users()
    create_chats()
    create_definitions()
    create_insights()


def key(name: str, target: str, *, on_delete: str = "CASCADE", nullable: bool = False) -> sa.Column[int]:
    """Return a column that points at the id of another table."""
    return sa.Column(name, sa.Integer, sa.ForeignKey(f"{target}.id", ondelete=on_delete), nullable=nullable)


def create_users() -> None:
    """Create the users, their devices and the codes that link further ones."""
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        key("tenant_id", "tenants"),
        sa.Column("external_id", sa.String(80), nullable=False),
        sa.Column("name", sa.String(120)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("tenant_id", "external_id"),
    )
    op.create_table(
        "devices",
        sa.Column("id", sa.Integer, primary_key=True),
        key("tenant_id", "tenants"),
        key("user_id", "users"),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("tenant_id", "key"),
    )
    op.create_index(op.f("ix_devices_user_id"), "devices", ["user_id"])
    op.create_table(
        "link_codes",
        sa.Column("id", sa.Integer, primary_key=True),
        key("user_id", "users"),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index(op.f("ix_link_codes_user_id"), "link_codes", ["user_id"])
    op.create_index(op.f("ix_link_codes_code_hash"), "link_codes", ["code_hash"])


def create_chats() -> None:
    """Create the chats, which stay when their user goes, with messages and passages."""
    op.create_table(
        "chats",
        sa.Column("id", sa.Integer, primary_key=True),
        key("tenant_id", "tenants"),
        key("user_id", "users", on_delete="SET NULL", nullable=True),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("public_key", sa.String(43), unique=True),
        sa.Column("file_path", sa.String(500)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_index(op.f("ix_chats_tenant_id"), "chats", ["tenant_id"])
    op.create_index(op.f("ix_chats_user_id"), "chats", ["user_id"])
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer, primary_key=True),
        key("chat_id", "chats"),
        key("author_id", "users", on_delete="SET NULL", nullable=True),
        sa.Column("author_name", sa.String(120)),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
    )
    op.create_index(op.f("ix_messages_chat_id"), "messages", ["chat_id"])
    op.create_index(op.f("ix_messages_author_id"), "messages", ["author_id"])
    op.create_table(
        "passages",
        sa.Column("id", sa.Integer, primary_key=True),
        key("user_id", "users"),
        key("message_id", "messages"),
        sa.Column("quote", sa.String(500), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("user_id", "message_id", "quote"),
    )
    op.create_index(op.f("ix_passages_message_id"), "passages", ["message_id"])


def create_definitions() -> None:
    """Create the categories, their definitions and who follows them."""
    op.create_table(
        "categories",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(40), nullable=False, unique=True),
        sa.Column("title", sa.String(120), nullable=False),
    )
    op.create_table(
        "definitions",
        sa.Column("id", sa.Integer, primary_key=True),
        key("category_id", "categories"),
        sa.Column("key", sa.String(40), nullable=False, unique=True),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("prompt", sa.Text, nullable=False),
        sa.Column("credits", sa.Integer, nullable=False),
    )
    op.create_index(op.f("ix_definitions_category_id"), "definitions", ["category_id"])
    op.create_table(
        "user_definitions",
        key("user_id", "users"),
        key("definition_id", "definitions"),
        sa.PrimaryKeyConstraint("user_id", "definition_id"),
    )


def create_insights() -> None:
    """Create the jobs, the insights they yield and the calls they make."""
    op.create_table(
        "insight_jobs",
        sa.Column("id", sa.Integer, primary_key=True),
        key("tenant_id", "tenants"),
        key("chat_id", "chats"),
        key("category_id", "categories"),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("error", sa.String(200)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("chat_id", "category_id"),
    )
    op.create_index(op.f("ix_insight_jobs_tenant_id"), "insight_jobs", ["tenant_id"])
    op.create_table(
        "insights",
        sa.Column("id", sa.Integer, primary_key=True),
        key("job_id", "insight_jobs"),
        key("definition_id", "definitions"),
        sa.Column("text", sa.Text, nullable=False),
        sa.UniqueConstraint("job_id", "definition_id"),
    )
    op.create_table(
        "llm_calls",
        sa.Column("id", sa.Integer, primary_key=True),
        key("tenant_id", "tenants"),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("tokens", sa.Integer, nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index(op.f("ix_llm_calls_tenant_id"), "llm_calls", ["tenant_id"])


def downgrade() -> None:
    """Drop the tables, children first."""
    for table in CHILDREN_FIRST:
        op.drop_table(table)
