"""Names in a file's own style, and import lines added and taken away without touching anything else."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.codemod.bindings import canonical
from helpers.codemod.imports import NameBinder, Surroundings, bound_by, edit_imports, references
from helpers.errors import SourceError
from helpers.model import ImportName

SELECT = ImportName("sqlalchemy", "select")
AS_SA = ImportName("sqlalchemy", "select", "sa_select")


def spelled(text: str, module: str = "sqlalchemy", name: str = "select") -> tuple[str, ImportName | None]:
    return NameBinder(ast.parse(text), text).name(module, name)


def added(text: str, *adds: ImportName, own: Sequence[str] = ("app",), width: int | None = None) -> str:
    around = Surroundings(own=frozenset(own), width=width)
    result = edit_imports(text, adds or (SELECT,), (), around)
    assert edit_imports(result, adds or (SELECT,), (), around) == result
    return result


def dropped(text: str, *drops: str, before: str | None = None, kept: Sequence[str] = ()) -> str:
    around = Surroundings(before=before, kept=frozenset(kept))
    result = edit_imports(text, (), drops or ("sqlalchemy.orm.Query",), around)
    assert edit_imports(result, (), drops or ("sqlalchemy.orm.Query",), around) == result
    return result


# --- spelling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("import sqlalchemy as sa", "sa.select"),
        ("import sqlalchemy", "sqlalchemy.select"),
        ("import sqlalchemy.orm", "sqlalchemy.select"),
        ("import sqlalchemy.sql as sql", "sql.select"),
        ("from sqlalchemy import select", "select"),
        ("from sqlalchemy import select as sel", "sel"),
        ("from sqlalchemy import select as sel, select", "select"),
        ("from sqlalchemy.future import select", "select"),
        ("from sqlalchemy.sql import select", "select"),
        ("from sqlalchemy.sql.expression import select", "select"),
        ("from sqlalchemy import *", "select"),
        ("import sqlalchemy as sa\nfrom sqlalchemy import select", "select"),
        ("try:\n    from sqlalchemy import select\nexcept ImportError:\n    select = None", "select"),
        ("try:\n    from sqlalchemy import select\nexcept Error:\n    from sqlalchemy.sql import select", "select"),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    from sqlalchemy import select", "select"),
        ("if not t.TYPE_CHECKING:\n    from sqlalchemy import select", "select"),
        ("with quiet():\n    from sqlalchemy import select", "select"),
        ("import sqlalchemy as sa\ndef find(select): ...", "sa.select"),
        ("from models import *\nfrom sqlalchemy import select\nselect(1)", "select"),
    ],
)
def test_a_name_that_the_file_has_needs_no_import(text: str, written: str) -> None:
    assert spelled(text) == (written, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "import sqlalchemy as sa\nfrom sqlalchemy import func",
        "from sqlalchemy import func",
        "if TYPE_CHECKING:\n    from sqlalchemy import select",
        "if typing.TYPE_CHECKING:\n    from sqlalchemy import select",
        "if version > 1:\n    from sqlalchemy import select",
        "def find():\n    '''Find.'''\n    from sqlalchemy import select\n    return select(1)",
        "class Repository:\n    def select(self): ...\n    async def func(self): ...",
        "class Repository:\n    from sqlalchemy import select",
        "from models import *",
        "from sqlalchemy import select\nfrom models import *",
        "try:\n    from sqlalchemy import select\n    import fast\nexcept ImportError:\n    fast = None",
        "import sqlalchemy.orm as orm",
        "rows.select = 1",
    ],
)
def test_a_name_that_nothing_else_takes_is_imported(text: str) -> None:
    assert spelled(text) == ("select", SELECT)


@pytest.mark.parametrize(
    "text",
    [
        "from sqlmodel import select",
        "import select",
        "from .queries import select",
        "select = 1",
        "def select(): ...",
        "class select: ...",
        "def find(select): ...",
        "def find(*, select=None): ...",
        "find = lambda select: 1",
        "def find():\n    select = 1",
        "def find():\n    rows = []\n    from sqlalchemy import select",
        "rows = [select for select in []]",
        "for select in []: ...",
        "with file() as select: ...",
        "try: ...\nexcept OSError as select: ...",
        "match row:\n    case [*select]: ...",
        "match row:\n    case {'a': 1, **select}: ...",
        "match row:\n    case 1 as select: ...",
        "if (select := 1): ...",
        "class Row:\n    select = 1",
        "del select",
        "try:\n    from sqlalchemy import select\n    import fast\nexcept ImportError:\n    select = None",
        "from models import *\nselect(1)",
        "from sqlalchemy import select\nfrom models import *\nselect(1)",
    ],
)
def test_a_name_that_something_else_takes_gets_an_alias(text: str) -> None:
    assert spelled(text) == ("sa_select", AS_SA)


def test_a_taken_alias_is_numbered() -> None:
    text = "from sqlmodel import select\nsa_select = 1\ndef find(sa_select_2): ..."
    assert spelled(text) == ("sa_select_3", ImportName("sqlalchemy", "select", "sa_select_3"))


def test_an_alias_of_an_earlier_run_is_used_again() -> None:
    assert spelled("from sqlalchemy import select as sa_select\nfrom sqlmodel import select") == ("sa_select", None)


def test_func_is_spelled_like_any_name() -> None:
    assert spelled("import sqlalchemy as sa", name="func") == ("sa.func", None)
    assert spelled("func = 1", name="func") == ("sa_func", ImportName("sqlalchemy", "func", "sa_func"))
    assert spelled("from sqlalchemy.sql.functions import func", name="func") == ("func", None)


def test_a_builtin_that_the_file_reads_is_not_hidden() -> None:
    assert spelled("print(any([]))", "sqlalchemy", "any")[0] == "sa_any"
    assert spelled("", "sqlalchemy", "any")[0] == "any"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("import sqlalchemy.orm as so", "so.aliased"),
        ("import sqlalchemy.orm", "sqlalchemy.orm.aliased"),
        ("from sqlalchemy import orm", "orm.aliased"),
        ("from sqlalchemy.orm.util import aliased", "aliased"),
    ],
)
def test_a_submodule_is_reached_the_way_the_file_reaches_it(text: str, written: str) -> None:
    assert spelled(text, "sqlalchemy.orm", "aliased") == (written, None)


def test_a_submodule_that_is_not_loaded_is_not_reached_through_its_package() -> None:
    text, add = spelled("import sqlalchemy as sa", "sqlalchemy.orm", "aliased")
    assert (text, add) == ("aliased", ImportName("sqlalchemy.orm", "aliased"))


def test_one_binder_never_gives_one_name_to_two_objects() -> None:
    binder = NameBinder(ast.parse(""), "")
    assert binder.name("sqlalchemy", "select")[0] == "select"
    assert binder.name("sqlmodel", "select") == ("sqlmodel_select", ImportName("sqlmodel", "select", "sqlmodel_select"))
    assert binder.name("sqlalchemy", "select")[0] == "select"


@pytest.mark.parametrize(
    "target",
    [
        "sqlalchemy.future.select",
        "sqlalchemy.sql.select",
        "sqlalchemy.sql.expression.select",
        "sqlalchemy.sql.functions.func",
        "sqlalchemy.sql.exists",
        "sqlalchemy.orm.session.Session",
        "sqlalchemy.orm.query.Query",
        "sqlalchemy.orm.util.with_parent",
        "sqlalchemy.ext.asyncio.session.AsyncSession",
        "sqlalchemy.ext.asyncio.engine.AsyncEngine",
    ],
)
def test_what_counts_as_the_same_object_is_the_same_object(target: str) -> None:
    def load(dotted: str) -> object:
        module, _, name = dotted.rpartition(".")
        return getattr(importlib.import_module(module), name)

    assert canonical(target) != target
    assert load(canonical(target)) is load(target)


# --- adding -----------------------------------------------------------------------------------------------------------

ADDITIONS = {
    "an existing import in order": (
        "from sqlalchemy import func, update\n",
        "from sqlalchemy import func, select, update\n",
    ),
    "constants, classes, then functions": (
        "from sqlalchemy import JSON, Column, Integer, func\n",
        "from sqlalchemy import JSON, Column, Integer, func, select\n",
    ),
    "classes only": ("from sqlalchemy import Column, Table\n", "from sqlalchemy import Column, Table, select\n"),
    "by letter where the file is": (
        "from sqlalchemy import and_, Column, func, Table\n",
        "from sqlalchemy import and_, Column, func, select, Table\n",
    ),
    "unsorted names": ("from sqlalchemy import func, and_\n", "from sqlalchemy import func, and_, select\n"),
    "a comment behind the statement": (
        "from sqlalchemy import func  # noqa: F401\n",
        "from sqlalchemy import func, select  # noqa: F401\n",
    ),
    "parentheses on one line": (
        "from sqlalchemy import (and_, text,)\n",
        "from sqlalchemy import (and_, select, text,)\n",
    ),
    "one name a line, between comments": (
        "from sqlalchemy import (\n    and_,  # and\n    # about text\n    text,  # text\n)\n",
        "from sqlalchemy import (\n    and_,  # and\n    select,\n    # about text\n    text,  # text\n)\n",
    ),
    "one name a line, first": (
        "from sqlalchemy import (  # all\n\ttext,\n)\n",
        "from sqlalchemy import (  # all\n\tselect,\n\ttext,\n)\n",
    ),
    "one name a line, last, with a comma": (
        "from sqlalchemy import (\n    and_,\n    func,  # func\n    # end\n)\n",
        "from sqlalchemy import (\n    and_,\n    func,  # func\n    select,\n    # end\n)\n",
    ),
    "one name a line, last, without a comma": (
        "from sqlalchemy import (\r\n    and_,\r\n    func  # func\r\n)\r\n",
        "from sqlalchemy import (\r\n    and_,\r\n    func,  # func\r\n    select\r\n)\r\n",
    ),
    "several names a line": (
        "from sqlalchemy import (and_, func,\n                        text)\n",
        "from sqlalchemy import (and_, func,\n                        select, text)\n",
    ),
    "a backslash": (
        "from sqlalchemy import and_, \\\n    func\n",
        "from sqlalchemy import and_, \\\n    func, select\n",
    ),
    "two on a line": (
        "import os; from sqlalchemy import func; x = 1\n",
        "import os; from sqlalchemy import func, select; x = 1\n",
    ),
    "the one that is not aliased": (
        "from sqlalchemy import func\nfrom sqlalchemy import text as t\n",
        "from sqlalchemy import func, select\nfrom sqlalchemy import text as t\n",
    ),
    "no other module": (
        "from sqlalchemy.orm import Session\n",
        "from sqlalchemy import select\nfrom sqlalchemy.orm import Session\n",
    ),
    "no relative module": (
        "from .sqlalchemy import func\n",
        "from sqlalchemy import select\n\nfrom .sqlalchemy import func\n",
    ),
    "a file of one name a line": (
        "from sqlalchemy import and_\nfrom sqlalchemy import func\n",
        "from sqlalchemy import and_\nfrom sqlalchemy import func\nfrom sqlalchemy import select\n",
    ),
    "an import under a condition is not extended": (
        "import os\n\nif os.name:\n    from sqlalchemy import func\n",
        "import os\n\nfrom sqlalchemy import select\n\nif os.name:\n    from sqlalchemy import func\n",
    ),
    "an import for the type checker is not extended": (
        "import typing\n\nif typing.TYPE_CHECKING:\n    from sqlalchemy import func\n",
        "import typing\n\nfrom sqlalchemy import select\n\nif typing.TYPE_CHECKING:\n    from sqlalchemy import func\n",
    ),
    "an import below the first use is not extended": (
        "import os\n\nrows = select(1)\nfrom sqlalchemy import func\n",
        "import os\n\nfrom sqlalchemy import select\n\nrows = select(1)\nfrom sqlalchemy import func\n",
    ),
    "an empty file": ("", "from sqlalchemy import select\n"),
    "a file of code": ("x = 1\n", "from sqlalchemy import select\n\nx = 1\n"),
    "a file of one function": ("def f(): ...\n", "from sqlalchemy import select\n\n\ndef f(): ...\n"),
    "comments above the code": (
        "#!/usr/bin/python\n# coding: utf-8\nx = 1\n",
        "#!/usr/bin/python\n# coding: utf-8\n\nfrom sqlalchemy import select\n\nx = 1\n",
    ),
    "a docstring": (
        '"""Doc\n\nimport os\n"""\nx = 1\n',
        '"""Doc\n\nimport os\n"""\n\nfrom sqlalchemy import select\n\nx = 1\n',
    ),
    "a docstring and code on its line": (
        '"""Doc"""; x = """\n"""\ny = 1\n',
        '"""Doc"""; x = """\n"""\n\nfrom sqlalchemy import select\n\ny = 1\n',
    ),
    "a docstring without an end of line": ('"""Doc"""', '"""Doc"""\n\nfrom sqlalchemy import select'),
    "a future import": (
        "from __future__ import annotations\nx = 1\n",
        "from __future__ import annotations\n\nfrom sqlalchemy import select\n\nx = 1\n",
    ),
    "a standard section and one of the application": (
        "import os\n\nfrom app.db import get\n",
        "import os\n\nfrom sqlalchemy import select\n\nfrom app.db import get\n",
    ),
    "a third-party section": (
        "import os\n\nimport httpx\nfrom fastapi import Depends\nfrom starlette import status\n\nfrom app import db\n",
        "import os\n\nimport httpx\nfrom fastapi import Depends\nfrom sqlalchemy import select\n"
        "from starlette import status\n\nfrom app import db\n",
    ),
    "a third-party section, first": (
        "# third party\nfrom starlette import status\n",
        "# third party\nfrom sqlalchemy import select\nfrom starlette import status\n",
    ),
    "a section sorted by module": (
        "from fastapi import Depends\nimport httpx\nfrom starlette import status\n",
        "from fastapi import Depends\nimport httpx\nfrom sqlalchemy import select\nfrom starlette import status\n",
    ),
    "imports in no order": (
        "from starlette import status\nfrom fastapi import Depends\nimport os\n",
        "from starlette import status\nfrom fastapi import Depends\nfrom sqlalchemy import select\nimport os\n",
    ),
    "one run of all sections": (
        "import os\nfrom fastapi import Depends\nfrom app import db\n",
        "import os\nfrom fastapi import Depends\nfrom sqlalchemy import select\nfrom app import db\n",
    ),
    "a backslash at the end of the line": (
        "import httpx \\\n\nx = 1\n",
        "import httpx \\\n\nfrom sqlalchemy import select\nx = 1\n",
    ),
    "a long string that begins on the line": (
        'import httpx; x = """\nimport os\n"""\n',
        'import httpx; x = """\nimport os\n"""\nfrom sqlalchemy import select\n',
    ),
    "carriage returns": (
        "import httpx\r\n\r\nx = 1\r\n",
        "import httpx\r\nfrom sqlalchemy import select\r\n\r\nx = 1\r\n",
    ),
    "lone carriage returns": ("import httpx\rx = 1\r", "import httpx\rfrom sqlalchemy import select\rx = 1\r"),
    "imports of the application alone": (
        '"""Doc."""\n\n# License\n\n# ours\nfrom .models import Base\n',
        '"""Doc."""\n\n# License\n\nfrom sqlalchemy import select\n\n# ours\nfrom .models import Base\n',
    ),
    "a docstring that ends like a comment": (
        '"""Doc\n# end"""\nfrom .models import Base\n',
        '"""Doc\n# end"""\nfrom sqlalchemy import select\n\nfrom .models import Base\n',
    ),
    "a license directly above the application's imports": (
        "# License\nfrom .models import Base\n",
        "# License\n\nfrom sqlalchemy import select\n\nfrom .models import Base\n",
    ),
    "a star import for the type checker": (
        "import httpx\n\nif TYPE_CHECKING:\n    from app.models import *\n",
        "import httpx\nfrom sqlalchemy import select\n\nif TYPE_CHECKING:\n    from app.models import *\n",
    ),
    "a star import of the application": (
        "from app.models import *\nimport httpx\n",
        "from app.models import *\nfrom sqlalchemy import select\nimport httpx\n",
    ),
    "a star import in a try": (
        "import httpx\ntry:\n    from app.models import *\nexcept ImportError: ...\n",
        "import httpx\ntry:\n    from app.models import *\nexcept ImportError: ...\nfrom sqlalchemy import select\n",
    ),
}


