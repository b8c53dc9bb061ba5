"""Compare two migrations of a tree: `python -m benchmarks.clauses.against BEFORE ONE OTHER` says who converted what."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clauses.pairing import Pair, Placed
from benchmarks.clauses.trees import compare_folders


@dataclass(frozen=True, eq=False)
class Site:
    """A legacy query and its counterparts in the two migrations, each None where it is gone."""

    old: Placed
    one: Pair
    other: Pair

    @property
    def states(self) -> tuple[str, str]:
        """What it is in the one and in the other: `converted`, `left` or `gone`."""
        return _state(self.one), _state(self.other)

    @property
    def line(self) -> str:
        """`path:line symbol`, with what both have lost."""
        lost = [f"{name} lost {'; '.join(pair.lost)}" for name, pair in (("ONE", self.one), ("OTHER", self.other))
                if pair.new is not None and pair.lost]  # fmt: skip
        return " ".join([f"{self.old.path}:{self.old.line} {self.old.symbol}", *(f"[{text}]" for text in lost)])


def sites(before: Path, one: Path, other: Path) -> list[Site]:
    """Every legacy query of `before` with what became of it in both trees."""
    first, second = ({_key(pair): pair for pair in compare_folders(before, tree).pairs} for tree in (one, other))
    return [Site(pair.old, pair, second[key]) for key, pair in first.items() if key in second and pair.old.chain.legacy]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the sites that only one of the two converted, and how many there are of each kind. Always 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clauses.against", description=__doc__)
    for name, text in (("before", "the tree as it was"), ("one", "a migration of it"), ("other", "another one")):
        parser.add_argument(name, type=Path, metavar=name.upper(), help=text)
    parser.add_argument("--below", default="", metavar="DIR", help="only what lies in this folder")
    options = parser.parse_args(arguments)
    found = [item for item in sites(options.before, options.one, options.other) if _below(item, options.below)]
    groups: dict[tuple[str, str], list[Site]] = {}
    for site in found:
        groups.setdefault(site.states, []).append(site)
    for (one, other), members in sorted(groups.items()):
        print(f"ONE {one}, OTHER {other}: {len(members)}")
        if one != other:
            print("".join(f"  {site.line}\n" for site in members), end="")
    return 0


def _state(pair: Pair) -> str:
    if pair.new is None:
        return "gone"
    return "left" if pair.new.chain.legacy else "converted"


def _key(pair: Pair) -> tuple[str, str, str, int]:
    node = pair.old.chain.node
    return pair.old.path, pair.old.symbol, pair.old.text, node.lineno * 1000 + node.col_offset


def _below(site: Site, folder: str) -> bool:
    return not folder or Path(site.old.path).is_relative_to(folder)


if __name__ == "__main__":
    sys.exit(main())
