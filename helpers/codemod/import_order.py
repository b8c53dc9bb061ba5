"""Where a new import line goes, as isort would place it: among its kin, in its section, before its first use."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence

from helpers.analysis.source import Source
from helpers.model import ImportName

ImportStatement = ast.Import | ast.ImportFrom
_Key = tuple[object, ...]


def import_line(add: ImportName) -> str:
    """The statement that binds `add`, without a newline."""
    tail = f" as {add.alias}" if add.alias else ""
    return f"from {add.module} import {add.name}{tail}" if add.name else f"import {add.module}{tail}"


def insert_import(source: Source, add: ImportName, *, after: int = 0, own: Collection[str] = ()) -> str:
    """The source's text with a new line for `add`, below line `after`; `own` are the application's own packages."""
    last = first_use(source.tree, add.bound)
    stands = [node for node in source.tree.body if isinstance(node, ImportStatement) and node.lineno < last]
    star = next((node for node in source.tree.body if node.lineno <= after <= (node.end_lineno or 0)), None)
    if star:
        root = add.module.partition(".")[0]
        kin = [node for node in stands if node.lineno > after and _module(node).partition(".")[0] == root]
        return _among(source, kin, add, own) if kin else _below(source, star, import_line(add))
    if add.module.partition(".")[0] in sys.stdlib_module_names:
        return _standard(source, stands, add, own)
    group = _home(_groups(source, stands), add, own)
    if group:
        return _among(source, group, add, own)
    above = [node for node in stands if _section(node, own) < _section(_parsed(add), own)]
    if above:
        return _below(source, above[-1], import_line(add), apart=True)
    if stands and not _line_before(source, stands[0]).strip():
        return _above(source, stands[0], import_line(add), apart=True)
    return _at_top(source, import_line(add))


def _standard(source: Source, stands: Sequence[ImportStatement], add: ImportName, own: Collection[str]) -> str:
    """Among the standard library's imports, or in a section of its own in front of the others."""
    groups = _groups(source, stands)
    home = [group for group in groups if any(_section(node, own) == _STANDARD for node in group)]
    if home:
        return _among(source, home[0], add, own)
    above = [node for node in stands if _section(node, own) == _FUTURE]
    if above:
        return _below(source, above[-1], import_line(add), apart=True)
    if stands and not _line_before(source, stands[0]).strip():
        return _above(source, stands[0], import_line(add), apart=True)
    return _at_top(source, import_line(add))


_FUTURE, _STANDARD, _THIRD_PARTY, _OWN, _RELATIVE = range(5)


def first_use(tree: ast.Module, name: str) -> int:
    """The line on which the module's own code first reads `name`; functions run later and do not count."""
    lines = (node.lineno for node in _at_import(tree) if isinstance(node, ast.Name) and node.id == name)
    return min(lines, default=sys.maxsize)