@pytest.mark.parametrize("case", ADDITIONS)
def test_an_import_is_added_to(case: str) -> None:
    before, after = ADDITIONS[case]
    assert added(before) == after


@pytest.mark.parametrize(
    "text",
    [
        "from sqlalchemy import select\n",
        "from sqlalchemy.future import select\n",
        "from sqlalchemy import (\n    func, select,\n)\n",
        "try:\n    from sqlalchemy import select\nexcept ImportError:\n    select = None\n",
    ],
)
def test_an_import_that_is_there_is_not_added_again(text: str) -> None:
    assert added(text) == text


def test_a_long_line_becomes_one_name_a_line() -> None:
    text = "from sqlalchemy import Boolean, Column, DateTime, Float, ForeignKey, Integer, String\n"
    names = ["Boolean", "Column", "DateTime", "Float", "ForeignKey", "Integer", "String", "select"]
    one_a_line = "".join(f"    {name},\n" for name in names)
    assert added(text, width=88) == f"from sqlalchemy import (\n{one_a_line})\n"
    assert added(text, width=100) == text.replace("String", "String, select")


def test_without_a_setting_the_longest_line_of_the_file_decides_what_is_long() -> None:
    text = "from sqlalchemy import Boolean, Column, DateTime, Float, ForeignKey, Integer, String\n"
    assert "(" not in added(text + f"x = '{'x' * 100}'\n")
    assert "(" in added(text + f"x = '{'x' * 70}'\n")


