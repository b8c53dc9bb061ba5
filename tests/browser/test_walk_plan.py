"""The panel of a plan in a real JupyterLab: diff, step, tests and undo by the keyboard alone, in both themes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from tools import lab_browser
from tools.execute_notebooks import METADATA
from tools.lab_browser import Server, Theme

NOTEBOOK = "walk.ipynb"
PATIENCE = 60_000  # milliseconds for one answer of the kernel, a run of the tests included
FILES = {
    "shop/models.py": """from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
""",
    "shop/authors.py": """from models import Author
from sqlalchemy.orm import Session


def every(db: Session) -> list[Author]:
    return db.query(Author).all()
""",
    "test_shop.py": """from pathlib import Path


def test_authors() -> None:
    assert "def every(" in Path("authors.py").read_text()
""",
}
CELL = f"""from helpers.ui import WalkPlan
from helpers.workbook import Suite, Workbook

pytest = [{sys.executable!r}, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:nbval"]
WalkPlan(Workbook.open("shop"), Suite([*pytest, "../test_shop.py"]))"""

pytestmark = pytest.mark.skipif(lab_browser.chromium() is None, reason=lab_browser.NO_BROWSER)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A JupyterLab over a notebook of one cell, and a small application beside it."""
    folder = tmp_path_factory.mktemp("lab")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    cell = nbformat.v4.new_code_cell(CELL)  # type: ignore[no-untyped-call]
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=METADATA)  # type: ignore[no-untyped-call]
    nbformat.write(notebook, folder / NOTEBOOK)  # type: ignore[no-untyped-call]
    with lab_browser.jupyterlab(folder) as server:
        yield server


def press(panel: Locator, name: str, status: str) -> None:
    """Reach a button by the keyboard alone, press it, and wait for the line it answers with."""
    button = panel.get_by_role("button", name=name, exact=True)
    expect(button).to_be_enabled(timeout=PATIENCE)
    button.focus()
    button.press("Enter")
    expect(panel.get_by_role("status")).to_contain_text(status, timeout=PATIENCE)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_step_is_looked_at_applied_judged_and_undone(server: Server, theme: Theme) -> None:
    authors = server.folder / "shop" / "authors.py"
    with lab_browser.page(theme) as tab:
        lab_browser.open_notebook(tab, server, NOTEBOOK, theme=theme)
        lab_browser.run_all(tab)
        panel = tab.locator(".jp-Notebook .jp-OutputArea-output").filter(has=tab.get_by_label("Step"))
        rows = panel.locator("table").first.locator("tbody tr")
        expect(rows.first).to_contain_text("next")

        press(panel, "Show the diff", "Nothing is written yet")
        assert panel.locator("caption code").all_inner_texts() == ["authors.py"]
        assert authors.read_text() == FILES["shop/authors.py"]

        press(panel, "Apply and run the tests", "the tests are green: 1 passed")
        expect(rows.first).to_contain_text("done")
        expect(panel.get_by_text("Tests", exact=True)).to_be_hidden()
        if folder := os.environ.get("SCREENSHOTS"):
            lab_browser.screenshot(tab, panel, Path(folder, f"walk-{theme}.png"))
        assert "select(Author)" in authors.read_text()

        press(panel, "Undo the last step", "Undone, byte for byte")
        assert authors.read_text() == FILES["shop/authors.py"]