def _at_import(tree: ast.Module) -> Iterator[ast.AST]:
    """Every node that runs while the module is imported: all but the bodies of functions."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.Lambda):
            waiting.append(node.args)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting.extend([*node.decorator_list, node.args, *([node.returns] if node.returns else [])])
        else:
            waiting.extend(ast.iter_child_nodes(node))


def _section(node: ImportStatement, own: Collection[str]) -> int:
    if isinstance(node, ast.ImportFrom) and node.level:
        return _RELATIVE
    root = _module(node).partition(".")[0]
    if root == "__future__":
        return _FUTURE
    if root in own:
        return _OWN
    return _STANDARD if root in sys.stdlib_module_names else _THIRD_PARTY


def _module(node: ImportStatement) -> str:
    return (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name


def _groups(source: Source, stands: Sequence[ImportStatement]) -> list[list[ImportStatement]]:
    """The imports in runs: a blank line or another statement between two of them begins a new run."""
    groups: list[list[ImportStatement]] = []
    for node in stands:
        between = source.text[source.segment(groups[-1][-1])[1] : source.segment(node)[0]] if groups else ""
        shown = [line.strip() for line in re.split(r"\r\n|\r|\n", re.sub(r"#[^\r\n]*", "#", between))]
        if groups and set(shown) <= {"", "#", ";", "\\"} and "" not in shown[1:-1]:
            groups[-1].append(node)
        else:
            groups.append([node])
    return groups


def _home(
    groups: Sequence[list[ImportStatement]], add: ImportName, own: Collection[str]
) -> list[ImportStatement] | None:
    root, wanted = add.module.partition(".")[0], _section(_parsed(add), own)
    for group in groups:
        if any(_module(node).partition(".")[0] == root and _section(node, own) == wanted for node in group):
            return group
    return next((group for group in groups if any(_section(node, own) == wanted for node in group)), None)


def _parsed(add: ImportName) -> ImportStatement:
    """The statement that binds `add`."""
    node = ast.parse(import_line(add)).body[0]
    assert isinstance(node, ImportStatement)
    return node


def _among(source: Source, group: list[ImportStatement], add: ImportName, own: Collection[str]) -> str:
    """Insert in the order that the group is in; a group in no order gets it behind its last import of that section."""
    new = _parsed(add)
    same = [node for node in group if _section(node, own) == _section(new, own)]
    before = same[-1] if same else group[-1]
    for key in _orders(own):
        keys = [key(node) for node in group]
        if keys == sorted(keys):
            index = sum(known <= key(new) for known in keys)
            if index == 0 and not _line_before(source, group[0]).strip():
                return _above(source, group[0], import_line(add))
            before = group[max(index - 1, 0)]
            break
    return _below(source, before, import_line(add))


def _orders(own: Collection[str]) -> tuple[Callable[[ImportStatement], _Key], ...]:
    def kind(node: ImportStatement) -> bool:
        return isinstance(node, ast.ImportFrom)

    def name(node: ImportStatement) -> str:
        return _module(node).lower()

    def alone(node: ImportStatement) -> bool:
        return any(alias.asname for alias in node.names)  # isort keeps `a as b` on a line of its own, after the others

    def section(node: ImportStatement) -> int:
        return _section(node, own)

    return (
        lambda node: (section(node), kind(node), name(node), kind(node) and alone(node)),
        lambda node: (section(node), name(node), kind(node), kind(node) and alone(node)),
        lambda node: (kind(node), name(node)),
        lambda node: (name(node), kind(node)),
    )


def _line_end(source: Source, line: int) -> int:
    """The offset behind a line, its newline included, once every statement and backslash on it has ended."""
    for node in source.tree.body:
        if node.lineno <= line and (node.end_lineno or 0) > line:
            line = node.end_lineno or line
    end = source.lines[line] if line < len(source.lines) else len(source.text)
    shown = source.text[source.lines[line - 1] : end].rstrip("\r\n")
    return _line_end(source, line + 1) if shown.endswith("\\") and "#" not in shown and end < len(source.text) else end


def _below(source: Source, node: ast.stmt, line: str, *, apart: bool = False) -> str:
    """`line` on the line after a statement; `apart` puts blank lines around it."""
    newline = source.newline
    at = _line_end(source, node.end_lineno or node.lineno)
    head, tail = source.text[:at], source.text[at:]
    if not head.endswith(("\n", "\r")):
        head += newline
        return f"{head}{newline if apart else ''}{line}"
    gap = newline if apart else ""
    return f"{head}{gap}{line}{newline}{_gap_below(source, tail) if apart else ''}{tail}"


def _above(source: Source, node: ast.stmt, line: str, *, apart: bool = False) -> str:
    """`line` on the line before a statement; `apart` leaves the comments that belong to the statement with it."""
    first = node.lineno
    last = max((other.end_lineno or 0 for other in source.tree.body if other.lineno < first), default=0)
    while apart and first - 1 > last and source.text[source.lines[first - 2] :].lstrip(" \t\f").startswith("#"):
        first -= 1
    at = source.lines[first - 1]
    if apart and not source.text[:at].strip():  # a license, a cookie
        return _at_top(source, line)
    gap = source.newline if apart else ""
    return f"{source.text[:at]}{line}{source.newline}{gap}{source.text[at:]}"


def _line_before(source: Source, node: ast.stmt) -> str:
    return source.text[source.lines[node.lineno - 1] : source.segment(node)[0]]


def _at_top(source: Source, line: str) -> str:
    """Below the docstring, or below the comments that the file begins with."""
    body = source.tree.body
    if body and isinstance(body[0], ast.Expr) and ast.get_docstring(source.tree, clean=False) is not None:
        return _below(source, body[0], line, apart=True)
    comments = re.match(r"(?:[ \t\f]*#[^\r\n]*(?:\r\n|\r|\n|\Z))*", source.text)
    at = comments.end() if comments else 0
    head, tail = source.text[:at], source.text[at:]
    if head and not head.endswith(("\n", "\r")):
        head += source.newline
    gap = source.newline if head else ""
    return f"{head}{gap}{line}{source.newline}{_gap_below(source, tail)}{tail}"


def _gap_below(source: Source, tail: str) -> str:
    """The blank lines that a new section needs above what follows it."""
    if not tail or re.match(r"[ \t\f]*[\r\n]", tail):
        return ""
    apart = 2 if re.match(r"(?:async\s+def|def|class|@)\b|@", tail) else 1
    return source.newline * apart
