"""One finding for each relationship that a trace saw read of objects from many places: loaded with its owner."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers.analysis.dataflow.values import Step
from helpers.analysis.symbols import Module
from helpers.codemod.pattern import fingerprint
from helpers.model import Applicability, Finding, Fix
from helpers.patterns.lazy_relationship.circles import Circles
from helpers.patterns.lazy_relationship.mapping_level import eager
from helpers.patterns.lazy_relationship.refusal import Refused
from helpers.patterns.lazy_relationship.sites import Survey
from helpers.patterns.lazy_relationship.traced import Seen


def everywhere(code: str, survey: Survey) -> Iterator[Finding]:
    """What a trace saw read of objects from many places: loaded with its owner wherever that is loaded."""
    by_step: dict[Step, list[Seen]] = {}
    for seen in survey.everywhere:
        by_step.setdefault(seen.step, []).append(seen)
    circles = Circles(survey.everywhere)
    for step, group in by_step.items():
        count = sum(seen.load.count for seen in group)
        places = ", ".join(dict.fromkeys(seen.reading.place for seen in group))
        told = f"{step.label} was loaded {count} times when it was read ({places})"
        try:
            if all(_made(seen) for seen in group):
                raise Refused("the session made the object and no query loads it: refresh it once it is stored")
            fix, module, node = eager(survey.project, step, circles.depth(group))
            message = f"{told}: loads it with its owner, whatever query that comes from"
            yield _placed(code, survey, module, node, message, fix)
        except Refused as refusal:
            yield _placed(
                code, survey, step.owner.definition.module, step.owner.definition.node, f"{told}; left: {refusal}"
            )


def _placed(code: str, survey: Survey, module: Module, node: ast.AST, message: str, fix: Fix | None = None) -> Finding:
    source = survey.project.sources[module.path]
    start, stop = source.segment(node)  # type: ignore[arg-type]
    line, column = source.position(start)
    symbol = survey.project.scopes(module).symbol(node)
    how = Applicability.REVIEW if fix else Applicability.MANUAL
    mark = fingerprint(code, source.path, symbol, source.text[start:stop] + ("" if fix else message))
    return Finding(code, source.path, line, column, symbol, message, how, fix, mark)


def _made(seen: Seen) -> bool:
    """Whether an object was never loaded by anything: an option of the mapping would do nothing for it."""
    return bool(seen.load.loaded_by) and all(one.kind == "made" for one in seen.load.loaded_by)
