"""Write a name in a file's own import style, add the imports a rewrite needs and take away those it made useless."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from helpers.analysis.source import Source, parse_text
from helpers.codemod.bindings import Bindings, canonical, type_checking
from helpers.codemod.import_order import ImportStatement, first_use, insert_import
from helpers.codemod.import_statement import Statement
from helpers.errors import SourceError
from helpers.model import ImportName

_WIDTHS = (79, 88, 100, 120)


@dataclass(frozen=True)
class Surroundings:
    """What a file's text does not tell: its text before the rewrite, the names others read from it, and the style.

    `own` are the application's top-level packages. Without a `width` the file's longest line decides.
    """

    before: str | None = None
    kept: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    width: int | None = None


class NameBinder:
    """Spells `module.name` for one file. Each answer carries the import it needs, so that each fix stands alone.

    The names of class bodies count only where they are assigned: functions do not see a class's methods as names.
    """

    def __init__(self, tree: ast.Module, text: str = "") -> None:
        self._bindings = Bindings(tree)
        self._tree = tree
        self._words = frozenset(_WORD.findall(text))
        self._given: dict[str, str] = {}

    def name(self, module: str, name: str) -> tuple[str, ImportName | None]:
        """The text to write for `module.name`, and the import to add where the file does not have it at run time."""
        wanted = canonical(f"{module}.{name}")
        bound = self._bindings.usable(wanted)
        if bound:
            return (name if name in bound else bound[0]), None
        free = self._free(name, wanted)
        qualified = self._qualified(wanted, name)
        if qualified and not (free and self._imports_from(module)):
            return qualified, None
        chosen = name if free else self._alias(module, name, wanted)
        self._given[chosen] = wanted
        return chosen, ImportName(module, name, None if chosen == name else chosen)

    def _free(self, identifier: str, wanted: str) -> bool:
        return self._given.get(identifier, wanted) == wanted and self._bindings.free(identifier, wanted)

    def _qualified(self, wanted: str, name: str) -> str | None:
        modules = self._bindings.modules()
        return next((f"{text}.{name}" for text, module in modules if canonical(f"{module}.{name}") == wanted), None)

    def _imports_from(self, module: str) -> bool:
        return any(_extendable(node, module) for node in self._tree.body)

    def _alias(self, module: str, name: str, wanted: str) -> str:
        root = module.partition(".")[0]
        base = f"{'sa' if root == 'sqlalchemy' else root}_{name}"
        candidates = (base if number == 1 else f"{base}_{number}" for number in count(1))
        unseen = (name for name in candidates if name in self._given or name not in self._words)
        return next(candidate for candidate in unseen if self._free(candidate, wanted))


def edit_imports(
    text: str, adds: Iterable[ImportName], drops: Iterable[str], around: Surroundings | None = None
) -> str:
    """`text` with `adds` imported in place and those of `drops` gone that nothing refers to any more.

    `drops` are dotted names ("sqlalchemy.orm.Query") or bound ones. SourceError when `text` does not parse.
    """
    around = around or Surroundings()
    for add in sorted(set(adds), key=lambda add: (add.module, add.name or "", add.alias or "")):
        text = _added(text, add, around)
    dropped = frozenset(drops)
    return _dropped(text, dropped, around) if dropped else text


def bound_by(tree: ast.Module, drops: Iterable[str]) -> frozenset[str]:
    """The identifiers of a file that `drops` stand for."""
    wanted = frozenset(drops)
    spelled = (pair for node in _removable(tree.body) for pair in _spellings(node))
    return frozenset(bound for bound, dotted in spelled if wanted & {bound, dotted})


def _added(text: str, add: ImportName, around: Surroundings) -> str:
    source = parse_text(text)
    bindings = Bindings(source.tree)
    target = f"{add.module}.{add.name}" if add.name else add.module
    if _present(bindings, add, target):
        return text
    star = 0 if add.alias else bindings.last_star
    extended = _extended(source, add, star, around) if add.name else None
    return extended or insert_import(source, add, after=star, own=around.own)


def _present(bindings: Bindings, add: ImportName, target: str) -> bool:
    if add.name is None:
        return any(bound.certain and bound.loaded == target for bound in bindings.imports.get(add.bound, ()))
    last = 0 if add.alias else bindings.last_star
    return any(
        bound.certain and canonical(bound.target) == canonical(target) and bound.line > last
        for bound in bindings.imports.get(add.bound, ())
    )


def _extended(source: Source, add: ImportName, star: int, around: Surroundings) -> str | None:
    """The text with an existing from-import of the module made longer; None where there is none to extend."""
    last = first_use(source.tree, add.bound)
    known = [node for node in source.tree.body if _extendable(node, add.module) and star < node.lineno < last]
    nodes = [node for node in known if isinstance(node, ast.ImportFrom)]
    plain = [node for node in nodes if not any(alias.asname for alias in node.names)]
    if len(plain) > 1 and all(len(node.names) == 1 for node in plain):
        return None  # the file keeps one name a line
    for node in nodes:
        aliased = [alias.asname is not None for alias in node.names]
        if all(aliased) or (add.alias and not any(aliased)):
            continue  # isort keeps `a as b` on a line of its own, unless the file shows otherwise
        start, end = source.segment(node)
        try:
            statement = Statement(source.text[start:end])
        except ValueError:
            continue
        width = around.width or _width(source)
        new = statement.with_name(add, width=width, newline=source.newline)
        return source.text[:start] + new + source.text[end:]
    return None


def _extendable(node: ast.stmt, module: str) -> bool:
    return (
        isinstance(node, ast.ImportFrom)
        and not node.level
        and node.module == module
        and all(alias.name != "*" for alias in node.names)
    )


def _width(source: Source) -> int:
    longest = max((len(line) for line in re.split(r"[\r\n]+", source.text)), default=0)
    return next((width for width in _WIDTHS if longest <= width), _WIDTHS[-1])


def _dropped(text: str, drops: frozenset[str], around: Surroundings) -> str:
    source = parse_text(text)
    candidates = bound_by(source.tree, drops) - around.kept
    if candidates and around.before is not None:
        candidates &= references(around.before, candidates)
    if candidates:
        candidates -= references(text, candidates) - _bound_anew(source, candidates)
    for node in reversed(list(_removable(source.tree.body)) if candidates else []):
        names = {bound for bound, spelled in _spellings(node) if drops & {bound, spelled} and bound in candidates}
        if names:
            text = _without(parse_text(text), node, names)
    return text


def _bound_anew(source: Source, among: frozenset[str]) -> frozenset[str]:
    """Those that the file itself assigns before anything names what was imported: `Session = Annotated[...]`."""
    found: dict[str, bool] = {}
    imported = {bound: node.lineno for node in _removable(source.tree.body) for bound, _ in _spellings(node)}
    for node in source.tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in among and name not in found:
                above, written = source.text[: source.segment(node)[0]], source.text[slice(*source.segment(value))]
                named = references(f"{above}\n({written}\n)", frozenset({name}))
                found[name] = not named and imported[name] < node.lineno
    return frozenset(name for name, anew in found.items() if anew)


def _removable(body: list[ast.stmt]) -> Iterator[ImportStatement]:
    """The imports that may go: at module level or in a TYPE_CHECKING block that keeps another statement."""
    for node in body:
        if isinstance(node, ImportStatement):
            yield node
        elif isinstance(node, ast.If) and type_checking(node.test):
            inner = [part for part in node.body if isinstance(part, ImportStatement)]
            yield from inner if len(inner) < len(node.body) else inner[1:]


def _spellings(node: ImportStatement) -> Iterator[tuple[str, str]]:
    """(bound name, dotted name) of each import in a statement; a re-export `x as x` is none of them."""
    for alias in node.names:
        if alias.name == "*" or alias.asname == alias.name:
            continue
        if isinstance(node, ast.ImportFrom):
            yield alias.asname or alias.name, f"{'.' * node.level}{node.module or ''}.{alias.name}"
        else:
            yield alias.asname or alias.name.partition(".")[0], alias.name


def _without(source: Source, node: ImportStatement, names: set[str]) -> str:
    """The text without `names` in one statement, or as it was where a comment would go with them."""
    start, end = source.segment(node)
    last = node.end_lineno or node.lineno
    line_start, line_end = source.lines[node.lineno - 1], _line_start(source, last + 1)
    head, tail = source.text[line_start:start], source.text[end:line_end]
    if re.search(r"#\s*noqa|#\s*isort", source.text[line_start:line_end], re.IGNORECASE):
        return source.text
    if {bound for bound, _ in _spellings(node)} == names == {alias.asname or alias.name for alias in node.names}:
        if head.strip() or tail.strip() or "#" in source.text[start:end]:
            return source.text
        return _without_lines(source, node.lineno, last)
    if not isinstance(node, ast.ImportFrom):
        return source.text
    try:
        rest = Statement(source.text[start:end]).without(names)
    except ValueError:
        return source.text
    return source.text[:start] + (rest or "") + source.text[end:]


def _line_start(source: Source, line: int) -> int:
    return source.lines[line - 1] if line <= len(source.lines) else len(source.text)


def _without_lines(source: Source, first: int, last: int) -> str:
    """The text without whole lines; of the blank lines around them the longer run stays, none at the top."""
    above = first - 1
    while above and _blank(source, above):
        above -= 1
    below = last + 1
    while below < len(source.lines) and _blank(source, below):
        below += 1
    if above == 0 or first - 1 - above >= below - 1 - last:
        return source.text[: _line_start(source, first)] + source.text[_line_start(source, below) :]
    return source.text[: _line_start(source, above + 1)] + source.text[_line_start(source, last + 1) :]


def _blank(source: Source, line: int) -> bool:
    return not source.text[_line_start(source, line) : _line_start(source, line + 1)].strip(" \t\f\r\n")


_WORD = re.compile(r"[^\W\d]\w*")
_TYPE_COMMENT = re.compile(r"#\s*type:([^\r\n]*)")


def references(text: str, among: frozenset[str]) -> frozenset[str]:
    """Those of `among` that code, annotations in strings, `__all__` and type comments of a file refer to."""
    nodes = list(ast.walk(parse_text(text).tree))
    names: set[str] = {word for comment in _TYPE_COMMENT.findall(text) for word in _WORD.findall(comment)}
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            names.update(node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            names.update(_expression_names(node.value) if any(name in node.value for name in among) else ())
    return frozenset(names & among)


def _expression_names(value: str) -> set[str]:
    """The names in a string that reads as an expression: what an annotation or an entry of `__all__` looks like."""
    try:
        tree = parse_text(f"({value.strip()}\n)").tree
    except SourceError:
        return set()
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