def test_a_long_line_with_a_comment_inside_keeps_its_layout() -> None:
    text = f"from sqlalchemy import (func, {'text, ' * 12}# why\n    update)\n"
    assert "# why\n" in added(text, width=40)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("from sqlalchemy import func\n", "from sqlalchemy import func\nfrom sqlalchemy import select as sa_select\n"),
        ("from sqlalchemy import func, text as t\n", "from sqlalchemy import func, select as sa_select, text as t\n"),
    ],
)
def test_an_alias_stands_where_the_file_keeps_aliases(text: str, after: str) -> None:
    assert added(text, AS_SA) == after


def test_a_module_is_imported_under_its_alias() -> None:
    assert added("import httpx\n", ImportName("sqlalchemy", None, "sa")) == "import httpx\nimport sqlalchemy as sa\n"


def test_several_names_are_added_at_once() -> None:
    result = added("import os\n", SELECT, ImportName("sqlalchemy", "func"), ImportName("sqlalchemy.orm", "aliased"))
    assert result == "import os\n\nfrom sqlalchemy import func, select\nfrom sqlalchemy.orm import aliased\n"


def test_text_that_does_not_parse_is_refused() -> None:
    with pytest.raises(SourceError, match="does not parse"):
        edit_imports("def f(:\n", [SELECT], ())


