"""From a step's findings to the files before and after, in memory: nothing is written, nothing disappears silently."""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial

import pathspec

from helpers.analysis.project import Project
from helpers.analysis.source import Source, Text, parse_source
from helpers.analysis.texts import fault
from helpers.codemod.imports import Surroundings, bound_by, edit_imports
from helpers.codemod.long_lines import Style, wrap_long
from helpers.errors import SourceError
from helpers.migrate.reexports import read_elsewhere
from helpers.migrate.splice import Accepted, compatible, splice
from helpers.model import Applicability, ChangeSet, Edit, FileChange, Finding, Skipped, Stage, Step

_NO_COMMENT = re.compile(r"""(?:[^#'"\\]++|'[^#'\\\r\n]*+'|"[^#"\\\r\n]*+")*+""")


def rewrite(project: Project, step: Step, absent: Iterable[Finding] = ()) -> ChangeSet:
    """The step as a change set. A fix that cannot be applied is in `skipped` with its reason, the others are applied.

    Pure: it reads `project` alone. Of two findings in one file whose edits overlap, one waits for the next run.
    `absent` are findings that the step leaves out: a group that one of them belongs to is left as a whole.
    """
    attempt = partial(_attempt, project, step.findings, cache(partial(_rewrite_file, project)))
    barred = {item.fix.group: Skipped(item, "it was not selected") for item in absent if item.fix and item.fix.group}
    while True:
        changes, applied, skipped = attempt(barred)
        broken = {skip.finding.fix.group: skip for skip in skipped if skip.finding.fix and skip.finding.fix.group}
        if not (new := broken.keys() - barred.keys()):
            break
        barred |= {group: broken[group] for group in new}
    place = {id(finding): number for number, finding in enumerate(step.findings)}
    return ChangeSet(
        step,
        tuple(_wrapped(project, change) if step.stage > Stage.TASKS else change for change in changes),
        tuple(sorted(applied, key=lambda finding: place[id(finding)])),
        tuple(sorted(skipped, key=lambda skip: place[id(skip.finding)])),
    )


def _wrapped(project: Project, change: FileChange) -> FileChange:
    """A file of the flip without lines that it made too long; earlier stages lay out themselves what they write."""
    source = project.sources.get(change.path)
    if source is None or change.after is None:
        return change
    style = Style(project.line_length, project.python)
    return replace(change, after=source.encode(wrap_long(source.text, source.replaced(change.after).text, style)))


def in_files(findings: Iterable[Finding], globs: Iterable[str]) -> tuple[Finding, ...]:
    """The findings whose path matches one of `globs`, written as in a .gitignore; all of them without any."""
    spec = pathspec.GitIgnoreSpec.from_lines(globs)
    return tuple(finding for finding in findings if not len(spec) or spec.match_file(finding.path))


_Rewritten = tuple[FileChange | None, list[Finding], list[Skipped]]


def _attempt(
    project: Project,
    findings: Iterable[Finding],
    rewrite_file: Callable[[Text, tuple[Accepted, ...]], _Rewritten],
    barred: Mapping[str, Skipped],
) -> tuple[list[FileChange], list[Finding], list[Skipped]]:
    """All files with the fixes whose group is not barred."""
    candidates, skipped = _candidates(project, findings, barred)
    changes: list[FileChange] = []
    applied: list[Finding] = []
    for path in sorted(candidates):
        change, done, left = rewrite_file(_file(project, path), tuple(candidates[path]))
        changes += [change] if change else []
        applied += done
        skipped += left
    return changes, applied, skipped


def _candidates(
    project: Project, findings: Iterable[Finding], barred: Mapping[str, Skipped]
) -> tuple[dict[str, list[Accepted]], list[Skipped]]:
    by_path: dict[str, list[Accepted]] = defaultdict(list)
    skipped: list[Skipped] = []
    for finding in findings:
        if finding.fix is None or finding.applicability is Applicability.MANUAL:
            skipped.append(Skipped(finding, finding.message))
        elif finding.fix.group in barred:
            skipped.append(_left_together(finding, barred[finding.fix.group]))
        elif finding.path not in project.sources and finding.path not in project.texts:
            skipped.append(Skipped(finding, "the file is not one of the application's readable files"))
        else:
            by_path[finding.path].append(Accepted(finding, finding.fix))
    return by_path, skipped


def _left_together(finding: Finding, first: Skipped) -> Skipped:
    if finding is first.finding:
        return first
    return Skipped(finding, f"goes together with {first.finding.place}, which is left: {first.reason}")


def _file(project: Project, path: str) -> Text:
    return project.sources.get(path) or project.texts[path]


