"""The panel of 20_legacy_query in a real JupyterLab: choose two files, see the diff, apply, undo, in both themes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tools import lab_browser
from tools.lab_browser import Server, Theme

NOTEBOOK = "notebooks/20_legacy_query.ipynb"
FILES = ["relay/services/customer.py", "relay/services/tag.py"]
PATIENCE = 30_000  # milliseconds for one answer of the kernel

pytestmark = pytest.mark.skipif(lab_browser.chromium() is None, reason=lab_browser.NO_BROWSER)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Server]:
    """A JupyterLab over a copy of the notebook; scratch copies go below its folder, too."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "notebooks").mkdir()
    shutil.copy(repository / NOTEBOOK, folder / NOTEBOOK)
    with lab_browser.jupyterlab(folder, {"XDG_CACHE_HOME": str(folder / "cache")}) as server:
        yield server


def scratch(server: Server) -> Path:
    """The scratch copy that the last run made."""
    return max(server.folder.glob("cache/*/scratch-*/sample_app"), key=lambda path: path.parent.stat().st_mtime_ns)


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.py")}


def button(panel: Locator, name: str) -> Locator:
    return panel.get_by_role("button", name=name, exact=True)


def press(panel: Locator, name: str, status: str) -> None:
    """Reach a button by the keyboard alone, press it, and wait for the line it answers with."""
    expect(button(panel, name)).to_be_enabled(timeout=PATIENCE)
    button(panel, name).focus()
    button(panel, name).press("Enter")
    expect(panel.get_by_role("status")).to_contain_text(status, timeout=PATIENCE)


def keep(tab: Page, panel: Locator, name: str) -> None:
    """Keep a picture where SCREENSHOTS names a folder, to be looked at by a person."""
    if folder := os.environ.get("SCREENSHOTS"):
        lab_browser.screenshot(tab, panel, Path(folder, name))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_two_files_are_chosen_previewed_applied_and_undone(server: Server, theme: Theme) -> None:
    with lab_browser.page(theme) as tab:
        lab_browser.open_notebook(tab, server, NOTEBOOK, theme=theme)
        lab_browser.run_all(tab)
        panel = lab_browser.panel(tab)
        before = contents(scratch(server))
        expect(button(panel, "Preview")).to_be_disabled()
        expect(button(panel, "Apply")).to_be_disabled()

        lab_browser.choose(panel, FILES)
        press(panel, "Preview", "Nothing is written yet")
        assert panel.locator("caption code").all_inner_texts() == FILES
        assert {"-", "+"} <= {text.strip() for text in panel.locator("td.sign").all_inner_texts()}
        keep(tab, panel, f"panel-{theme}.png")
        assert contents(scratch(server)) == before

        press(panel, "Apply", "Applied")
        after = contents(scratch(server))
        assert sorted(path for path in before if before[path] != after[path]) == FILES
        press(panel, "Undo", "as before")
        assert contents(scratch(server)) == before
        expect(button(panel, "Undo")).to_be_disabled()
