"""The flip of what a framework runs beside others on one session: it takes turns, and who closes waits for the last."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.patterns.flipping import body, flipped, reasons

APP = '''\
import strawberry
from fastapi import FastAPI
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session, sessionmaker
from strawberry.dataloader import DataLoader
from strawberry.fastapi import BaseContext, GraphQLRouter
from strawberry.types import Info

from models import Author

engine = create_engine("sqlite:///authors.db")
SessionLocal = sessionmaker(engine, expire_on_commit=False)


def field(resolver):
    return strawberry.field(resolver=resolver)


def namesakes(db: Session) -> DataLoader:
    async def load(names: list[str]) -> list[int]:
        rows = db.execute(select(Author.name, func.count()).where(Author.name.in_(names)).group_by(Author.name))
        by_name = {name: count for name, count in rows}
        return [by_name[name] for name in names]

    return DataLoader(load_fn=load)


class Context(BaseContext):
    def __init__(self, db: Session) -> None:
        super().__init__()
        self.db = db
        self.namesakes = namesakes(db)


def get_context():
    db = SessionLocal()
    try:
        yield Context(db)
    finally:
        db.close()


def find(db: Session, id: int) -> Author:
    found = db.get(Author, id)
    if found is None:
        raise LookupError("no author")
    return found


@strawberry.type
class Node:
    id: int
    name: str

    @field
    async def namesakes(self, info: Info[Context, None]) -> int:
        return await info.context.namesakes.load(self.name)

    @field
    def before(self, info: Info[Context, None], least: int = 0) -> int:
        """How many come before."""
        # counted by the database
        least = max(least, 0)
        earlier = select(func.count()).select_from(Author).where(Author.id < self.id, Author.id >= least)
        return info.context.db.scalar(earlier)

    @strawberry.field
    def fails(self, info: Info[Context, None]) -> int:
        return find(info.context.db, -self.id).id


@strawberry.type
class Query:
    @strawberry.field
    def authors(self, info: Info[Context, None]) -> list[Node]:
        db: Session = info.context.db
        text = """authors
    in order"""
        assert text.endswith("s\\n    in order")
        return [Node(id=author.id, name=author.name) for author in db.scalars(select(Author).order_by(Author.id))]

    @field
    def author(self, info: Info[Context, None], id: int) -> Node | None:
        found = find(info.context.db, id)
        return Node(id=found.id, name=found.name)

    @field
    def sure(self, info: Info[Context, None], id: int) -> Node:
        found = find(info.context.db, id)
        return Node(id=found.id, name=found.name)


@strawberry.type
class Mutation:
    @field
    def rename(self, info: Info[Context, None], id: int, name: str) -> Node | None:
        found = find(info.context.db, id)
        found.name = name
        info.context.db.commit()
        return Node(id=found.id, name=found.name)


schema = strawberry.Schema(Query, mutation=Mutation)
app = FastAPI()
app.include_router(GraphQLRouter(schema, context_getter=get_context), prefix="/graphql")
'''
MODELS = """\
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
"""
RUN = """\
import asyncio, json, logging, sys

import httpx

from app import app

logging.getLogger("strawberry.execution").setLevel(logging.CRITICAL)


async def main():
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for query in json.loads(sys.argv[1]):
            answer = await client.post("/graphql", json={"query": query})
            told = answer.json()
            print(json.dumps([answer.status_code, told["data"], [one["message"] for one in told.get("errors", [])]]))


asyncio.run(main())
"""
TOGETHER = (
    "{ authors { id name namesakes before before2: before(least: 2) } again: authors { before namesakes } }",
    "{ first: author(id: 1) { before } second: author(id: 2) { before namesakes } }",
)
FAILING = (
    "{ authors { namesakes } sure(id: 9) { id } }",
    "{ authors { namesakes } sure(id: 9) { id } author(id: 1) { before } }",
    "{ author(id: 1) { fails before } authors { namesakes before } }",
    "{ author(id: 9) { id } authors { before } }",
)
CHANGING = (
    'mutation { a: rename(id: 1, name: "Eve") { name namesakes before } b: rename(id: 2, name: "Eve") { namesakes } }',
    'mutation { a: rename(id: 1, name: "Kim") { fails before } b: rename(id: 2, name: "Kim") { namesakes before } }',
)


def answers(folder: Path, app: str, queries: tuple[str, ...]) -> list[list[object]]:
    """What a server of these resolvers answers, on three authors of two names."""
    folder.mkdir()
    for name, text in {"models.py": MODELS, "app.py": app, "run.py": RUN}.items():
        (folder / name).write_text(text, encoding="utf-8")
    with sqlite3.connect(folder / "authors.db") as database:
        database.execute("CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
        database.executemany("INSERT INTO authors (name) VALUES (?)", [("Ada",), ("Bob",), ("Ada",)])
    database.close()
    ran = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "run.py", json.dumps(queries)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not ran.returncode, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The application after the flip."""
    after = flipped(tmp_path_factory.mktemp("application"), {"app.py": APP}, MODELS)["app.py"]
    assert "AsyncSession" in after
    return after


