"""Re-execute notebooks in place so that running them twice gives the same bytes: execute_notebooks.py NOTEBOOK..."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}
CELL_TIMEOUT_SECONDS = 3600


def execute(path: Path) -> None:
    """Run every cell of the notebook at `path`, from its own folder, and write it back in a stable form.

    Raises nbclient's CellExecutionError for a cell that fails without being tagged raises-exception.
    """
    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=CELL_TIMEOUT_SECONDS,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
        config=Config(KernelManager={"transport_encryption": "auto"}),
    ).execute()
    stabilise(notebook)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")  # type: ignore[no-untyped-call]


def stabilise(notebook: Any) -> None:
    """Take out of an executed notebook, in place, what differs from run to run or from machine to machine."""
    notebook.metadata = nbformat.from_dict(METADATA)  # type: ignore[no-untyped-call]
    # Ids came with format 4.5; anything older would be written without the ones given here.
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: set[str] = set()
    for number, cell in enumerate(notebook.cells, 1):
        if not cell.get("id") or cell.id in seen:
            cell.id = f"cell-{number:02d}"
        seen.add(cell.id)
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            _drop_widget_view(output)


def _drop_widget_view(output: Any) -> None:
    # A view names a model of a kernel that is gone: Jupyter would show an error where the plain text reads well.
    data = output.get("data", {})
    if "text/plain" in data:
        data.pop(WIDGET_VIEW, None)
    output.get("metadata", {}).pop(WIDGET_VIEW, None)


def main(arguments: list[str] | None = None) -> int:
    """Execute the notebooks named on the command line; 1 when one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path)
    failed = 0
    for path in parser.parse_args(arguments).notebooks:
        try:
            execute(path)
        except CellExecutionError as error:
            print(f"{path}: {error}; mend the cell and run make notebooks again", file=sys.stderr)
            failed = 1
        else:
            print(f"{path}: executed")
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
