"""The import table of helpers/: who may import whom, held as data and checked on every file."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "helpers"

ENGINE = {"migrate", "lab", "codemod", "analysis"}
VOCABULARY = {"model", "errors"}
# Left: a part, the first name below helpers. Right: the other parts it may import. All may import the errors.
MAY_IMPORT: dict[str, set[str]] = {
    "__init__": set(),
    "__main__": {"cli"},
    "ui": {"workbook"} | VOCABULARY,
    "cli": {"workbook"} | VOCABULARY,
    "catalogue": {"workbook"} | VOCABULARY,
    "workbook": ENGINE | VOCABULARY,
    "migrate": {"codemod", "analysis"} | VOCABULARY,
    "lab": {"codemod", "analysis"} | VOCABULARY,
    "patterns": {"codemod", "analysis"} | VOCABULARY,
    "codemod": {"analysis"} | VOCABULARY,
    "analysis": VOCABULARY,
    "model": {"errors"},
    "errors": set(),
}
# The registry scans the package of patterns, so it may import the empty package, and no pattern.
SCANNED = "helpers.patterns"
SCANNER = "helpers.codemod.registry"
NOTEBOOKS_MAY_IMPORT = {"workbook", "ui"}
JUPYTER = {"IPython", "ipykernel", "ipywidgets", "jupyter_client", "jupyter_core", "jupyterlab", "nbclient", "nbformat"}
SAMPLE_APP = {"relay", "sample_app"}


class Import(NamedTuple):
    """One imported module, by its full dotted name, and the line it stands on."""

    line: int
    module: str

    @property
    def part(self) -> str | None:
        """The part of helpers that is imported: "" for the package itself, None for anything outside."""
        top, _, rest = self.module.partition(".")
        return rest.partition(".")[0] if top == PACKAGE else None


def imports(source: str, module: str, *, is_package: bool = False) -> Iterator[Import]:
    """All imports of a module's text at any depth, relative ones resolved against its dotted name `module`.

    `from helpers import model` names helpers.model, whether it stands under TYPE_CHECKING, in a function or in a try.
    """
    home = module.split(".") if is_package else module.split(".")[:-1]
    # Notebook cells await at the top level.
    tree = compile(source, module, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = home[: len(home) - node.level + 1] if node.level else []
            start = ".".join([*base, *filter(None, [node.module])])
            yield from (Import(node.lineno, f"{start}.{alias.name}") for alias in node.names)


def is_forbidden(imported: Import, *, part: str, module: str) -> bool:
    """Whether `module`, which lies in `part` of helpers, may not have this import."""
    if imported.part is None:
        top = imported.module.partition(".")[0]
        return top in SAMPLE_APP or (top in JUPYTER and part != "ui")
    if (module, imported.module) == (SCANNER, SCANNED):
        return False
    if imported.part == part:
        return part == "patterns" and _pattern_of(imported.module) not in {_pattern_of(module), None}
    # What lies in the package itself, as its version, is no part.
    return imported.part in MAY_IMPORT and imported.part not in MAY_IMPORT[part]


def _pattern_of(module: str) -> str | None:
    """The pattern a module belongs to: the name below helpers.patterns."""
    return [*module.split("."), None, None][2]


def violations(root: Path) -> list[str]:
    """Every forbidden import of the helpers package under `root`: `path:line imports module`."""
    found = []
    for path in sorted((root / PACKAGE).rglob("*.py")):
        names = path.relative_to(root).with_suffix("").parts
        is_package = names[-1] == "__init__"
        module = ".".join(names[:-1] if is_package else names)
        part = names[1]
        for imported in imports(path.read_text(encoding="utf-8"), module, is_package=is_package):
            if is_forbidden(imported, part=part, module=module):
                found.append(f"{path.relative_to(root).as_posix()}:{imported.line} imports {imported.module}")
    return found


def tree_of(root: Path, module: str, text: str) -> Path:
    """A helpers package under `root` that holds one module: "patterns/one" is helpers/patterns/one.py."""
    path = root / PACKAGE / f"{module}.py"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return root


def test_helpers_import_only_downwards() -> None:
    assert violations(ROOT) == []


def test_every_part_of_helpers_stands_in_the_table() -> None:
    present = {
        path.stem for path in (ROOT / PACKAGE).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert present <= set(MAY_IMPORT)


def test_the_scanned_package_is_empty() -> None:
    assert list(imports((ROOT / PACKAGE / "patterns" / "__init__.py").read_text(encoding="utf-8"), SCANNED)) == []


def test_sample_app_knows_nothing_of_helpers() -> None:
    files = (ROOT / "sample_app").rglob("*.py")
    guilty = [
        path for path in files if any(found.part is not None for found in imports(path.read_text("utf-8"), "relay.any"))
    ]
    assert guilty == []


def test_notebooks_import_only_the_workbook_and_its_widgets() -> None:
    guilty = []
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for source in ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"):
            parts = {found.part for found in imports(source, "notebook")} - {None, ""}
            guilty += [f"{path.name} imports helpers.{part}" for part in parts - NOTEBOOKS_MAY_IMPORT]
    assert guilty == []


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("model", "from helpers.analysis import source"),
        ("errors", "import helpers.model"),
        ("analysis/source", "from helpers.codemod.pattern import Pattern"),
        ("analysis/source", "from ..codemod import pattern"),
        ("analysis/__init__", "from ..migrate import rewriter"),
        ("analysis/source", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from helpers import workbook"),
        ("codemod/registry", "from helpers.patterns.one import One"),
        ("codemod/scanner", "from helpers import patterns"),
        ("codemod/scanner", "def scan():\n    from helpers.patterns import one"),
        ("migrate/rewriter", "from helpers.lab import runner"),
        ("lab/runner", "try:\n    import helpers.migrate.journal as journal\nexcept ImportError:\n    journal = None"),
        ("workbook", "from helpers import ui"),
        ("workbook", "from helpers.patterns.one import One"),
        ("cli", "from helpers.codemod import registry"),
        ("ui/panel", "from helpers.catalogue import page"),
        ("patterns/one", "from helpers.patterns.two import Two"),
        ("patterns/one", "from .two import Two"),
        ("patterns/one", "from helpers.patterns import two"),
        ("patterns/one/rewrite", "from ..two import Two"),
        ("workbook", "import IPython.display"),
        ("cli", "from ipywidgets import Button"),
        ("lab/runner", "import relay.models"),
    ],
)
def test_a_wrong_import_is_caught(tmp_path: Path, module: str, text: str) -> None:
    assert len(violations(tree_of(tmp_path, module, text))) == 1


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("model", "from __future__ import annotations\nimport helpers.errors"),
        ("analysis/source", "from helpers.errors import SourceError\nfrom helpers.model import Finding"),
        ("analysis/project", "from .source import Source\nfrom . import source"),
        ("analysis/project", "from ..model import Finding"),
        ("codemod/scanner", "from helpers.analysis.project import Project\nimport libcst"),
        ("codemod/registry", "from helpers import patterns"),
        ("migrate/rewriter", "from helpers.codemod.imports import edit_imports"),
        ("patterns/one", "from helpers.codemod.pattern import Pattern"),
        ("patterns/one/rewrite", "from .find import find\nfrom helpers.patterns.one import facts"),
        ("workbook", "from helpers.lab import runner\nfrom helpers.migrate import journal"),
        ("cli", "from helpers import __version__\nfrom helpers.workbook import Workbook"),
        ("ui/panel", "import ipywidgets\nfrom IPython.display import display\nfrom helpers.workbook import Workbook"),
        ("__main__", "from helpers.cli import main"),
        ("lab/runner", "text = 'from helpers.migrate import journal'  # import helpers.ui"),
        ("analysis/source", "from helpersome import workbook\nimport relayed"),
    ],
)
def test_an_import_that_the_table_allows_is_left_alone(tmp_path: Path, module: str, text: str) -> None:
    assert violations(tree_of(tmp_path, module, text)) == []


def test_a_violation_names_file_line_and_module(tmp_path: Path) -> None:
    root = tree_of(tmp_path, "lab/runner", "import os\n\nfrom helpers.migrate import journal\n")
    assert violations(root) == ["helpers/lab/runner.py:3 imports helpers.migrate.journal"]
