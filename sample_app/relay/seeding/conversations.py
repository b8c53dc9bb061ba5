"""Sample conversations: 60 chats with 6,000 messages, some said twice, some by nobody, some chats nobody owns."""

from datetime import datetime, timedelta
from random import Random

from sqlalchemy import insert
from sqlalchemy.orm import Session

from relay.models import Category, Chat, Definition, Device, Message, Passage, Tenant, User, UserDefinition

CHATS = {"northwind": 30, "contoso": 20, "fabrikam": 10}
MESSAGES_PER_CHAT = 100
NAMES = ("Ida", "Jon", None, "Kim", "Lea", "Ida", None, "Max", "Nora", "Olav")
SUBJECTS = ("the delivery", "our invoice", "the new office", "the garden party", "a spare part", "the training day")
OPENINGS = ("Can somebody look at", "I am happy with", "Nobody told me about", "We should talk about", "Thanks for")
ENDINGS = ("today", "before Friday", "again", "when you have a minute", "as agreed")
MEDIA = "<Media omitted>"
CATEGORIES = (
    ("mood", "Mood", (("tone", "Tone of voice", 5), ("thanks", "Who thanks whom", 5))),
    ("work", "Work", (("todo", "What is to be done", 10), ("dates", "Dates and deadlines", 30))),
    ("people", "People", (("roles", "Who does what", 40),)),
)


def add_categories(db: Session) -> None:
    """Add the categories and definitions that all tenants share."""
    for key, title, definitions in CATEGORIES:
        category = Category(key=key, title=title)
        category.definitions = [
            Definition(key=key, title=title, prompt=f"{title} in this chat:", credits=credits)
            for key, title, credits in definitions
        ]
        db.add(category)
        db.flush()


def add_conversations(db: Session, tenant: Tenant, start: datetime) -> None:
    """Add users with devices, and the chats they brought."""
    rng = Random(f"conversations of {tenant.slug}")
    users = add_users(db, tenant, CHATS[tenant.slug] // 3, start=start)
    for index in range(CHATS[tenant.slug]):
        created = start + timedelta(days=index)
        chat = Chat(
            tenant_id=tenant.id,
            user=None if index % 7 == 6 else rng.choice(users),
            title=f"{rng.choice(SUBJECTS).split()[-1].title()} {index % 8 + 1}",
            public_key=f"{tenant.slug}-sample-{index}" if index % 10 == 0 else None,
            created_at=created,
            updated_at=created,
        )
        db.add(chat)
        db.flush()
        db.execute(insert(Message), message_rows(chat, users, rng=rng))
    add_passages(db, tenant, users, start=start)


def add_users(db: Session, tenant: Tenant, size: int, *, start: datetime) -> list[User]:
    """Add users: names repeat, every third has no device, two follow the same insights."""
    users = [
        User(
            tenant_id=tenant.id,
            external_id=f"u{number:03}",
            name=NAMES[(number - 1) % len(NAMES)],
            created_at=start,
            updated_at=start,
        )
        for number in range(1, size + 1)
    ]
    db.add_all(users)
    db.flush()
    for number, user in enumerate(users):
        if number % 3:
            db.add(Device(tenant_id=tenant.id, user_id=user.id, key=f"phone-{user.external_id}", linked_at=start))
        followed = [{"user_id": user.id, "definition_id": one} for one in range(1, number % 3 + 1)]
        db.add_all(UserDefinition(**row) for row in followed)
    db.flush()
    return users


def message_rows(chat: Chat, users: list[User], *, rng: Random) -> list[dict[str, object]]:
    """Return the messages of a chat as rows: some by users, some by names, some by nobody, some without a time."""
    rows: list[dict[str, object]] = []
    for index in range(MESSAGES_PER_CHAT):
        by_name = rng.choice((None, "Somebody Else", "Pia")) if index % 4 == 3 else None
        text = f"{rng.choice(OPENINGS)} {rng.choice(SUBJECTS)} {rng.choice(ENDINGS)}"
        row: dict[str, object] = {
            "chat_id": chat.id,
            "author_id": None if index % 4 == 3 else rng.choice(users).id,
            "author_name": by_name,
            "text": MEDIA if index % 20 == 10 else text,
            "sent_at": None if index % 25 == 5 else chat.created_at + timedelta(minutes=7 * index),
        }
        # Whoever has a bad connection sends twice.
        rows.append({**rows[-1]} if index % 30 == 29 else row)
    return rows


def add_passages(db: Session, tenant: Tenant, users: list[User], *, start: datetime) -> None:
    """Let the first two users keep the same words of the same message."""
    message = db.query(Message).join(Message.chat).filter(Chat.tenant_id == tenant.id).order_by(Message.id).first()
    assert message is not None
    quote = message.text.split()[0]
    db.add_all(Passage(user_id=user.id, message_id=message.id, quote=quote, saved_at=start) for user in users[:2])
    db.flush()
