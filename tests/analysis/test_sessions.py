"""Which receivers of `.query` are sessions, and how surely."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

import pytest

from helpers.analysis.project import Project
from helpers.analysis.sessions import Tier

Build = Callable[[Mapping[str, str]], Project]
ORM = "from sqlalchemy.orm import Session, sessionmaker, scoped_session\nSessionLocal = sessionmaker()\n"
GET_DB = ORM + "def get_db():\n    db = SessionLocal()\n    try:\n        yield db\n    finally:\n        db.close()\n"


@pytest.fixture
def answers(build: Build) -> Callable[..., list[str]]:
    """For each `x.query` of main.py, in the order of the text: the tier of `x`, `another` or `unknown`."""

    def told(text: str, **others: str) -> list[str]:
        project = build({"main.py": text} | {f"{name}.py": other for name, other in others.items()})
        module = project.module("main.py")
        receivers = [node.value for node in module.nodes.of(ast.Attribute) if node.attr == "query"]
        found = []
        for node in receivers:
            tier = project.sessions.tier(node, module)
            refuted = project.sessions.refuted(node, module)
            assert not (tier and refuted)
            found.append(tier.name.lower() if tier else "another" if refuted else "unknown")
        return found

    return told


PROVED = {
    "annotated": "def f(x: Session): x.query",
    "annotated by the module": "import sqlalchemy.orm as o\ndef f(x: o.Session): x.query",
    "annotated by the full path": "import sqlalchemy.orm\ndef f(x: sqlalchemy.orm.session.Session): x.query",
    "optional": "def f(x: Optional[Session] = None): x.query",
    "or None": "def f(x: Session | None): x.query",
    "in quotation marks": "def f(x: 'Session'): x.query",
    "partly in quotation marks": "def f(x: Optional['Session']): x.query",
    "imported for type checking": "if TYPE_CHECKING:\n    from sqlalchemy.orm import Session as S\n"
    "def f(x: 'S'): x.query",
    "annotated with more": "def f(x: Annotated[Session, Depends(get_db)]): x.query",
    "by an alias": "Db = Annotated[Session, Depends(get_db)]\ndef f(x: Db): x.query",
    "by an explicit alias": "Db: TypeAlias = 'Session'\ndef f(x: Db): x.query",
    "SQLModel's": "import sqlmodel\ndef f(x: sqlmodel.Session): x.query",
    "a subclass": "class Mine(Session): ...\ndef f(x: Mine): x.query",
    "a subclass of a subclass": "class A(Session): ...\nclass B(A): ...\ndef f(x: B): x.query",
    "itself in a subclass": "class Mine(Session):\n    def f(self): self.query",
    "a scoped session by annotation": "def f(x: scoped_session[Session]): x.query",
    "made": "def f():\n    x = Session(engine)\n    x.query",
    "made by a factory": "def f():\n    x = SessionLocal()\n    x.query",
    "made on the spot": "SessionLocal().query",
    "made by a factory on the spot": "sessionmaker(engine)().query",
    "made by a generic factory": "M = sessionmaker[Session](engine)\nM().query",
    "of the module": "x = SessionLocal()\ndef f(): x.query",
    "annotated variable": "def f():\n    x: Session = make()\n    x.query",
    "assigned in an expression": "def f():\n    if x := SessionLocal(): x.query",
    "one or the other": "def f(a):\n    x = Session() if a else SessionLocal()\n    x.query",
    "with": "def f():\n    with SessionLocal() as x: x.query",
    "with a session": "with Session(engine) as x: x.query",
    "with begin": "def f():\n    with SessionLocal.begin() as x: x.query",
    "with an exit stack": "def f(stack):\n    x = stack.enter_context(SessionLocal())\n    x.query",
    "with closing": "import contextlib\ndef f():\n    with contextlib.closing(SessionLocal()) as x: x.query",
    "next of a generator": "def f():\n    x = next(get_db())\n    x.query",
    "a loop over a generator": "def f():\n    for x in get_db(): x.query",
    "a loop over two": "def f():\n    for x in (Session(), SessionLocal()): x.query",
    "a context manager": "@contextmanager\ndef scope():\n    x = Session()\n    yield x\nwith scope() as y: y.query",
    "a generator made a manager": "from contextlib import contextmanager\nwith contextmanager(get_db)() as x: x.query",
    "a manager kept": "import contextlib as c\nscope = c.contextmanager(get_db)\nwith scope() as x: x.query",
    "a generator with a bare annotation": "def g() -> Generator:\n    yield Session()\nfor x in g(): x.query",
    "an annotated generator": "def g() -> Iterator[Session]: ...\nfor x in g(): x.query",
    "a generator of a generator": "def g():\n    yield from get_db()\nfor x in g(): x.query",
    "an annotated manager": "def g() -> AbstractContextManager[Session]: ...\nwith g() as x: x.query",
    "awaited": "async def g(): return Session()\nasync def f():\n    x = await g()\n    x.query",
    "injected": "def f(x=Depends(get_db)): x.query",
    "injected by keyword": "def f(x=Depends(dependency=get_db)): x.query",
    "injected under an unknown annotation": "def f(x: Any = Depends(get_db)): x.query",
    "injected into a keyword-only parameter": "def f(*, a=1, x=Depends(get_db)): x.query",
    "of the instance": "class A:\n    def __init__(self, x: Session): self.x = x\n    def f(self): self.x.query",
    "of the instance, in a closure": "class A:\n    def __init__(self): self.x = Session()\n    def f(self):\n"
    "        def g(): self.x.query",
    "annotated on the instance": "class A:\n    def __init__(self, x): self.x: Session = x\n"
    "    def f(self): self.x.query",
    "a dataclass's": "@dataclass\nclass A:\n    x: Session\n    def f(self): self.x.query",
    "of the class": "class A:\n    x = SessionLocal()\n    def f(self): self.x.query",
    "first None": "class A:\n    x = None\n    def __init__(self): self.x = Session()\n    def f(self): self.x.query",
    "a property's": "class A:\n    @property\n    def x(self) -> Session: ...\n    def f(self): self.x.query",
    "a property's without annotation": "class A:\n    @property\n    def x(self): return Session()\n"
    "    def f(self): self.x.query",
    "a method's": "class A:\n    def x(self): return Session()\n    def f(self): self.x().query",
    "another object's": "class A:\n    def __init__(self): self.x = Session()\ndef f(a: A): a.x.query",
    "an object's object's": "class A:\n    x: Session\nclass B:\n    def __init__(self, a: A): self.a = a\n"
    "def f(b: B): b.a.x.query",
    "a unit of work's": "class U:\n    def __enter__(self):\n        self.x = Session()\n        return self\n"
    "with U() as u: u.x.query",
    "what a manager enters": "class U:\n    def __enter__(self): return Session()\nwith U() as x: x.query",
    "what a manager's base enters": "class B:\n    def __enter__(self) -> Session: ...\nclass U(B): ...\n"
    "with U() as x: x.query",
    "a factory of the instance": "class A:\n    def __init__(self, m: Callable[[], Session]): self.m = m\n"
    "    def f(self):\n        with self.m() as x: x.query",
    "a factory that gives managers": "class A:\n    m: Callable[..., AbstractContextManager[Session]]\n"
    "    def f(self):\n        with self.m() as x: x.query",
    "an annotated factory": "def f(m: sessionmaker[Session]): m().query",
    "a class passed": "def f(m: type[Session]): m().query",
    "a partial": "from functools import partial\nm = partial(Session, engine)\nm().query",
    "cast": "from typing import cast\ndef f(y):\n    x = cast(Session, y)\n    x.query",
    "a scoped session": "x = scoped_session(SessionLocal)\ndef f(): x.query",
    "a scoped session, called": "s = scoped_session(SessionLocal)\ndef f(): s().query",
    "Flask-SQLAlchemy's": "from flask_sqlalchemy import SQLAlchemy\nmy = SQLAlchemy()\nmy.session.query",
    "of an object": "def f(user): object_session(user).query",
}


@pytest.mark.parametrize("text", PROVED.values(), ids=PROVED)
def test_a_session_is_proved(answers: Callable[..., list[str]], text: str) -> None:
    assert answers(GET_DB + text) == ["proved"]


ANOTHER = {
    "AsyncSession": "from sqlalchemy.ext.asyncio import AsyncSession\ndef f(db: AsyncSession): db.query",
    "SQLModel's AsyncSession": "from sqlmodel.ext.asyncio.session import AsyncSession\n"
    "def f(db: AsyncSession): db.query",
    "async_sessionmaker": "from sqlalchemy.ext.asyncio import *\nm = async_sessionmaker()\nasync def f():\n"
    "    async with m() as session: session.query",
    "async_sessionmaker.begin": "from sqlalchemy.ext.asyncio import *\nm = async_sessionmaker()\nasync def f():\n"
    "    async with m.begin() as session: session.query",
    "a factory of AsyncSession": "from sqlalchemy.ext.asyncio import AsyncSession\n"
    "m = sessionmaker(engine, class_=AsyncSession)\nasync def f():\n    async with m() as session: session.query",
    "a factory annotated async": "from sqlalchemy.ext.asyncio import AsyncSession\n"
    "def f(m: sessionmaker[AsyncSession]):\n    session = m()\n    session.query",
    "an async dependency": "from sqlalchemy.ext.asyncio import AsyncSession\n"
    "async def g() -> AsyncGenerator[AsyncSession, None]: ...\ndef f(db=Depends(g)): db.query",
    "requests.Session": "import requests\ndef f(session: requests.Session): session.query",
    "requests.Session, made": "import requests\nsession = requests.Session()\nsession.query",
    "requests.Session, entered": "import requests\nwith requests.Session() as session: session.query",
    "requests' Session": "from requests import Session\nsession = Session()\nsession.query",
    "a wrapper of the project": "class Database:\n    def query(self): ...\ndef f(db: Database): db.query",
    "a wrapper, made": "class Database: ...\ndb = Database()\ndb.query",
    "the object around it": "class Service:\n    def query(self): ...\n    def f(self): self.query",
    "text": "def f():\n    db = 'path'\n    db.query",
    "an annotated text": "def f(db: str): db.query",
    "either of two others": "class A: ...\nclass B: ...\ndef f(a):\n    db = A() if a else B()\n    db.query",
    "a library's function": "from sqlalchemy import select as session\nsession.query",
    "the factory itself": "SessionLocal.query",
}


@pytest.mark.parametrize("text", ANOTHER.values(), ids=ANOTHER)
def test_something_else_is_no_session_whatever_its_name(answers: Callable[..., list[str]], text: str) -> None:
    assert answers(ORM + text) == ["another"]


NAMED = {
    "no annotation and no call": "def f(db): db.query",
    "Any": "def f(db: Any): db.query",
    "typing.Any": "import typing\ndef f(session: typing.Any): session.query",
    "a lambda's": "f = lambda db: db.query",
    "an attribute": "def f(request): request.state.db.query",
    "with a leading underscore": "class A:\n    def f(self): self._session.query",
    "from a library that is not known": "from acme import session\nsession.query",
    "made by a library that is not known": "from acme import SessionLocal as M\nsession = M()\nsession.query",
    "a name that the project annotates elsewhere": "def g(unit: Session): ...\ndef f(unit): unit.query",
    "of two kinds": "class A: ...\ndef f(a):\n    db = A() if a else Session()\n    db.query",
    "annotated with two kinds": "def f(db: Session | int): db.query",
    "one of a pair": "def f():\n    db, other = make()\n    db.query",
    "an exception": "try: pass\nexcept E as db: db.query",
    "begin of a session": "def f(s: Session):\n    with s.begin() as session: session.query",
    "what a row is": "def f(s: Session):\n    for session in s.execute(x): session.query",
    "an attribute of either of two": "class A:\n    db = Session()\nclass B:\n    db = 1\ndef f(a):\n"
    "    x = A() if a else B()\n    x.db.query",
}


@pytest.mark.parametrize("text", NAMED.values(), ids=NAMED)
def test_only_its_name_says_that_it_is_a_session(answers: Callable[..., list[str]], text: str) -> None:
    assert answers(ORM + text) == ["by_name"]


UNKNOWN = {
    "a parameter": "def f(x): x.query",
    "an attribute": "def f(x): x.y.query",
    "an item": "def f(x): x['db'].query",
    "a call": "def f(x): x().query",
    "a class": "class User: ...\nUser.query",
    "a function": "def db_of(): ...\ndb_of.query",
    "a name of nowhere": "x.query",
    "a result": "def f(s: Session): s.execute(1).query",
    "a package": "import acme\nacme.query",
}


@pytest.mark.parametrize("text", UNKNOWN.values(), ids=UNKNOWN)
def test_nothing_is_said_of_what_nothing_tells(answers: Callable[..., list[str]], text: str) -> None:
    assert answers(ORM + text) == ["unknown"]


def test_an_alias_of_another_module_is_followed(answers: Callable[..., list[str]]) -> None:
    deps = GET_DB + "from typing import Annotated\nDb = Annotated[Session, Depends(get_db)]\n"
    assert answers("from deps import Db\ndef f(x: Db): x.query", deps=deps) == ["proved"]
    assert answers("import deps as d\ndef f(x: d.Db): x.query", deps=deps) == ["proved"]


def test_an_attribute_is_read_in_the_module_of_the_base_that_sets_it(answers: Callable[..., list[str]]) -> None:
    base = ORM + "class Base:\n    def __init__(self): self.x = SessionLocal()\n"
    main = "from base import Base\nclass Child(Base):\n    def f(self): self.x.query\n"
    assert answers(main, base=base) == ["proved"]
    assert answers("def SessionLocal(): return 1\n" + main, base=base) == ["proved"]


def test_a_name_of_the_usual_kind_counts_by_name_in_one_module_and_is_refuted_in_another(build: Build) -> None:
    project = build({"a.py": "def f(db): db.query", "b.py": "import requests\ndef f(db: requests.Session): db.query"})
    found = []
    for path in ("a.py", "b.py"):
        module = project.module(path)
        node = next(node for node in module.nodes.of(ast.Attribute) if node.attr == "query")
        found.append(project.sessions.tier(node.value, module))
    assert found == [Tier.BY_NAME, None]


CALLED = {
    "by position": ("def f(x): x.query", "f(Session())", "inferred"),
    "by keyword": ("def f(a, x=None): x.query", "f(1, x=Session())", "inferred"),
    "as a method": ("class A:\n    def f(self, x): x.query", "A().f(Session())", "inferred"),
    "from several places": ("def f(x): x.query", "f(Session())\nf(SessionLocal())", "inferred"),
    "with None as well": ("def f(x): x.query", "f(Session())\nf(None)", "inferred"),
    "from somewhere unknown as well": ("def f(x): x.query", "f(Session())\nf(unknown())", "inferred"),
    "through another function": ("def f(x): x.query\ndef g(y): f(y)", "g(Session())", "inferred"),
    "through the constructor": (
        "class A:\n    def __init__(self, x): self.x = x\n    def f(self): self.x.query",
        "A(Session())",
        "inferred",
    ),
    "through an inherited constructor": (
        "class A:\n    def __init__(self, x): self.x = x\n    def f(self): self.x.query\nclass B(A): ...",
        "B(Session())",
        "inferred",
    ),
    "through super()": (
        "class A:\n    def __init__(self, x): self.x = x\n    def f(self): self.x.query\n"
        "class B(A):\n    def __init__(self, y: Session):\n        super().__init__(y)",
        "B(Session())",
        "inferred",
    ),
    "by itself as well": ("def f(x):\n    x.query\n    f(x)", "f(Session())", "inferred"),
    "with what it may make": ("def f(x=None):\n    x = x or Session()\n    x.query", "", "inferred"),
    "contradicted by one": ("def f(x): x.query", "f(Session())\nf('text')", "unknown"),
    "contradicted by one, usual name": ("def f(db): db.query", "f(Session())\nf('text')", "by_name"),
    "never": ("def f(x): x.query", "", "unknown"),
    "by itself alone": ("def f(x):\n    x.query\n    f(x)", "", "unknown"),
    "with something else always": ("def f(db): db.query", "f('text')", "another"),
    "with stars alone": ("def f(x): x.query", "f(*args, **kwargs)", "unknown"),
    "behind a star": ("def f(a, x): x.query", "f(*args, Session())", "unknown"),
    "with too few": ("def f(a, x): x.query", "f(1)", "unknown"),
    "through a subclass that passes another": (
        "class A:\n    def __init__(self, x): self.x = x\n    def f(self): self.x.query\n"
        "class B(A):\n    def __init__(self, y: Session):\n        super().__init__('text')",
        "B(Session())",
        "another",
    ),
}


@pytest.mark.parametrize(("text", "calls", "expected"), CALLED.values(), ids=CALLED)
def test_what_calls_pass_tells_a_parameter(
    answers: Callable[..., list[str]], text: str, calls: str, expected: str
) -> None:
    assert answers(f"{ORM}{text}\n", calls=f"{ORM}from main import *\n{calls}\n") == [expected]


CYCLES = {
    "two functions": "def f(x):\n    x.query\n    g(x)\ndef g(x): f(x)",
    "two dependencies": "def f(x=Depends(g)): x.query\n    \ndef g(x=Depends(f)): return x",
    "a variable of itself": "def f():\n    x = x\n    x.query",
    "two variables": "def f():\n    x = y\n    y = x\n    x.query",
    "an alias of itself": "X = X\ndef f(y: X): y.query",
    "two aliases": "X = Optional[Y]\nY = Optional[X]\ndef f(y: X): y.query",
    "an attribute of itself": "class A:\n    def f(self):\n        self.x = self.x\n        self.x.query",
    "a property of itself": "class A:\n    @property\n    def x(self): return self.x\n    def f(self): self.x.query",
    "classes above each other": "class A(B): ...\nclass B(A): ...\ndef f(x: A): x.y.query",
    "a generator of itself": "def g():\n    yield from g()\nfor x in g(): x.query",
    "a module that imports itself": "from main import x\nx.query",
}


@pytest.mark.parametrize("text", CYCLES.values(), ids=CYCLES)
def test_what_depends_on_itself_alone_is_not_told(answers: Callable[..., list[str]], text: str) -> None:
    assert answers(ORM + text) == ["unknown"]


def test_many_functions_that_call_one_another_are_answered_in_one_pass(answers: Callable[..., list[str]]) -> None:
    count = 40
    calls = "; ".join(f"f{number}(x)" for number in range(count))
    text = "".join(f"def f{number}(x):\n    {calls}\n    x.query\n" for number in range(count))
    assert answers(ORM + text) == ["unknown"] * count
    assert answers(ORM + text + "f7(Session())\n") == ["inferred"] * count


def test_a_long_way_to_the_session_ends_without_an_error(answers: Callable[..., list[str]]) -> None:
    text = "".join(f"def f{number}(x): return f{number + 1}(x)\n" for number in range(400))
    assert answers(f"{ORM}{text}def f400(x): x.query\nf0(Session())\n") == ["unknown"]


def test_the_order_of_the_questions_does_not_change_the_answers(build: Build) -> None:
    text = (
        f"{ORM}def f(x):\n    g(x)\n    x.query\n"
        f"def g(y):\n    f(y)\n    h(y)\n    y.query\ndef h(z): z.query\nf(Session())\n"
    )
    forward, backward = ([], [])  # type: tuple[list[Tier | None], list[Tier | None]]
    for found, step in ((forward, 1), (backward, -1)):
        project = build({"main.py": text})
        module = project.module("main.py")
        for node in [node for node in module.nodes.of(ast.Attribute) if node.attr == "query"][::step]:
            found.append(project.sessions.tier(node.value, module))
    assert forward == backward[::-1] == [Tier.INFERRED] * 3


OTHERS_CALLS = {
    "another module's function": ("from other import f\nf('text')", "inferred"),
    "another module's function by its path": ("import other\nother.f('text')", "inferred"),
    "a library's function": ("from acme import f\nf('text')", "inferred"),
    "a class of that name": ("class f: ...\nf('text')", "inferred"),
    "a method of something unknown": ("def g(y): y.f('text')", "by_name"),
    "a local function": ("def g(f): f('text')", "by_name"),
    "the function itself": ("from main import f\nf('text')", "by_name"),
}


@pytest.mark.parametrize(("calls", "expected"), OTHERS_CALLS.values(), ids=OTHERS_CALLS)
def test_a_call_contradicts_only_where_it_may_mean_the_function(
    answers: Callable[..., list[str]], calls: str, expected: str
) -> None:
    ours = f"{ORM}import main\nmain.f(Session())\n"
    assert answers("def f(db): db.query", calls=calls, ours=ours, other="def f(x): ...") == [expected]


def test_a_call_of_another_function_of_the_name_infers_nothing(answers: Callable[..., list[str]]) -> None:
    calls = f"{ORM}import other\nother.f(Session())\n"
    assert answers("def f(x): x.query", calls=calls, other="def f(x): ...") == ["unknown"]
