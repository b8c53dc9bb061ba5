"""Which attributes a Jinja template reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.analysis.templates import Templates


def reads(folder: Path, **files: str) -> set[str]:
    """The dotted paths that `page.html` reads."""
    for name, text in files.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    found = Templates(folder, tuple(f"{name}.html" for name in files)).reads("page.html")
    return {".".join(read.path) for read in found}


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("{{ book.author.name }}", {"book.author", "book.author.name"}),
        ("{% for b in books %}{{ b.title }}{% endfor %}", {"books.title"}),
        ("{% for b in books | sort %}{{ b.author }}{% endfor %}", {"books.author"}),
        ("{% for b in shop.books if b.sold %}{% endfor %}", {"shop.books", "shop.books.sold"}),
        ("{% set a = book.author %}{{ a.name }}", {"book.author", "book.author.name"}),
        ("{{ (books | first).author }}", {"books.author"}),
        ("{{ book['author'].name }}", {"book.author", "book.author.name"}),
        ("{{ 'x' if book.author else book.title }}", {"book.author", "book.title"}),
        ("{{ name }}", set()),
        ("plain", set()),
        ("{% for %}", set()),
    ],
)
def test_paths_begin_with_a_name_of_the_context(tmp_path: Path, text: str, paths: set[str]) -> None:
    assert reads(tmp_path, page=text) == paths


def test_included_templates_read_too_and_a_circle_ends(tmp_path: Path) -> None:
    page = '{% include "part.html" %}{{ a.x }}'
    assert reads(tmp_path, page=page, part='{% include "page.html" %}{{ a.y }}') == {"a.x", "a.y"}


def test_a_name_that_two_files_share_tells_nothing(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "page.html").write_text("{{ a.x }}", encoding="utf-8")
    assert Templates(tmp_path, ("one/page.html", "two/page.html")).reads("page.html") == ()


LOOPED = {
    "a loop": ("{% for b in books %}{{ b.title }}{{ loop.index }}{% endfor %}", True),
    "two loops": ("{% for b in books %}{% endfor %}{% for b in books %}{% endfor %}", True),
    "a name that is not there": ("plain", True),
    "its truth": ("{% if books %}{% for b in books %}{% endfor %}{% endif %}", False),
    "its length": ("{{ books | length }}", False),
    "a call on it": ("{{ books.count() }}", False),
    "an include that is named at run time": ("{% include page %}{% for b in books %}{% endfor %}", False),
    "an include that is missing": ("{% include 'other.html' %}{% for b in books %}{% endfor %}", False),
    "what does not parse": ("{% for %}", False),
}


@pytest.mark.parametrize(("text", "looped"), LOOPED.values(), ids=LOOPED)
def test_a_name_that_a_template_only_loops_over(tmp_path: Path, text: str, looped: bool) -> None:
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    assert Templates(tmp_path, ("page.html",)).only_looped("page.html", "books") is looped
