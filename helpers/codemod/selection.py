"""What a person chose, by names, codes, globs or fingerprints, as patterns and findings."""

from __future__ import annotations

from collections.abc import Iterable, Set

import pathspec

from helpers.codemod import registry
from helpers.codemod.missed_await import MissedAwait
from helpers.codemod.pattern import Pattern
from helpers.codemod.unreadable import UnreadableFile
from helpers.errors import UsageError
from helpers.model import Finding, Stage

RULES: tuple[type[Pattern], ...] = (MissedAwait,)
"""What `audit` asks about; no pattern rewrites it."""
GLOBS = "write it as in a .gitignore, relative to the application's folder"


def patterns(words: Iterable[str]) -> tuple[type[Pattern], ...]:
    """The patterns of those names or codes, in the order of their codes; all of them for none."""
    named = list(words)
    own = {UnreadableFile.CODE, UnreadableFile.NAME} & set(named)
    others = [word for word in named if word not in own]
    found = registry.select(others) if others or not named else ()
    return (UnreadableFile, *found) if own else found


def explained(word: str) -> type[Pattern]:
    """The pattern or the audit's rule of that name or code. UsageError for neither."""
    return next((rule for rule in RULES if word in (rule.CODE, rule.NAME)), None) or patterns([word])[0]


def together(pattern: type[Pattern]) -> tuple[type[Pattern], ...]:
    """The patterns that are right only together with this one, and itself: those of the flip, any other alone."""
    if pattern.STAGE is not Stage.FLIP:
        return (pattern,)
    return tuple(one for one in registry.all_patterns() if one.STAGE is Stage.FLIP)


def matches(glob: str, paths: Iterable[str]) -> bool:
    """Whether a glob matches any of the paths. UsageError when it is none."""
    try:
        return any(pathspec.GitIgnoreSpec.from_lines([glob]).match_files(paths))
    except ValueError as error:
        raise UsageError(repr(glob), f"is no glob ({error})", GLOBS) from None


def chosen(findings: tuple[Finding, ...], fingerprints: Set[str] | None) -> tuple[Finding, ...]:
    """The findings with these fingerprints; all of them for None."""
    if fingerprints is None:
        return findings
    return tuple(finding for finding in findings if finding.fingerprint in fingerprints)


def known(fingerprints: Iterable[str], seen: Set[str]) -> None:
    """UsageError when a fingerprint is of none of the findings that were seen."""
    if unknown := set(fingerprints) - seen:
        raise UsageError(min(unknown), "is no finding of this application", "scan again and choose from that")


def without(findings: Iterable[Finding], others: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that are none of `others`: the same objects, not equal ones."""
    left_out = {id(finding) for finding in others}
    return tuple(finding for finding in findings if id(finding) not in left_out)
