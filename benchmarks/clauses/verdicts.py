"""Says of each query of the old tree what became of it, from its clauses and from the SQL of both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clauses.evaluation import Interpreter, Seen, evaluate, same_text, worth_evaluating
from benchmarks.clauses.pairing import Pair, Placed
from benchmarks.clauses.trees import Comparison

SAME, STRUCTURAL, LEFT, LOST, DIFFERENT, ONE_SIDE = (
    "same text", "structural only", "left", "LOST", "DIFFERENT", "ONE SIDE",
)  # fmt: skip
FAULTS = (LOST, DIFFERENT, ONE_SIDE)
# A loss of these is not seen in the SQL, so equal SQL says nothing about it.
_UNSEEN = (
    "options(",
    "execution_options(",
    "params(",
    "all()",
    "first()",
    "one()",
    "one_or_none()",
    "scalar()",
    "get()",
)


@dataclass(frozen=True, eq=False)
class Verdict:
    """What became of one query, and why it is said."""

    pair: Pair
    word: str
    detail: str = ""

    @property
    def line(self) -> str:
        """`WORD path:line symbol: detail`."""
        old = self.pair.old
        place = f"{self.word} {old.path}:{old.line}" + (f" {old.symbol}" if old.symbol else "")
        return f"{place}: {self.detail}" if self.detail else place


def judge(comparison: Comparison, before: Path, after: Path, interpreter: Interpreter | None) -> list[Verdict]:
    """A verdict on every legacy query and on every other that changed. EvaluationError."""
    pairs = [pair for pair in comparison.pairs if pair.old.chain.legacy or not pair.left]
    seen = _seen(pairs, (before, after), interpreter) if interpreter else {}
    return [verdict(pair, *seen.get(pair, (Seen(), Seen()))) for pair in pairs]


def counts(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many there are of each word, those of no use left out but for LOST."""
    found = Counter(item.word for item in verdicts)
    return {word: found[word] for word in (SAME, STRUCTURAL, LEFT, *FAULTS) if found[word] or word == LOST}


def verdict(pair: Pair, old: Seen, new: Seen) -> Verdict:
    """One query's verdict. Equal SQL outweighs a clause that was only written in another way."""
    both = old.evaluated and new.evaluated
    equal = both and same_text(old, new)
    if pair.lost and not (equal and not any(text.startswith(_UNSEEN) for text in pair.lost)):
        return Verdict(pair, LOST, "; ".join(pair.lost))
    if equal:
        return Verdict(pair, SAME)
    if both:
        return Verdict(pair, DIFFERENT, f"{' | '.join(old.sql)} -> {' | '.join(new.sql)}")
    if (old.evaluated and new.error) or (new.evaluated and old.error):
        return Verdict(pair, ONE_SIDE, f"before: {_said(old)}; after: {_said(new)}")
    return Verdict(pair, LEFT if pair.left else STRUCTURAL, old.error)


def _said(seen: Seen) -> str:
    return seen.error or (" | ".join(seen.sql) or "no statement")


def _seen(pairs: Sequence[Pair], trees: tuple[Path, Path], interpreter: Interpreter) -> dict[Pair, tuple[Seen, Seen]]:
    asked = [pair for pair in pairs if worth_evaluating(pair) and _below(pair.old, interpreter.root)]
    sides: list[list[Placed]] = [[pair.old for pair in asked], [pair.new for pair in asked if pair.new]]
    with ThreadPoolExecutor(2) as pool:
        old, new = pool.map(evaluate, trees, sides, [interpreter] * 2)
    return dict(zip(asked, zip(old, new, strict=True), strict=True))


def _below(item: Placed, root: str) -> bool:
    return root == "." or Path(item.path).is_relative_to(root)
