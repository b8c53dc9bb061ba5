"""Calls that take long without the event loop: on a thread of the pool they hold up one request, on the loop all."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from helpers.analysis.flow import named
from helpers.analysis.made_by import makers
from helpers.analysis.members import FunctionNode
from helpers.analysis.symbols import Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

# `waits` and `computes` have done all of it when they return; what one that `gives` returns waits whenever it is used
Kind = Literal["waits", "computes", "gives"]
_VERBS = ("get", "post", "put", "patch", "delete", "head", "options", "request")
_CALLS: Mapping[str, Kind] = {
    # each waits for a clock, another machine or another program, of its own accord and for long
    **dict.fromkeys(("time.sleep", "os.system"), "waits"),
    **{f"subprocess.{name}": "waits" for name in ("run", "call", "check_call", "check_output", "getoutput")},
    **{f"{module}.{name}": "waits" for module in ("requests", "httpx") for name in _VERBS},
    **dict.fromkeys(("urllib.request.urlopen", "smtplib.SMTP", "smtplib.SMTP_SSL"), "gives"),
    **dict.fromkeys(("requests.Session", "requests.session", "httpx.stream", "httpx.Client"), "gives"),
    # whole files, as large as whoever sent them liked
    **{f"shutil.{name}": "computes" for name in ("copyfile", "copy", "copy2", "copyfileobj", "copytree", "rmtree")},
    **{f"shutil.{name}": "computes" for name in ("move", "make_archive", "unpack_archive")},
    # made to be slow
    **dict.fromkeys(("hashlib.scrypt", "hashlib.pbkdf2_hmac"), "computes"),
    **{f"bcrypt.{name}": "computes" for name in ("hashpw", "checkpw", "kdf")},
    **{f"argon2.{name}": "computes" for name in ("hash_password", "verify_password")},
    **{f"werkzeug.security.{name}": "computes" for name in ("generate_password_hash", "check_password_hash")},
}
_HASHERS = frozenset(
    {"passlib.context.CryptContext", "argon2.PasswordHasher", "pwdlib.PasswordHash", "pwdlib.PasswordHash.recommended"}
)
_WAITED_FOR = frozenset({"threading.Event", "threading.Condition", "threading.Barrier"})
_CLIENTS = frozenset({"requests.Session", "requests.session", "httpx.Client"})
# by the method's name: what the object is made by, or a class that it is an instance of
_METHODS: Mapping[str, tuple[frozenset[str], Kind]] = {
    **dict.fromkeys(("wait", "wait_for"), (_WAITED_FOR, "waits")),
    **dict.fromkeys(("hash", "verify", "verify_and_update"), (_HASHERS, "computes")),
    **dict.fromkeys((*_VERBS, "send"), (_CLIENTS, "waits")),
    "stream": (_CLIENTS, "gives"),
}
_PASSLIB = ("passlib.hash.", ("hash", "verify", "encrypt"))  # `passlib.hash.bcrypt.hash(...)`
_GIVES = (ast.Return, ast.Yield)
_LAZY = frozenset({"Iterator", "Generator", "Iterable"})


@dataclass(frozen=True, eq=False)
class LongCall:
    """One call that takes long."""

    node: ast.Call
    module: Module
    kind: Kind


@dataclass(frozen=True, eq=False)
class LongCalls:
    """Answers for one project."""

    project: Project

    @cached_property
    def own(self) -> Mapping[ast.AST, tuple[LongCall, ...]]:
        """Function to the calls of its own that take long."""
        found: dict[ast.AST, list[LongCall]] = {}
        for one in self._all():
            found.setdefault(self.project.callgraph.around(one.node, one.module).node, []).append(one)
        return {function: tuple(calls) for function, calls in found.items()}

    @cached_property
    def waiting(self) -> frozenset[ast.AST]:
        """Every function that may wait, itself or through what it calls."""
        return self._leading("waits", "gives")

    @cached_property
    def computing(self) -> frozenset[ast.AST]:
        """Every function that may compute for long, itself or through what it calls."""
        return self._leading("computes")

    @cached_property
    def giving(self) -> frozenset[ast.AST]:
        """The functions that give what waits later: of their own, or what another one gave them."""
        own = (pair for pair in self.own.items() if isinstance(pair[0], FunctionNode))
        gives = (
            node for node, calls in own for one in calls if one.kind == "gives" and self._returned(one.node, one.module)
        )
        found: set[ast.AST] = set(gives)
        queue = list(found)
        while queue:
            for edge in self.project.callgraph.calls_to.get(queue.pop(), ()):
                given = edge.kind == "call" and isinstance(edge.site, ast.Call)
                if given and edge.caller.node not in found and self._returned(edge.site, edge.caller.module):
                    found.add(edge.caller.node)
                    queue.append(edge.caller.node)
        return frozenset(found)

    def _returned(self, node: ast.AST, module: Module) -> bool:
        """Whether the value of a call is what its function gives, itself or by the name that it is bound to."""
        scopes = self.project.scopes(module)
        above, function = scopes.parents[node], scopes.function(node)
        if isinstance(above, _GIVES) or function is None:
            return True
        bound = above.optional_vars if isinstance(above, ast.withitem) else None
        targets = above.targets if isinstance(above, ast.Assign) else [bound]
        names = [one.id for one in targets if isinstance(one, ast.Name)]
        return any(isinstance(scopes.parents[one], _GIVES) for name in names for one in named(function, name))

    def _leading(self, *kinds: Kind) -> frozenset[ast.AST]:
        own = (node for node, calls in self.own.items() if any(one.kind in kinds for one in calls))
        found: set[ast.AST] = {node for node in own if isinstance(node, FunctionNode)}
        while True:
            # whoever calls a method cannot know which of those that override each other it gets
            new = {other for node in found for other in self.project.colouring.overrides(node)}
            new |= self.project.callgraph.reaching(found).keys()
            new = set(filter(_is_function, new)) - found
            if not new:
                return frozenset(found)
            found |= new

    def _all(self) -> Iterator[LongCall]:
        modules = self.project.symbols.modules.values()
        renamed = {name for one in modules for name, target in one.imports.items() if target in _CALLS}
        for last in {name.rpartition(".")[2] for name in _CALLS} | renamed | {*_METHODS, *_PASSLIB[1]}:
            for module, call in self.project.calls.get(last, ()):
                if kind := self._kind(call, module):
                    yield LongCall(call, module, kind)

    def _kind(self, call: ast.Call, module: Module) -> Kind | None:
        name = self.project.meanings.external(call.func, module)
        if name.startswith(_PASSLIB[0]) and name.rpartition(".")[2] in _PASSLIB[1]:
            return "computes"
        if name in _CLIENTS and self._is_in_sight(call, module):
            return None  # its methods tell
        kind = _CALLS.get(name) or self._of_method(call, module)
        streams = any(one.arg == "stream" for one in call.keywords)
        return "gives" if kind == "waits" and streams else kind  # a response whose content is still to come

    def _of_method(self, call: ast.Call, module: Module) -> Kind | None:
        if not (isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS):
            return None
        known, found = _METHODS[call.func.attr]
        if not known & self._named:
            return None
        return found if known & set(makers(self.project, call.func.value, module)) else None

    @cached_property
    def _named(self) -> frozenset[str]:
        """The libraries' classes that some file may mean, by what it imports."""
        modules = self.project.symbols.modules.values()
        imported = {target.partition(".")[0] for one in modules for target in one.imports.values()}
        return frozenset(one for one in _HASHERS | _WAITED_FOR | _CLIENTS if one.partition(".")[0] in imported)

    def _is_in_sight(self, made: ast.Call, module: Module) -> bool:
        """Whether all that becomes of a client is known: it has a name, of which nothing but methods are called."""
        scopes = self.project.scopes(module)
        above = scopes.parents[made]
        if isinstance(above, ast.withitem):
            target = above.optional_vars
        else:
            plain = isinstance(above, ast.Assign) and len(above.targets) == 1
            target = above.targets[0] if plain and isinstance(above, ast.Assign) else None
        function = scopes.function(made)
        if not isinstance(target, ast.Name) or function is None:
            return isinstance(target, ast.Attribute | ast.Name)
        read = [one for one in named(function, target.id) if isinstance(one.ctx, ast.Load)]
        return all(isinstance(scopes.parents[one], ast.Attribute) for one in read)


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, FunctionNode)


def is_lazy(function: ast.AST) -> bool:
    """Whether what a function gives is computed when somebody reads it."""
    returns = getattr(function, "returns", None)
    told = returns.value if isinstance(returns, ast.Subscript) else returns
    return (dotted_name(told) or "").rpartition(".")[2] in _LAZY if told is not None else False