@pytest.mark.parametrize("queries", [TOGETHER, FAILING, CHANGING], ids=["together", "failing", "changing"])
def test_resolvers_of_one_request_answer_as_before(queries: tuple[str, ...], turned: str, tmp_path: Path) -> None:
    before, after = answers(tmp_path / "before", APP, queries), answers(tmp_path / "after", turned, queries)
    assert after == before
    assert {answer[0] for answer in before} == {200}


def test_without_turns_the_session_does_not_stand_it(turned: str, tmp_path: Path) -> None:
    careless = turned.replace("asyncio.Lock()", "contextlib.nullcontext()").replace(
        "import asyncio", "import asyncio\nimport contextlib", 1
    )
    assert careless != turned
    told = json.dumps(answers(tmp_path / "careless", careless, TOGETHER))
    assert "concurrent operations are not permitted" in told or "this session" in told.lower(), told


HEAD = """\
import strawberry
from strawberry.dataloader import DataLoader
from strawberry.fastapi import GraphQLRouter


class Context:
    def __init__(self, db: Session, other: Session) -> None:
        self.db = db
        self.other = other


Info = strawberry.Info[Context, None]


def make() -> Session:
    return Session(None, expire_on_commit=False)


def get_context():
    db = make()
    yield Context(db, db)
    db.close()


router = GraphQLRouter(None, context_getter=get_context)


"""
TURN = '.info.setdefault("turn", asyncio.Lock()):\n'
FOLLOWS = {
    "a loader on the session that it closes over": (
        """\
        def authors(db: Session):
            async def load(keys):
                return [db.get(Author, key) for key in keys]

            return DataLoader(load_fn=load)
        """,
        f"        async with db{TURN}            return [await db.get(Author, key) for key in keys]\n",
    ),
    "a resolver of tabs": (
        """\
        @strawberry.type
        class Query:
        \t@strawberry.field
        \tdef name(self, info: Info) -> str:
        \t\treturn info.context.db.get(Author, 1).name
        """,
        f"\t\tasync def in_turn() -> str:\n\t\t\tasync with info.context.db{TURN}"
        "\t\t\t\treturn (await info.context.db.get(Author, 1)).name\n\n\t\treturn await asyncio.shield(in_turn())\n",
    ),
    "a resolver that hands the session on": (
        """\
        def find(s: Session):
            return s.get(Author, 1).name


        @strawberry.type
        class Query:
            @strawberry.field
            def name(self, info) -> str:
                return find(info.context.db)
        """,
        f"            async with info.context.db{TURN}                return await find(info.context.db)\n",
    ),
    "a context that is no class": (
        """\
        @strawberry.type
        class Query:
            @strawberry.field
            def name(self, info) -> str:
                db: Session = info.context["db"]
                return db.get(Author, 1).name
        """,
        f"            async with info.context['db']{TURN}                db: AsyncSession = info.context[\"db\"]\n",
    ),
    "a session that a dependency opens": (
        """\
        from fastapi import Depends


        def get_db():
            with Session(None, expire_on_commit=False) as s:
                yield s


        async def opened(db: Session = Depends(get_db)):
            return Context(db, db)


        other = GraphQLRouter(None, context_getter=opened)


        @strawberry.type
        class Query:
            @strawberry.field
            def name(self, info: Info) -> str:
                return info.context.db.get(Author, 1).name
        """,
        "        try:\n            yield s\n        finally:\n"
        f"            async with s{TURN}                await s.close()\n",
    ),
    "a mutation beside which others may be left over": (
        """\
        @strawberry.type
        class Query:
            @strawberry.field
            def name(self, info: Info) -> str:
                return info.context.db.get(Author, 1).name


        @strawberry.type
        class Mutation:
            @strawberry.mutation
            def save(self, info: Info) -> str:
                info.context.db.commit()
                return "saved"
        """,
        f"        async with info.context.db{TURN}            await info.context.db.commit()\n",
    ),
}


@pytest.mark.parametrize(("text", "written"), FOLLOWS.values(), ids=FOLLOWS)
def test_what_runs_beside_others_takes_turns(text: str, written: str, tmp_path: Path) -> None:
    after = body(tmp_path, HEAD + dedent(text))
    assert written in after, (after, reasons(tmp_path, HEAD + dedent(text)))
    assert "    async with db.info" in after.partition("router = ")[0]


APART = {
    "a session of its own": """\
        @strawberry.type
        class Query:
            @strawberry.field
            def name(self) -> str:
                with Session(None, expire_on_commit=False) as s:
                    return s.get(Author, 1).name
        """,
    "what a method opens from the factory that it keeps": """\
        Factory = sessionmaker(create_engine("sqlite://"), expire_on_commit=False)


        class Authors:
            def __init__(self):
                self.made = Factory

            def save(self, name: str) -> str:
                with self.made.begin() as s:
                    s.add(Author(name=name))
                    s.flush()
                    return name


        authors = Authors()


        @strawberry.type
        class Query:
            @strawberry.field
            def name(self) -> str:
                return authors.save("Ada")
        """,
    "mutations alone": """\
        @strawberry.type
        class Mutation:
            @strawberry.mutation
            def save(self, info: Info) -> str:
                info.context.db.commit()
                return "saved"
        """,
    "the fields of a mutation alone": """\
        @strawberry.type
        class Mutation:
            @strawberry.field
            def save(self, info: Info) -> str:
                info.context.db.commit()
                return "saved"


        schema = strawberry.Schema(None, mutation=Mutation)
        """,
}


