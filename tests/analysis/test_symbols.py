"""What a dotted name means, through the ways applications import."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Mapping
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, External, Module, Symbols, dotted_name, module_name

Build = Callable[[Mapping[str, str]], Project]
USER = "class User: ...\n"


def symbols(files: Mapping[str, str], package: str = "") -> Symbols:
    return Symbols.build({path: ast.parse(text) for path, text in files.items()}, package)


def meaning(files: Mapping[str, str], name: str, path: str = "app/main.py", package: str = "") -> str:
    """`path:name` of a definition, `path` of a module, `outside name`, or `nothing`."""
    made = symbols(files, package)
    match made.resolve(made.modules[path], name):
        case Definition(module=module, name=found):
            return f"{module.path}:{found}"
        case External(name=found):
            return f"outside {found}"
        case Module(path=found):
            return found
    return "nothing"


APP = {"app/__init__.py": "", "app/models/__init__.py": "from .user import User\n", "app/models/user.py": USER}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("from app.models.user import User", "User"),
        ("from app.models import User", "User"),
        ("from .models import User", "User"),
        ("from .models import User as Account", "Account"),
        ("from . import models", "models.User"),
        ("from app import models as m", "m.User"),
        ("import app.models", "app.models.User"),
        ("import app.models.user as u", "u.User"),
        ("import app.models.user", "app.models.user.User"),
        ("from .models import *", "User"),
        ("if TYPE_CHECKING:\n    from app.models import User", "User"),
        ("try:\n    from app.models import User\nexcept ImportError:\n    User = None", "User"),
    ],
)
def test_every_way_to_import_a_class_leads_to_it(line: str, name: str) -> None:
    assert meaning(APP | {"app/main.py": line}, name) == "app/models/user.py:User"


@pytest.mark.parametrize(
    ("line", "name", "expected"),
    [
        ("import sqlalchemy as sa", "sa.select", "outside sqlalchemy.select"),
        ("from sqlalchemy import orm", "orm.Session", "outside sqlalchemy.orm.Session"),
        ("from sqlalchemy.orm import *", "Session", "outside sqlalchemy.orm.Session"),
        ("from elsewhere import *", "Session", "nothing"),
        ("from sqlalchemy import *", "print", "nothing"),
        ("from sqlalchemy import *", "current_user", "nothing"),
        ("from sqlalchemy.no_such_module import *", "Session", "nothing"),
        ("from app.models import Missing", "Missing", "nothing"),
        ("from ....models import User", "User", "outside <outside>.models.User"),
        ("", "User", "nothing"),
        ("User.name = 1", "User", "nothing"),
        ("class User: ...", "User.name", "nothing"),
    ],
)
def test_what_the_project_does_not_define_leads_nowhere_in_it(line: str, name: str, expected: str) -> None:
    assert meaning(APP | {"app/main.py": line}, name) == expected


def test_a_star_import_of_sqlalchemy_does_not_hide_the_projects_own_names() -> None:
    text = "from app.models import *\nfrom sqlalchemy import *\n"
    assert meaning(APP | {"app/main.py": text}, "User") == "app/models/user.py:User"


def test_what_is_bound_last_counts() -> None:
    files = APP | {"app/main.py": "from app.models import User\nclass User: ...\n"}
    assert meaning(files, "User") == "app/main.py:User"
    files = APP | {"app/main.py": "class User: ...\nfrom app.models import User\n"}
    assert meaning(files, "User") == "app/models/user.py:User"


def test_a_packages_own_name_comes_before_its_submodule_of_that_name() -> None:
    files = {"app/__init__.py": "from app.session import session\n", "app/session.py": "session = make()\n"}
    assert meaning(files | {"main.py": "from app import session"}, "session", "main.py") == "app/session.py:session"


def test_a_submodule_that_its_package_imports_is_the_submodule() -> None:
    files = {"app/__init__.py": "from . import session\n", "app/session.py": "session = make()\n"}
    assert meaning(files | {"main.py": "from app import session"}, "session", "main.py") == "app/session.py"


@pytest.mark.parametrize("folder", ["src/", "backend/", "a/b/"])
def test_a_folder_that_is_no_package_may_be_on_the_path(folder: str) -> None:
    files = {
        f"{folder}app/__init__.py": "",
        f"{folder}app/models.py": USER,
        f"{folder}app/main.py": "import app.models",
    }
    assert meaning(files, "app.models.User", f"{folder}app/main.py") == f"{folder}app/models.py:User"


def test_a_folder_inside_a_package_is_not_on_the_path() -> None:
    files = {"app/__init__.py": "", "app/redis.py": USER, "app/main.py": "import redis"}
    assert meaning(files, "redis.User") == "outside redis.User"


@pytest.mark.parametrize("line", ["import app.models", "from app import models", "import app.models as models"])
def test_a_package_without_init_is_a_namespace(line: str) -> None:
    files = {"app/models.py": USER, "app/main.py": line}
    name = "app.models.User" if line == "import app.models" else "models.User"
    assert meaning(files, name) == "app/models.py:User"


@pytest.mark.parametrize("library", ["email", "sqlalchemy", "fastapi"])
def test_a_library_is_not_the_file_of_its_name_in_a_folder(library: str) -> None:
    files = {f"app/{library}.py": USER, "app/main.py": f"import {library}"}
    assert meaning(files, f"{library}.User") == f"outside {library}.User"


def test_the_file_of_a_librarys_name_is_reached_by_its_full_name() -> None:
    files = {"app/email.py": USER, "app/main.py": "from app.email import User"}
    assert meaning(files, "User") == "app/email.py:User"


def test_the_nearest_of_two_modules_of_one_name_is_meant() -> None:
    files = {f"{side}/models.py": USER for side in ("api", "worker")}
    files |= {f"{side}/main.py": "from models import User" for side in ("api", "worker")}
    for side in ("api", "worker"):
        assert meaning(files, "User", f"{side}/main.py") == f"{side}/models.py:User"


@pytest.mark.parametrize("line", ["from app.models import User", "from .models import User", "from . import User"])
def test_a_folder_that_is_itself_the_package_is_imported_by_its_name(line: str) -> None:
    files = {"__init__.py": "from app.models import User", "models.py": USER, "main.py": line}
    assert meaning(files, "User", "main.py", package="app") == "models.py:User"


def test_a_name_that_only_starts_like_the_package_is_outside() -> None:
    files = {"__init__.py": "", "models.py": USER, "main.py": "from apple.models import User"}
    assert meaning(files, "User", "main.py", package="app") == "outside apple.models.User"


CYCLES = {
    "two modules": {"a.py": "from b import x", "b.py": "from a import x"},
    "star imports": {"a.py": "from b import *", "b.py": "from a import *"},
    "itself": {"a.py": "from a import x"},
    "itself, starred": {"a.py": "from a import *"},
    "a package and its module": {"a/__init__.py": "from a.b import x", "a/b.py": "from a import x"},
    "its own name": {"a.py": "import a"},
}


@pytest.mark.parametrize("files", CYCLES.values(), ids=CYCLES)
def test_a_cycle_of_imports_gives_nothing_and_ends(files: dict[str, str]) -> None:
    made = symbols(files)
    for module, name in product(made.modules.values(), ["x", "x.y", "a.a.a.x"]):
        assert not isinstance(made.resolve(module, name), Definition)


MODULES = ["a", "b", "c.__init__", "c.d"]
LINES = st.sampled_from(
    [f"from {module.removesuffix('.__init__')} import {name}" for module in MODULES for name in "xy*"]
    + ["import a", "import c.d", "import c.d as x", "from . import x", "from .d import y", "x = 1", "from .. import d"]
)


@given(st.fixed_dictionaries({f"{name.replace('.', '/')}.py": st.lists(LINES, max_size=4) for name in MODULES}))
def test_no_web_of_imports_keeps_a_question_from_ending(files: dict[str, list[str]]) -> None:
    made = symbols({path: "\n".join(lines) for path, lines in files.items()})
    before = sys.getrecursionlimit()
    for module, name in product(made.modules.values(), ["x", "y", "c.d.x", "a.b.c.d"]):
        first = made.resolve(module, name)
        assert type(made.resolve(module, name)) is type(first)
        assert not isinstance(first, Definition) or first.name in "xy"
    assert sys.getrecursionlimit() == before


@pytest.mark.parametrize(
    ("path", "name"),
    [("app/db.py", "app.db"), ("app/__init__.py", "app"), ("__init__.py", ""), ("src/a/b.py", "src.a.b")],
)
def test_a_path_is_a_dotted_name(path: str, name: str) -> None:
    assert module_name(path) == name


@pytest.mark.parametrize("text", ["f().b", "a[0].b", "'a'.b", "1"])
def test_only_attributes_of_a_name_are_a_dotted_name(text: str) -> None:
    assert dotted_name(ast.parse(text, mode="eval").body) is None
    assert dotted_name(ast.parse("a.b.c", mode="eval").body) == "a.b.c"


def test_an_import_inside_a_function_counts_there_alone(build: Build) -> None:
    project = build({"models.py": USER, "main.py": "def f():\n    from models import User\n    User\n\nUser\n"})
    module = project.module("main.py")
    inner, outer = [node for node in module.nodes.of(ast.Name) if node.id == "User"]
    assert isinstance(project.resolve(module, "User", inner), Definition)
    assert project.resolve(module, "User", outer) is None


@pytest.mark.parametrize("hides", ["def f(User):", "def f():\n    User = 1", "def f():\n    for User in []: pass"])
def test_a_local_name_hides_the_modules(build: Build, hides: str) -> None:
    project = build({"models.py": USER, "main.py": f"from models import User\n{hides}\n    return User\n"})
    module = project.module("main.py")
    returned = module.nodes.of(ast.Return)[0]
    assert project.resolve(module, "User", returned) is None