# --- dropping ---------------------------------------------------------------------------------------------------------

REMOVALS = {
    "first": ("from sqlalchemy.orm import Query, Session\n", "from sqlalchemy.orm import Session\n"),
    "middle": ("from sqlalchemy.orm import Mapped, Query, Session\n", "from sqlalchemy.orm import Mapped, Session\n"),
    "last": ("from sqlalchemy.orm import Mapped, Query\n", "from sqlalchemy.orm import Mapped\n"),
    "aliased": ("from sqlalchemy.orm import Mapped, Query as Q\n", "from sqlalchemy.orm import Mapped\n"),
    "last with a comma": ("from sqlalchemy.orm import (Mapped, Query,)\n", "from sqlalchemy.orm import (Mapped,)\n"),
    "last in parentheses": ("from sqlalchemy.orm import (Mapped, Query)\n", "from sqlalchemy.orm import (Mapped)\n"),
    "own line, first": (
        "from sqlalchemy.orm import (  # all\n    Query,\n    # about Session\n    Session,\n)\n",
        "from sqlalchemy.orm import (  # all\n    # about Session\n    Session,\n)\n",
    ),
    "own line, middle": (
        "from sqlalchemy.orm import (\r\n    Mapped,  # mapped\r\n    Query,\r\n    Session,\r\n)\r\n",
        "from sqlalchemy.orm import (\r\n    Mapped,  # mapped\r\n    Session,\r\n)\r\n",
    ),
    "own line, last": (
        "from sqlalchemy.orm import (\n    Mapped,  # mapped\n    Query,\n)\n",
        "from sqlalchemy.orm import (\n    Mapped,  # mapped\n)\n",
    ),
    "own line, last without a comma": (
        "from sqlalchemy.orm import (\n    Mapped,\n    Query\n)\n",
        "from sqlalchemy.orm import (\n    Mapped\n)\n",
    ),
    "whole statement": ("import os\nfrom sqlalchemy.orm import Query\nx = 1\n", "import os\nx = 1\n"),
    "whole section": ("import os\n\nfrom sqlalchemy.orm import Query\n\n\nx = 1\n", "import os\n\n\nx = 1\n"),
    "whole section with lone carriage returns": (
        "import os\r\rfrom sqlalchemy.orm import Query\r\r\rx = 1\r",
        "import os\r\r\rx = 1\r",
    ),
    "whole file": ("from sqlalchemy.orm import Query\n\nx = 1\n", "x = 1\n"),
    "parenthesised statement": ("from sqlalchemy.orm import (\n    Query,\n)\nx = 1\n", "x = 1\n"),
    "for the type checker, beside another": (
        "if TYPE_CHECKING:\n    import os\n    from sqlalchemy.orm import Query\n",
        "if TYPE_CHECKING:\n    import os\n",
    ),
    "mentioned in a docstring": ('"""Query"""\nfrom sqlalchemy.orm import Query\n', '"""Query"""\n'),
    "mentioned in prose": (
        "from sqlalchemy.orm import Query\nprint('Query the table')\n",
        "print('Query the table')\n",
    ),
    "another object of the same name": ("from sqlalchemy.orm import Query\nsession.Query\n", "session.Query\n"),
    "assigned before it is read": (
        "from sqlalchemy.orm import Query\n\nQuery = Annotated[Rows, 1]\n\ndef f(query: Query): ...\n",
        "Query = Annotated[Rows, 1]\n\ndef f(query: Query): ...\n",
    ),
}


