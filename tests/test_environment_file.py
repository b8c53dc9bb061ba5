"""environment.yml says what requirements.txt says, and both are fit to be committed."""

from __future__ import annotations

import ast
import re
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.environment import environment, pins

PINNED = """\
# a comment
anyio==4.16.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:cc
"""


def pip_section(repository: Path) -> list[str]:
    content = yaml.safe_load((repository / "environment.yml").read_text(encoding="utf-8"))
    return content["dependencies"][-1]["pip"]


def requirements(repository: Path, name: str) -> str:
    return (repository / name).read_text(encoding="utf-8")


def wanted_lines(repository: Path) -> list[str]:
    return [line for line in requirements(repository, "requirements.in").splitlines() if line[:1].isalnum()]


def names(lines: list[str] | tuple[str, ...]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in lines}


def imported(tree: ast.Module) -> set[str]:
    """The top names of a module's absolute imports."""
    nodes = list(ast.walk(tree))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {
        name.split(".")[0] for name in plain | {n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module}
    }


def test_the_file_is_what_the_pins_generate(repository: Path) -> None:
    expected = environment(requirements(repository, "requirements.txt"))
    assert requirements(repository, "environment.yml") == expected, "run make pins"


def test_the_pip_section_lists_the_pairs_of_the_pins(repository: Path) -> None:
    text = requirements(repository, "requirements.txt")
    pinned = set(re.findall(r"^([\w.-]+==[^\s;\\]+)", text, flags=re.MULTILINE))
    assert {line.split(" ;")[0] for line in pip_section(repository)[:-1]} == pinned


def test_the_project_itself_comes_last(repository: Path) -> None:
    section = pip_section(repository)
    assert section.index("-e .") == len(section) - 1


def test_conda_is_asked_for_the_interpreter_and_pip_alone(repository: Path) -> None:
    content = yaml.safe_load(requirements(repository, "environment.yml"))
    assert set(content) == {"name", "channels", "dependencies"}
    assert content["channels"] == ["conda-forge", "nodefaults"]
    assert content["dependencies"][:-1] == ["python=3.12", "pip"]


def test_every_wanted_package_is_pinned(repository: Path) -> None:
    assert names(wanted_lines(repository)) <= names(pins(requirements(repository, "requirements.txt")))


def test_every_imported_package_is_wanted_by_name(repository: Path) -> None:
    folders = ("helpers", "tools", "benchmarks", "tests", "sample_app")
    files = [path for folder in folders for path in (repository / folder).rglob("*.py")]
    tops = {top for path in files for top in imported(ast.parse(path.read_bytes()))}
    owners = packages_distributions()
    used = {canonicalize_name(owner) for top in tops for owner in owners.get(top, ())} - {"async-migration-workbook"}
    assert used - names(wanted_lines(repository)) == set()


def test_every_wanted_range_admits_its_pin(repository: Path) -> None:
    wanted = [Requirement(line) for line in wanted_lines(repository)]
    ranges = {canonicalize_name(requirement.name): requirement.specifier for requirement in wanted}
    pinned = [Requirement(line) for line in pins(requirements(repository, "requirements.txt"))]
    versions = {canonicalize_name(pin.name): next(iter(pin.specifier)).version for pin in pinned}
    assert [name for name, wanted_range in ranges.items() if versions[name] not in wanted_range] == []


def test_every_pin_has_hashes(repository: Path) -> None:
    lines = requirements(repository, "requirements.txt").replace("\\\n", "").splitlines()
    assert [line for line in lines if line[:1].isalnum() and "--hash=sha256:" not in line] == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements.in", "environment.yml"])
def test_no_address_and_no_path_is_committed(repository: Path, name: str) -> None:
    text = requirements(repository, name)
    assert re.findall(r"\w+://\S*|--\S*index\S*|--find-links\S*|(?:^|\s)/\S+", text) == []


def test_a_marker_stays_with_its_pin() -> None:
    assert pins(PINNED) == ("anyio==4.16.0", 'colorama==0.4.6 ; sys_platform == "win32"')


def test_comments_and_hashes_are_no_pins() -> None:
    assert pins("# anyio==1\n    --hash=sha256:aa\n\n--no-binary :all:\n") == ()


@pytest.mark.parametrize("line", ["anyio", "anyio>=4", "anyio==4.*", "anyio>=4,<5"])
def test_a_line_that_is_not_one_version_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="run make pins"):
        pins(line)