@pytest.mark.parametrize("text", APART.values(), ids=APART)
def test_what_nothing_runs_beside_takes_no_turn(text: str, tmp_path: Path) -> None:
    after = body(tmp_path, HEAD + dedent(text))
    assert "await " in after and "Lock()" not in after, (after, reasons(tmp_path, HEAD + dedent(text)))


def field(*lines: str, name: str = "def name(self, info: Info) -> str:") -> str:
    """A query of one resolver with these lines."""
    text = "".join(f"        {line}\n" for line in lines)
    return f"@strawberry.type\nclass Query:\n    @strawberry.field\n    {name}\n{text}"


LEFT = {
    "an await in between": (
        field(
            "author = info.context.db.get(Author, 1)",
            "return await finish(author)",
            name="async def name(self, info: Info) -> str:",
        ),
        "name awaits something in between",
    ),
    "a resolver inside another": (
        field("return info.context.db.get(Author, 1).name")
        + "\n    @strawberry.field\n    def both(self, info: Info) -> str:\n"
        "        return info.context.db.get(Author, 2).name + self.name(info)\n",
        "both would wait for its own turn in Query.name",
    ),
    "a resolver inside itself": (
        field("info.context.db.get(Author, 1)", "return self.name(info)"),
        "name would wait for its own turn, as it calls itself",
    ),
    "two sessions": (
        field("info.context.other.get(Author, 1)", "return info.context.db.get(Author, 1).name"),
        "name uses `info.context.other` and `info.context.db`",
    ),
    "a session that is computed": (
        "def of(info: Info) -> Session:\n    return info.context.db\n\n\n"
        + field("return of(info).get(Author, 1).name"),
        "they would share `of(info)`: open a session in name",
    ),
    "a session out of sight": (
        "class Shelf:\n    def __init__(self, s: Session):\n        self.s = s\n\n"
        "    def name(self) -> str:\n        return self.s.get(Author, 1).name\n\n\n"
        + field("return shelf.name()", name="def name(self, shelf: Shelf) -> str:"),
        "they may share `self.s` at app.py:",
    ),
    "a field that commits": (
        field("info.context.db.commit()", 'return "saved"'),
        "`info.context.db.commit()` at app.py:37 is more than reading: make a mutation of it",
    ),
    "a field that leads to an update": (
        "from sqlalchemy import update\n\n\ndef rename(s: Session):\n"
        '    s.execute(update(Author).values(name="Eve"))\n\n\n' + field("rename(info.context.db)", 'return "saved"'),
        "is more than reading: make a mutation of it",
    ),
    "a session of which only its name tells": (
        "def find(s: Session):\n    return s.get(Author, 1)\n\n\n"
        + field("find(info.context.db)", "return info.context.db.get(Author, 1)", name="def name(self, info) -> str:"),
        "nothing but its name tells that `info.context.db` is a session",
    ),
    "something that a function inside has another of": (
        field("return super().name + info.context.db.get(Author, 1).name"),
        "`super` means another thing in a function inside",
    ),
    "a body without lines of its own": (
        field(name="def name(self, info: Info) -> str: return info.context.db.get(Author, 1).name"),
        "give its body lines of its own",
    ),
    "a turn that is something else": (
        'def after(s: Session):\n    return s.info.get("turn")\n\n\n'
        + field("return info.context.db.get(Author, 1).name"),
        "`turn` at app.py:34 may be kept in the `.info` of a session already",
    ),
    "what is done behind the yield of a context that ends it in several ways": (
        "def again():\n    with Session(None) as db:\n        yield Context(db, db)\n        db.commit()\n\n\n"
        "other = GraphQLRouter(None, context_getter=again)\n\n\n" + field("return info.context.db.get(Author, 1).name"),
        "again ends the session that resolvers share in several ways",
    ),
}


@pytest.mark.parametrize(("text", "reason"), LEFT.values(), ids=LEFT)
def test_what_cannot_take_turns_is_left(text: str, reason: str, tmp_path: Path) -> None:
    assert body(tmp_path, HEAD + text) == HEAD + text
    assert any(reason in one for one in reasons(tmp_path, HEAD + text)), reasons(tmp_path, HEAD + text)


def test_a_session_that_nobody_is_seen_to_close_is_left(tmp_path: Path) -> None:
    text = HEAD.replace("context_getter=get_context", "context_getter=None") + field(
        "return info.context.db.get(Author, 1).name"
    )
    assert body(tmp_path, text) == text
    assert any("nothing tells where the session is closed" in one for one in reasons(tmp_path, text))