@pytest.mark.parametrize("case", REMOVALS)
def test_a_useless_import_goes(case: str) -> None:
    before, after = REMOVALS[case]
    assert dropped(before) == after


@pytest.mark.parametrize(
    "text",
    [
        "from sqlalchemy.orm import Query\nQuery\n",
        "from sqlalchemy.orm import Query\ndef f(query: Query): ...\n",
        "from sqlalchemy.orm import Query\ndef f(query: 'Query'): ...\n",
        "from sqlalchemy.orm import Query\ndef f(query: 'Optional[Query[int]]'): ...\n",
        "from sqlalchemy.orm import Query\nquery = None  # type: Query\n",
        "from sqlalchemy.orm import Query\n__all__ = ['Query']\n",
        "from sqlalchemy.orm import Query\n__all__ += ('Query',)\n",
        "from sqlalchemy.orm import Query\nprint(f'{Query}')\n",
        "from sqlalchemy.orm import Query\ndef f():\n    global Query\n",
        "from sqlalchemy.orm import Query  # noqa: F401\n",
        "from sqlalchemy.orm import (  # NOQA\n    Query,\n    Session,\n)\n",
        "from sqlalchemy.orm import Query as Query\n",
        "from sqlalchemy.orm import Query  # the old way\n",
        "from sqlalchemy.orm import (\n    Query,  # the old way\n    Session,\n)\n",
        "from sqlalchemy.orm import (\n    Mapped,\n    Query  # the old way\n)\n",
        "import os; from sqlalchemy.orm import Query\n",
        "try:\n    from sqlalchemy.orm import Query\nexcept ImportError: ...\n",
        "if TYPE_CHECKING:\n    from sqlalchemy.orm import Query\n",
        "def f():\n    from sqlalchemy.orm import Query\n",
        "from other import Query\n",
        "from sqlalchemy.orm import Query\nQuery = Annotated[Query, 1]\n",
        "from sqlalchemy.orm import Query\ndef f():\n    Query\n\nf()\nQuery = 1\n",
        "from sqlalchemy.orm import Query\nif x:\n    Query = 1\n\nQuery\n",
        "from sqlalchemy.orm import Query\nQuery += 1\n",
        "Query = 1\nfrom sqlalchemy.orm import Query\nQuery\n",
        "from sqlalchemy.orm import Query\nx: Query = 1\nQuery = 2\n",
        "from sqlalchemy.orm import Session\n",
        "from sqlalchemy.orm import *\n",
        "import os\n",
    ],
)
def test_an_import_stays_that(text: str) -> None:
    assert dropped(text) == text


