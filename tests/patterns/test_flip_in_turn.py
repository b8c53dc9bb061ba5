"""The flip inside of `any`, `all`, `next`, sort keys, `map` and `filter`: as much is computed as before, in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import HEAD, body, flipped, proved, reasons

AGE = (
    "def age(s: Session, key: int):\n    return s.get(Author, key).born or 0\n\n\ndef told(s: Session):\n    log = []\n"
)
NOTED = "for key in (2, 1, 4) if log.append(key) is None"
PROVED = {
    "any stops at the first": (
        f"    return any(age(s, key) > 0 {NOTED}), log\n",
        f"    return await any_of(await age(s, key) > 0 {NOTED}), log\n",
    ),
    "any that finds none": (
        f"    return any(age(s, key) < 0 {NOTED}), log\n",
        f"(await age(s, key) < 0 {NOTED}), log\n",
    ),
    "all stops at the first other": (
        f"    return all(age(s, key) < 0 {NOTED}), log\n",
        f"    return await all_of(await age(s, key) < 0 {NOTED}), log\n",
    ),
    "next with a default": (
        f"    return next((key {NOTED} and age(s, key) < 1970), None), log\n",
        f"    return await anext((key {NOTED} and await age(s, key) < 1970), None), log\n",
    ),
    "any over what is awaited once": (
        "    return any(name for name in [age(s, 1)]), log\n",
        "    return any(name for name in [await age(s, 1)]), log\n",
    ),
    "a sort key": (
        "    return sorted((4, 3, 2, 1), key=lambda key: age(s, key), reverse=True), log\n",
        "    return await sorted_by((4, 3, 2, 1), key=lambda key: age(s, key), reverse=True), log\n",
    ),
    "a sort key that keeps the order of equal ones": (
        "    return sorted((4, 2, 3, 5, 1), key=lambda key: age(s, key)), log\n",
        "    return await sorted_by((4, 2, 3, 5, 1), key=lambda key: age(s, key)), log\n",
    ),
    "the greatest": (
        "    return max((4, 2), key=lambda key: age(s, key)), max((), key=lambda key: age(s, key), default='none')\n",
        "await max_by((), key=lambda key: age(s, key), default='none')\n",
    ),
    "the least of none": (
        "    try:\n        return min([], key=lambda key: age(s, key))\n    except ValueError as error:\n"
        "        return str(error)\n",
        "        return await min_by([], key=lambda key: age(s, key))\n",
    ),
    "a key that is partly applied": (
        "    from functools import partial\n\n    return sorted((4, 3, 2, 1), key=partial(age, s))\n",
        "    return await sorted_by((4, 3, 2, 1), key=partial(age, s))\n",
    ),
    "a list of what map runs": (
        "    from functools import partial\n\n    return list(map(partial(age, s), (2, 1)))\n",
        "    return [await age(s, item) for item in (2, 1)]\n",
    ),
    "a loop over what map runs": (
        "    from functools import partial\n\n    for year in map(partial(age, s), (2, 1)):\n        log.append(year)\n"
        "        if year:\n            break\n    return log\n",
        "    async for year in (await age(s, item) for item in (2, 1)):\n",
    ),
    "a lambda that map runs": (
        "    return sum(map(lambda key: age(s, key) + age(s, 1), [1, 2]))\n",
        "    return sum([await age(s, key) + await age(s, 1) for key in [1, 2]])\n",
    ),
    "a lambda in a loop": (
        "    for year in map(lambda key: s.get(Author, key).born, (2, 1)):\n        log.append(year)\n    return log\n",
        "    async for year in ((await s.get(Author, key)).born for key in (2, 1)):\n",
    ),
    "what filter keeps": (
        "    from functools import partial\n\n    return list(filter(partial(age, s), (3, 2, 1)))\n",
        "    return [item for item in (3, 2, 1) if await partial(age, s)(item)]\n",
    ),
    "a text of what map runs": (
        "    from functools import partial\n\n"
        "    return ', '.join(str(year) for year in map(partial(age, s), (2, 1)))\n",
        "    return ', '.join([str(year) async for year in (await age(s, item) for item in (2, 1))])\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), PROVED.values(), ids=PROVED)
def test_as_much_is_computed_in_the_same_order(before: str, after: str, tmp_path: Path) -> None:
    assert after in proved(tmp_path, AGE + before, "told(session)")


LEFT = {
    "a key that computes more than one call": (
        "    return sorted((2, 1), key=lambda key: -age(s, key))\n",
        "it stands in a lambda, which cannot await",
    ),
    "a list that is sorted in place": (
        "    from functools import partial\n\n    log.sort(key=partial(age, s))\n",
        "handed to `log.sort`",
    ),
    "the greatest of two arguments": (
        "    from functools import partial\n\n    return max(1, 2, key=partial(age, s))\n",
        "compares several arguments",
    ),
    "two iterables at once": (
        "    from operator import add\n\n    return list(map(lambda one, two: age(s, one), (1,), (2,)))\n",
        "it stands in a lambda, which cannot await",
    ),
    "what map runs is computed on the way": (
        "    from functools import partial\n\n    return list(map(partial(age, log.pop()), (2, 1)))\n",
        "keep it in a variable first",
    ),
    "a map that is handed on": (
        "    from functools import partial\n\n    return zip(map(partial(age, s), (2, 1)), log)\n",
        "read it with `async for`",
    ),
    "next that raises at the end": (
        f"    return next(key {NOTED} and age(s, key) < 0)\n",
        "which may not be read to its end",
    ),
    "a function of the file is called any": (
        "    return any(age(s, key) for key in (1, 2))\n\n\ndef any(values):\n    return list(values)\n",
        "is not the builtin here",
    ),
    "a function of the file has the name of what awaits": (
        "    return any(age(s, key) for key in (1, 2))\n\n\ndef any_of(values):\n    return list(values)\n",
        "has a `any_of` of its own",
    ),
}


@pytest.mark.parametrize(("text", "reason"), LEFT.values(), ids=LEFT)
def test_what_would_compute_more_or_less_is_left(text: str, reason: str, tmp_path: Path) -> None:
    assert body(tmp_path, AGE + text) == AGE + text
    assert any(reason in one for one in reasons(tmp_path, AGE + text)), reasons(tmp_path, AGE + text)


def test_what_awaits_is_written_once_for_two_families(tmp_path: Path) -> None:
    name = "def f{0}(s{0}: Session):\n    return any(s{0}.get(Author, key) for key in (1, 2))\n\n\n"
    after = flipped(tmp_path, {"app.py": HEAD + name.format(1) + name.format(2)})["app.py"]
    assert after.count("async def any_of(") == 1
    assert after.count("return await any_of(") == 2
