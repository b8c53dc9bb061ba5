"""Take the README's picture from the running workbook: screenshot.py [FILE], by default docs/images/workbook.png."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import expect

from tools import lab_browser

NOTEBOOK = "notebooks/20_legacy_query.ipynb"
# Few enough changes that one picture shows the list of files, the status and a whole function's diff.
FILES = ("relay/routers/health.py", "relay/services/tag.py")
SIZE = (1280, 900)
PATIENCE = 30_000  # milliseconds
# The side bar says nothing here, and the first hunk of a file is its imports.
LAYOUT = """element => {
  const notebook = element.closest(".jp-Notebook");
  element.scrollIntoView({block: "start"});
  notebook.scrollTop -= 60;
}"""


def take(path: Path) -> None:
    """Run the notebook in a browser, preview two files, and write what is seen to `path` as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="picture-") as temporary:
        folder = Path(temporary)
        (folder / "notebooks").mkdir()
        shutil.copy(lab_browser.ROOT / NOTEBOOK, folder / NOTEBOOK)
        variables = {"XDG_CACHE_HOME": str(folder / "cache")}
        with lab_browser.jupyterlab(folder, variables) as server, lab_browser.page(size=SIZE) as tab:
            lab_browser.open_notebook(tab, server, NOTEBOOK)
            lab_browser.run_all(tab)
            panel = lab_browser.panel(tab)
            lab_browser.choose(panel, FILES)
            panel.get_by_role("button", name="Preview", exact=True).click()
            expect(panel.get_by_role("status")).to_contain_text("Nothing is written yet", timeout=PATIENCE)
            lab_browser.hide_sidebar(tab)
            panel.evaluate(LAYOUT)
            tab.screenshot(path=path)


def main() -> None:
    """Take the picture and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=lab_browser.ROOT / "docs" / "images" / "workbook.png")
    path = parser.parse_args().file
    take(path)
    print(path.name)


if __name__ == "__main__":
    main()