def _rewrite_file(project: Project, source: Text, candidates: tuple[Accepted, ...]) -> _Rewritten:
    chosen, skipped = compatible(candidates, len(source.text))
    after = _result(project, source, chosen)
    if isinstance(after, str):
        chosen, guilty, after = _one_at_a_time(project, source, chosen)
        skipped += guilty
    if after == source.data:
        return None, [], skipped + [Skipped(item.finding, "the fix changes nothing") for item in chosen]
    return FileChange(source.path, source.data, after, source.encoding), [item.finding for item in chosen], skipped


def _one_at_a_time(
    project: Project, source: Text, candidates: Iterable[Accepted]
) -> tuple[list[Accepted], list[Skipped], bytes]:
    """Keep every fix with which the file still passes the checks; the others are guilty."""
    kept: list[Accepted] = []
    guilty: list[Skipped] = []
    good = source.data
    for candidate in candidates:
        after = _result(project, source, [*kept, candidate])
        if isinstance(after, bytes):
            kept.append(candidate)
            good = after
        else:
            guilty.append(Skipped(candidate.finding, after))
    return kept, guilty, good


def _result(project: Project, source: Text, chosen: Sequence[Accepted]) -> bytes | str:
    """The new bytes of a file, or the reason why these fixes may not be applied to it together."""
    if not chosen:
        return source.data
    return _python(project, source, chosen) if isinstance(source, Source) else _plain(source, chosen)


def _plain(file: Text, chosen: Sequence[Accepted]) -> bytes | str:
    """The same for a file that is no Python: what could be parsed before still can be."""
    text = splice(file.text, chosen)
    try:
        after = file.encode(text)
    except SourceError as error:
        return f"the result is not sound: {error.fact}"
    found = fault(file.path, text)
    return f"the result is not sound: {found}" if found and not fault(file.path, file.text) else after


def _python(project: Project, source: Source, chosen: Sequence[Accepted]) -> bytes | str:
    try:
        spliced = splice(source.text, chosen)
        adds = {add for item in chosen for add in item.fix.adds}
        drops = _drops(source, chosen)
        text = edit_imports(spliced, adds, drops, _surroundings(project, source, drops))
        after = source.encode(text)
        again = parse_source(source.path, after)
        lost = _lost_comments(source.text, text, chosen)
    except SourceError as error:
        return f"the result is not sound: {error.fact}"
    except (tokenize.TokenError, SyntaxError) as error:
        return f"the comments cannot be compared: {error}"
    if (again.text, again.encoding) != (text, source.encoding):
        return "the result would be read in another encoding"
    if (wrong := _uncompiled(again)) and not _uncompiled(source):
        return f"the result is not sound: {wrong}"
    return f"the comment {min(lost)!r} would be lost" if lost else after


def _uncompiled(source: Source) -> str:
    """Why a file that parses does not compile, as one with an `await` in a lambda; empty when it does."""
    try:
        compile(source.tree, source.path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return str(error)
    return ""


def _drops(source: Source, chosen: Iterable[Accepted]) -> frozenset[str]:
    """What may go: never from an `__init__.py`, whose imports are there for others."""
    if source.path.rpartition("/")[2] == "__init__.py":
        return frozenset()
    return frozenset(drop for item in chosen for drop in item.fix.drops)


def _surroundings(project: Project, source: Source, drops: frozenset[str]) -> Surroundings:
    names = bound_by(source.tree, drops)
    return Surroundings(
        before=source.text,
        kept=read_elsewhere(project, source.path, names) if names else frozenset(),
        own=_own_packages(project),
        width=project.line_length,
    )


def _own_packages(project: Project) -> frozenset[str]:
    """The top-level names that the application's own imports begin with."""
    parts = [path.removesuffix(".py").split("/") for path in project.sources]
    tops = {part[0] for part in parts} | {part[1] for part in parts if part[0] == "src" and len(part) > 1}
    return frozenset(tops | {project.root.resolve().name})


def _lost_comments(old: str, new: str, chosen: Iterable[Accepted]) -> Counter[str]:
    same_quotes = all(old.count(quotes) == new.count(quotes) for quotes in ("'''", '"""'))
    if same_quotes and all(_apart_from_comments(old, edit) for item in chosen for edit in item.fix.edits):
        return Counter()
    return _comments(old) - _comments(new)


def _apart_from_comments(text: str, edit: Edit) -> bool:
    """Whether an edit cannot begin, end or change a comment: it stands behind none, and its strings end inside it.

    Most edits are of this kind, and to look for the comments of a whole file takes longer than to rewrite it.
    """
    start = max(text.rfind("\n", 0, edit.start), text.rfind("\r", 0, edit.start)) + 1
    parts = (text[edit.start : edit.end], edit.text)
    return "#" not in text[start : edit.start] and all(_NO_COMMENT.fullmatch(part) for part in parts)


def _comments(text: str) -> Counter[str]:
    lines = io.StringIO(re.sub(r"\r\n?", "\n", text), newline="\n")
    tokens = tokenize.generate_tokens(lines.readline)
    return Counter(token.string.rstrip() for token in tokens if token.type == tokenize.COMMENT)