def test_an_import_that_was_useless_before_stays() -> None:
    text = "from sqlalchemy.orm import Query\n"
    assert dropped(text, before=text) == text
    assert dropped(text, before=text + "Query(User)\n") == ""


def test_an_import_that_other_files_read_stays() -> None:
    text = "from sqlalchemy.orm import Query, aliased\n"
    assert dropped(text, "Query", "aliased", kept=["Query"]) == "from sqlalchemy.orm import Query\n"


def test_a_bound_name_is_enough_to_say_what_may_go() -> None:
    assert dropped("import sqlalchemy as sa\n", "sa") == ""
    assert dropped("from sqlalchemy.orm import Query as Q\n", "Q") == ""


def test_bound_names_are_found_for_dotted_ones() -> None:
    tree = ast.parse("from sqlalchemy.orm import Query as Q, aliased\nimport sqlalchemy.orm\n")
    assert bound_by(tree, ["sqlalchemy.orm.Query", "aliased", "other.name"]) == {"Q", "aliased"}


def test_adding_and_dropping_go_together() -> None:
    text = "from sqlalchemy.orm import Query, Session\n\nSession\n"
    assert edit_imports(text, [SELECT], ["sqlalchemy.orm.Query"]) == (
        "from sqlalchemy import select\nfrom sqlalchemy.orm import Session\n\nSession\n"
    )


