"""What stands above a class: the project's own classes, whether one of them is mapped, and whether all are known."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field

from helpers.analysis.declarations import called
from helpers.analysis.symbols import Definition, External, Module, Symbols, dotted_name

_BASES = frozenset({"DeclarativeBase", "DeclarativeBaseNoMeta", "SQLModel", "Model"})
_BASE_MAKERS = frozenset({"declarative_base", "automap_base", "generate_base", "SQLAlchemy"})
_KNOWN_MIXINS = ("sqlalchemy.", "sqlmodel.", "abc.", "typing.", "typing_extensions.", "enum.", "builtins.")
_LIBRARIES = ("sqlalchemy", "sqlmodel", "flask_sqlalchemy")
_DECORATORS = frozenset({"mapped", "mapped_as_dataclass", "as_declarative"})
_ALIASES_FOLLOWED = 8


@dataclass
class Lineage:
    """The project's classes above one, nearest first.

    `mapped`: one of its bases makes it an entity; `complete`: every base is known; `sqlmodel`: SQLModel is among them.
    """

    above: list[Definition] = field(default_factory=list)
    mapped: bool = False
    complete: bool = True
    sqlmodel: bool = False


def lineage(symbols: Symbols, found: Definition) -> Lineage:
    """Read the bases of a class, and theirs."""
    answer = Lineage(mapped=_is_table(found.node))
    queue = [(found.module, base) for base in getattr(found.node, "bases", ())]
    while queue:
        module, base = queue.pop(0)
        resolved = resolve_base(symbols, module, base)
        if isinstance(resolved, Definition) and isinstance(resolved.node, ast.ClassDef):
            if resolved.node is found.node or any(resolved.node is other.node for other in answer.above):
                continue
            answer.above.append(resolved)
            answer.mapped = answer.mapped or is_decorated(resolved.node)
            queue += [(resolved.module, item) for item in resolved.node.bases]
        elif _declarative(symbols, resolved):
            plain = _is_sqlmodel(resolved)
            answer.sqlmodel, answer.mapped = answer.sqlmodel or plain, answer.mapped or not plain
            queue += _class_given(resolved)
        else:
            known = isinstance(resolved, External) and resolved.name.startswith(_KNOWN_MIXINS)
            answer.complete = answer.complete and known
    return answer


def resolve_base(symbols: Symbols, module: Module, base: ast.expr) -> Definition | External | None:
    """What a base class is: a class of the project, a value that makes one (`declarative_base()`), or an external."""
    for _ in range(_ALIASES_FOLLOWED):
        base = base.value if isinstance(base, ast.Subscript) else base
        found = _named(symbols, module, base)
        if not (isinstance(found, Definition) and isinstance(found.node, ast.Name | ast.Attribute)):
            return found
        module, base = found.module, found.node  # `Base = db.Model`
    return None


def _named(symbols: Symbols, module: Module, base: ast.expr) -> Definition | External | None:
    name = dotted_name(base)
    if name is None:
        return None
    resolved = symbols.resolve(module, name)
    if resolved is None and "." in name:  # `db.Model` of a value of the project
        owner = symbols.resolve(module, name.rpartition(".")[0])
        return owner if isinstance(owner, Definition) and _declarative(symbols, owner) else None
    if resolved is None and hasattr(builtins, name):
        return External(f"builtins.{name}")
    return resolved if isinstance(resolved, Definition | External) else None


def is_base(symbols: Symbols, found: Definition) -> bool:
    """Whether a class is a declarative base itself: its subclasses are mapped, it has no table."""
    resolved = [resolve_base(symbols, found.module, base) for base in getattr(found.node, "bases", ())]
    names = [base.name.rpartition(".")[2] for base in resolved if isinstance(base, External)]
    decorators = _decorators(found.node)
    return any(name.startswith("DeclarativeBase") for name in names) or "as_declarative" in decorators


def is_decorated(node: ast.AST) -> bool:
    """Whether a decorator maps the class, or makes it a base."""
    return bool(_DECORATORS & _decorators(node))


def _decorators(node: ast.AST) -> set[str]:
    makers = [item.func if isinstance(item, ast.Call) else item for item in getattr(node, "decorator_list", ())]
    return {(dotted_name(maker) or "").rpartition(".")[2] for maker in makers}


def _is_table(node: ast.AST) -> bool:
    """SQLModel's `table=True`; a value that is not written out may be true."""
    given = [keyword.value for keyword in getattr(node, "keywords", ()) if keyword.arg == "table"]
    return any(not isinstance(value, ast.Constant) or bool(value.value) for value in given)


def _declarative(symbols: Symbols, resolved: Definition | External | None) -> bool:
    if isinstance(resolved, External):
        head, last = resolved.name.partition(".")[0], resolved.name.rpartition(".")[2]
        return last in _BASES and (head in _LIBRARIES or resolved.name.endswith(".db.Model"))
    if isinstance(resolved, Definition) and isinstance(resolved.node, ast.Call):
        maker = symbols.resolve(resolved.module, dotted_name(resolved.node.func) or "")
        return (maker.name.rpartition(".")[2] if isinstance(maker, External) else called(resolved.node)) in _BASE_MAKERS
    return False


def _is_sqlmodel(resolved: Definition | External | None) -> bool:
    return isinstance(resolved, External) and resolved.name.startswith("sqlmodel")


def _class_given(resolved: Definition | External | None) -> list[tuple[Module, ast.expr]]:
    """The class that `declarative_base(cls=...)` puts below its base."""
    if not (isinstance(resolved, Definition) and isinstance(resolved.node, ast.Call)):
        return []
    given = [keyword.value for keyword in resolved.node.keywords if keyword.arg in ("cls", "model_class")]
    return [(resolved.module, value) for value in given if not isinstance(value, ast.Constant)]
