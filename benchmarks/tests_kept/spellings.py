"""How the engine writes what was written otherwise: the names, calls and keywords that say the same afterwards."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers.analysis.faces import CLASS as FACE

NAMES: dict[str, frozenset[str]] = {
    "Session": frozenset({"AsyncSession"}),
    "sessionmaker": frozenset({"async_sessionmaker"}),
    "scoped_session": frozenset({"async_scoped_session"}),
    "create_engine": frozenset({"create_async_engine"}),
    "Engine": frozenset({"AsyncEngine"}),
    "Connection": frozenset({"AsyncConnection"}),
    "TestClient": frozenset({"AsyncClient"}),
    "TestCase": frozenset({"IsolatedAsyncioTestCase"}),
    "contextmanager": frozenset({"asynccontextmanager"}),
    "AbstractContextManager": frozenset({"AbstractAsyncContextManager"}),
    "ExitStack": frozenset({"AsyncExitStack"}),
    "closing": frozenset({"aclosing"}),
    "MagicMock": frozenset({"AsyncMock"}),
    "Mock": frozenset({"AsyncMock"}),
    "any": frozenset({"any_of"}),
    "all": frozenset({"all_of"}),
    "next": frozenset({"anext"}),
    "iter": frozenset({"aiter"}),
    "sorted": frozenset({"sorted_by"}),
    "max": frozenset({"max_by"}),
    "min": frozenset({"min_by"}),
    "__enter__": frozenset({"__aenter__"}),
    "__exit__": frozenset({"__aexit__"}),
    "enter_context": frozenset({"enter_async_context"}),
    "assert_called": frozenset({"assert_awaited"}),
    "assert_called_once": frozenset({"assert_awaited_once"}),
    "assert_called_with": frozenset({"assert_awaited_with"}),
    "assert_called_once_with": frozenset({"assert_awaited_once_with"}),
}
"""What a name may be called afterwards."""
HOOKS_OF_TESTCASE = {"setUp": "asyncSetUp", "tearDown": "asyncTearDown"}
DRIVERS = {
    "sqlite": ("sqlite+aiosqlite",),
    "postgresql": ("postgresql+asyncpg", "postgresql+psycopg"),
    "mysql": ("mysql+asyncmy", "mysql+aiomysql"),
}
"""The asynchronous drivers of a dialect; a URL may name one where it named another or none."""
FACTORIES = frozenset({"AsyncSession", "sessionmaker", "async_sessionmaker", "create_async_engine", "Session"})
_FORMED = frozenset({"with_async_driver", "make_url", FACE})
_LOAD = frozenset({"load"})


def renamed(old: str, new: str) -> bool:
    """Whether `new` is what the engine may make of the name `old`."""
    return old == new or new in NAMES.get(old, frozenset())


def same_text(old: str, new: str) -> bool:
    """Whether a text is the same but for a driver in a URL, or for the name at the end of a dotted path."""
    if old == new:
        return True
    scheme, mark, rest = old.partition("://")
    if mark and new.endswith(f"://{rest}"):
        return new.partition("://")[0] in DRIVERS.get(scheme.partition("+")[0], ())
    owner, dot, name = old.rpartition(".")
    other, _, last = new.rpartition(".")
    return bool(dot) and owner == other and renamed(name, last)


def new_keyword(call: ast.Call, keyword: ast.keyword) -> bool:
    """Whether a keyword that was not there before is one that the engine adds to such a call."""
    name, text = getattr(call.func, "id", getattr(call.func, "attr", "")), ast.unparse(keyword.value)
    match keyword.arg:
        case "expire_on_commit":
            return text == "False"
        case "class_":
            return text.endswith("AsyncSession")
        case "spec":
            return name in ("MagicMock", "Mock", "AsyncMock") and text.endswith("AsyncSession")
        case "poolclass":
            return name in FACTORIES
        case "options":
            return isinstance(keyword.value, ast.List) and all(map(_loads, keyword.value.elts))
        case "loop_scope":
            return name in ("fixture", "asyncio")
    return False


def _loads(option: ast.expr) -> bool:
    """Whether an option of a query says how rows are loaded, and nothing of which."""
    while isinstance(option, ast.Call) and isinstance(option.func, ast.Attribute) and _is_loader(option.func.attr):
        option = option.func.value
    return isinstance(option, ast.Call) and isinstance(option.func, ast.Name) and _is_loader(option.func.id)


def _is_loader(name: str) -> bool:
    return name in ("selectinload", "joinedload", "undefer", "load_only", "options", "defaultload")


def opened(node: ast.AST, runs: frozenset[str]) -> Iterator[ast.expr]:
    """What stands inside of one thing that the engine puts around an expression; `runs` are names of the face's."""
    match node:
        case ast.Await(value=value):
            yield value
            yield from _inner(value)
        case ast.Call(func=func, args=[value], keywords=[]) if _waits(func, runs):
            yield value
        case ast.Call(func=ast.Name(id=name), args=[value], keywords=[]) if name in _FORMED:
            yield value
        case ast.Call(func=ast.Attribute(attr=name, value=value), args=[], keywords=[]) if name in _LOAD:
            yield value
        case ast.Call(func=ast.Attribute(attr=name, value=value) as method, args=[], keywords=[]):
            # a property with IO is a method afterwards, `get_name` for `name`
            yield ast.copy_location(ast.Attribute(value, name.removeprefix("get_"), method.ctx), method)


def _waits(func: ast.expr, runs: frozenset[str]) -> bool:
    """A loop that runs one coroutine to its end, for a caller that cannot await."""
    if isinstance(func, ast.Name):
        return func.id in runs
    return ast.unparse(func) in ("asyncio.run", "asyncio.get_event_loop().run_until_complete")


def _inner(call: ast.expr) -> Iterator[ast.expr]:
    """`session.run_sync(f)` is `f(session)` with the session inside of it."""
    match call:
        case ast.Call(func=ast.Attribute(attr="run_sync", value=owner), args=[ast.Lambda(args=given, body=body)]):
            if len(given.args) == 1:
                yield _Put(given.args[0].arg, owner).put(body)
        case ast.Call(func=ast.Attribute(attr="run_sync", value=owner), args=[function, *rest]):
            yield ast.copy_location(ast.Call(function, [owner, *rest], call.keywords), call)


class _Put(ast.NodeTransformer):
    """An expression with another one in the place of a name; the nodes of the tree stay as they are."""

    def __init__(self, name: str, value: ast.expr) -> None:
        self.name, self.value = name, value

    def put(self, body: ast.expr) -> ast.expr:
        copied = ast.parse(ast.unparse(body), mode="eval").body
        result: ast.expr = self.visit(copied)
        return ast.copy_location(result, body)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.value if node.id == self.name else node