def test_references_leave_out_what_is_only_text() -> None:
    text = "x = 'a b'\ny: 'List[z]'\n'''w'''\n"
    assert references(text, frozenset("abwxyz")) == {"x", "y", "z"}


# --- laws -------------------------------------------------------------------------------------------------------------

LINES = st.lists(
    st.sampled_from(
        [
            "import os",
            "import httpx",
            "from fastapi import Depends",
            "from sqlalchemy import func, text  # both",
            "from sqlalchemy import (\n    and_,  # and\n    or_,\n)",
            "from sqlalchemy.orm import Query, Session",
            "from sqlalchemy.orm import (\n    Query,\n    aliased,  # why\n)",
            "import sqlalchemy as sa",
            "from app.models import *",
            "from .local import name",
            "",
            "# a comment",
            "x = '''\nimport os\n\nfrom sqlalchemy import y\n'''",
            "def f(db):\n    from sqlalchemy import func\n\n    return db, '漢'",
            "if TYPE_CHECKING:\n    from sqlalchemy.orm import Query, Session",
            "try:\n    import fast\nexcept ImportError:\n    fast = None",
            "a = 1; import sys; b = '''\n'''",
            "Session",
        ]
    ),
    max_size=10,
)
HEADS = st.sampled_from(["", '"""Doc."""\n', "# coding: utf-8\n", '"""Doc."""\nfrom __future__ import annotations\n'])
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def without_imports(text: str) -> list[str]:
    """The statements and comments of a file without its imports at module level and without blank lines."""
    lines = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    for node in ast.parse(text).body:
        inside = node.body if isinstance(node, ast.If) else [node]
        for part in inside:
            if isinstance(part, ast.Import | ast.ImportFrom) and not lines[part.lineno - 1].startswith("a = 1;"):
                lines[part.lineno - 1 : part.end_lineno] = [""] * ((part.end_lineno or 0) - part.lineno + 1)
    return [line for line in lines if line]


@given(HEADS, LINES, ENDS)
def test_nothing_but_imports_changes_and_a_second_time_nothing_at_all(head: str, lines: list[str], end: str) -> None:
    text = (head + "".join(f"{line}\n" for line in lines)).replace("\n", end)
    adds = [SELECT, ImportName("sqlalchemy.orm", "aliased", "sa_aliased")]
    result = edit_imports(text, adds, ["sqlalchemy.orm.Query"])
    assert without_imports(result) == without_imports(text)
    assert edit_imports(result, adds, ["sqlalchemy.orm.Query"]) == result
    assert ast.get_docstring(ast.parse(result)) == ast.get_docstring(ast.parse(text))
    compile(result, "app.py", "exec", dont_inherit=True)


@given(HEADS, LINES, ENDS)
def test_what_a_binder_asks_for_is_enough(head: str, lines: list[str], end: str) -> None:
    text = (head + "".join(f"{line}\n" for line in lines)).replace("\n", end)
    written, add = spelled(text)
    result = edit_imports(text, [add] if add else [], ())
    assert spelled(result) == (written, None)


@given(HEADS, LINES, ENDS)
def test_nothing_to_do_changes_no_byte(head: str, lines: list[str], end: str) -> None:
    text = (head + "".join(f"{line}\n" for line in lines)).replace("\n", end)
    assert edit_imports(text, [], ["sqlalchemy.orm.Load", "name_of_nothing"]) == text
