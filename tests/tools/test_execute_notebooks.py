"""Executed notebooks are the same bytes on every run, and keep what a reader needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from tools.execute_notebooks import WIDGET_VIEW, main, stabilise


def code_cell(**data: str) -> Any:
    output = nbformat.v4.new_output("display_data", data=data, metadata={WIDGET_VIEW: {}} if data else {})
    return nbformat.v4.new_code_cell("x", outputs=[output], metadata={"execution": {"iopub.status.busy": "now"}})


def notebook(*cells: Any) -> Any:
    metadata = {"widgets": {}, "kernelspec": {"name": "mine", "display_name": "Mine"}}
    return nbformat.v4.new_notebook(cells=list(cells), metadata=metadata)


def write(path: Path, *sources: str) -> Path:
    nbformat.write(notebook(*map(nbformat.v4.new_code_cell, sources)), path)
    return path


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb", "import ipywidgets", "ipywidgets.HTML('x')", "print(1); print(2)")
    assert main([str(path)]) == 0
    first = path.read_bytes()
    assert main([str(path)]) == 0
    assert path.read_bytes() == first
    assert [cell.execution_count for cell in nbformat.read(path, as_version=4).cells] == [1, 2, 3]


def test_a_cell_that_fails_is_named_and_its_notebook_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "b.ipynb", "raise ValueError('no')")
    before = path.read_bytes()
    assert main([str(path)]) == 1
    assert path.read_bytes() == before
    assert "b.ipynb" in capsys.readouterr().err


def test_metadata_of_the_machine_and_of_the_kernel_goes() -> None:
    executed = notebook(code_cell())
    stabilise(executed)
    assert executed.metadata.kernelspec.name == "python3"
    assert "widgets" not in executed.metadata
    assert "version" not in executed.metadata.language_info
    assert executed.cells[0].metadata == {}


def test_a_widget_leaves_its_text() -> None:
    executed = notebook(code_cell(**{WIDGET_VIEW: "model 17", "text/plain": "HTML()"}))
    stabilise(executed)
    assert executed.cells[0].outputs[0].data == {"text/plain": "HTML()"}


def test_an_output_that_has_a_view_alone_keeps_it() -> None:
    executed = notebook(code_cell(**{WIDGET_VIEW: "model 17"}))
    stabilise(executed)
    assert executed.cells[0].outputs[0].data == {WIDGET_VIEW: "model 17"}


def test_other_outputs_stay() -> None:
    executed = notebook(code_cell(**{"text/html": "<b>1</b>", "text/plain": "1"}))
    stabilise(executed)
    assert executed.cells[0].outputs[0].data == {"text/html": "<b>1</b>", "text/plain": "1"}


def test_ids_stay_and_only_missing_or_repeated_ones_are_given() -> None:
    executed = notebook(*(nbformat.v4.new_markdown_cell("x", id=name) for name in ("goal", "again", "end")))
    executed.cells[1].id = "goal"
    del executed.cells[2]["id"]
    stabilise(executed)
    assert [cell.id for cell in executed.cells] == ["goal", "cell-02", "cell-03"]
