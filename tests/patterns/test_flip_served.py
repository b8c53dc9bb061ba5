"""The flip of what a framework is handed: it awaits what is asynchronous."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.patterns.flipping import body, reasons

SERVED = {
    "a resolver with a session of its own": (
        """\
        import strawberry
        from strawberry.fastapi import GraphQLRouter


        @strawberry.type
        class Query:
            @strawberry.field
            def name(self) -> str:
                with Session(None, expire_on_commit=False) as s:
                    return s.get(Author, 1).name
        """,
        "    @strawberry.field\n    async def name(self) -> str:\n"
        "        async with AsyncSession(None, expire_on_commit=False) as s:\n"
        "            return (await s.get(Author, 1)).name\n",
    ),
    "a resolver that is named": (
        """\
        import strawberry
        from strawberry.fastapi import GraphQLRouter


        def name() -> str:
            with Session(None, expire_on_commit=False) as s:
                return s.get(Author, 1).name


        @strawberry.type
        class Query:
            name: str = strawberry.field(resolver=name)
        """,
        "async def name() -> str:\n",
    ),
    "a resolver under a decorator of the project": (
        """\
        import strawberry
        from strawberry.fastapi import GraphQLRouter


        def field(resolver):
            return strawberry.field(resolver=resolver, description=resolver.__doc__)


        @strawberry.type
        class Query:
            @field
            def name(self) -> str:
                with Session(None, expire_on_commit=False) as s:
                    return s.get(Author, 1).name
        """,
        "    @field\n    async def name(self) -> str:\n",
    ),
    "a mutation, which runs alone": (
        """\
        import strawberry
        from strawberry.fastapi import GraphQLRouter


        @strawberry.type
        class Mutation:
            @strawberry.mutation
            def rename(self, info) -> str:
                s: Session = info.context.db
                s.commit()
                return "done"
        """,
        "        await s.commit()\n",
    ),
    "the context of a GraphQL router": (
        """\
        from strawberry.fastapi import GraphQLRouter


        def get_context():
            with Session(None, expire_on_commit=False) as s:
                yield {"name": s.get(Author, 1).name}


        router = GraphQLRouter(None, context_getter=get_context)
        """,
        "async def get_context():\n",
    ),
    "a lifespan that is asynchronous already": (
        """\
        from contextlib import asynccontextmanager

        from fastapi import FastAPI


        @asynccontextmanager
        async def lifespan(app):
            with Session(None, expire_on_commit=False) as s:
                s.commit()
            yield


        app = FastAPI(lifespan=lifespan)
        """,
        "    async with AsyncSession(None, expire_on_commit=False) as s:\n        await s.commit()\n",
    ),
    "a middleware that is asynchronous already": (
        """\
        from fastapi import FastAPI

        app = FastAPI()


        async def count(request, call_next):
            with Session(None, expire_on_commit=False) as s:
                s.commit()
            return await call_next(request)


        app.middleware("http")(count)
        """,
        "        await s.commit()\n",
    ),
    "a route of a router of the project": (
        """\
        from fastapi import APIRouter


        class UserRouter(APIRouter):
            def __init__(self, prefix: str):
                super().__init__(prefix=prefix)


        router = UserRouter("/users")


        @router.get("/name")
        def name() -> str:
            with Session(None, expire_on_commit=False) as s:
                return s.get(Author, 1).name
        """,
        '@router.get("/name")\nasync def name() -> str:\n',
    ),
    "a background task": (
        """\
        from fastapi import BackgroundTasks


        def note(name: str):
            with Session(None, expire_on_commit=False) as s:
                s.add(Author(name=name))
                s.commit()


        def visit(tasks: BackgroundTasks):
            tasks.add_task(note, name="Ada")
        """,
        'def visit(tasks: BackgroundTasks):\n    tasks.add_task(note, name="Ada")\n',
    ),
}


@pytest.mark.parametrize(("text", "written"), SERVED.values(), ids=SERVED)
def test_what_awaits_is_given_what_can_be_awaited(text: str, written: str, tmp_path: Path) -> None:
    after = body(tmp_path, dedent(text))
    assert " ".join(written.split()) in " ".join(after.split()), (after, reasons(tmp_path, dedent(text)))


LEFT = {
    "a function that is handed to a thread which nobody waits for": (
        """\
        import asyncio


        def find():
            with Session(None, expire_on_commit=False) as s:
                return s.get(Author, 1).name


        async def name():
            return asyncio.get_running_loop().run_in_executor(None, find)
        """,
        "which may call it and not await it",
    ),
    "a route of a router that registers in its own way": (
        """\
        from fastapi import APIRouter


        class UserRouter(APIRouter):
            def get(self, path):
                return super().get(path)


        router = UserRouter()


        @router.get("/name")
        def name() -> str:
            with Session(None, expire_on_commit=False) as s:
                return s.get(Author, 1).name
        """,
        "the decorator `router.get` may call it and not await it",
    ),
    "a route of a class from nowhere": (
        """\
        class UserRouter:
            def post(self, path):
                return self


        router = UserRouter()


        @router.put("/name")
        def name() -> str:
            with Session(None, expire_on_commit=False) as s:
                return s.get(Author, 1).name
        """,
        "the decorator `router.put` may call it and not await it",
    ),
}


@pytest.mark.parametrize(("text", "reason"), LEFT.values(), ids=LEFT)
def test_what_may_not_await_is_left(text: str, reason: str, tmp_path: Path) -> None:
    text = dedent(text)
    assert body(tmp_path, text) == text
    assert any(reason in one for one in reasons(tmp_path, text)), reasons(tmp_path, text)
