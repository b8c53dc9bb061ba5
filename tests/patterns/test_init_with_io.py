"""AM401: where constructors are cut, who follows, and what is left with which reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.patterns.init_with_io import InitWithIo
from tests.patterns.rewriting import Rewriting

HEAD = "from models import Author\nfrom sqlalchemy.orm import Session\n\n\n"
CARD = HEAD + (
    "class Card:\n"
    "    def __init__(self, db: Session, number: int) -> None:\n"
    "        self.db = db\n"
    "        self.author = db.get(Author, number)\n\n"
    "    def show(self) -> str:\n"
    "        return self.author.name\n\n\n"
)


@pytest.fixture
def on(tmp_path: Path) -> Rewriting:
    """The pattern on files of a folder of its own."""
    return Rewriting(InitWithIo, tmp_path)


def test_every_module_that_constructs_follows(on: Rewriting) -> None:
    done = on.files(
        {
            "app.py": CARD + "card = Card(None, 1)\nprint(card.author)\n",
            "web/views.py": "import app\nfrom app import Card as C\n\n"
            "xs = [app.Card(None, n).author for n in (1, 2)]\ny = C(None, 3)\n",
        }
    )
    assert "xs = [app.Card(None, n).load().author for n in (1, 2)]\ny = C(None, 3).load()" in done["web/views.py"]
    assert "card = Card(None, 1).load()" in done["app.py"]


def test_callers_in_a_file_that_is_not_selected_keep_all_others(on: Rewriting) -> None:
    from helpers.analysis.project import load_project
    from helpers.codemod.scanner import scan
    from helpers.migrate.rewriter import in_files, rewrite
    from helpers.model import Stage, Step

    on.changed(
        {
            "app.py": CARD + "card = Card(None, 1)\nprint(card)\n",
            "other.py": "from app import Card\nx = Card(None, 2)\n",
        }
    )
    project = load_project(on.folder)
    found = scan(project, [InitWithIo])
    chosen = in_files(found, ["app.py"])
    left = tuple(finding for finding in found if finding not in chosen)
    done = rewrite(project, Step(1, Stage.CONSTRUCTORS, chosen), absent=left)
    assert not done.changes


def test_one_method_that_is_all_that_is_called_loads_itself(on: Rewriting) -> None:
    text = on.after(CARD + "def f(db):\n    return Card(db, 1).show()\n")
    assert "        self._load()\n        return self.author.name" in text
    assert "return Card(db, 1).show()" in text


def test_two_methods_load_each(on: Rewriting) -> None:
    card = CARD.rstrip("\n") + "\n\n    def other(self) -> int:\n        # the key\n        return self.author.id\n\n\n"
    text = on.after(card + "def f(db):\n    return Card(db, 1).show(), Card(db, 1).other()\n")
    assert text.count("self._load()") == 2
    assert "        self._load()\n        # the key\n" in text


NO_SHORT_WAY = {
    "an argument that runs something": "Card(db, 1).show2(f())",
    "an attribute": "Card(db, 1).author",
    "a variable": "[c := Card(db, 1), c.show()]",
    "an asynchronous method": "Card(db, 1).later()",
    "a generator": "Card(db, 1).names()",
    "a property": "Card(db, 1).kind",
}


@pytest.mark.parametrize("use", NO_SHORT_WAY.values(), ids=NO_SHORT_WAY)
def test_other_uses_call_load_where_they_construct(on: Rewriting, use: str) -> None:
    more = (
        "    def show2(self, x): return self.author\n    async def later(self): return self.author\n"
        "    def names(self): yield self.author\n    @property\n    def kind(self): return self.author\n\n\n"
    )
    text = on.after(CARD.rstrip("\n") + "\n" + more + f"def f(db):\n    return {use}\n")
    assert "Card(db, 1).load()" in text
    assert "self._load()" not in text


def test_a_method_that_the_class_calls_itself_does_not_load(on: Rewriting) -> None:
    text = on.after(CARD.replace("self.author.name", "self.show()") + "def f(db):\n    return Card(db, 1).show()\n")
    assert "Card(db, 1).load().show()" in text


def test_class_methods_that_construct_follow(on: Rewriting) -> None:
    maker = "    @classmethod\n    def of(cls, db):\n        return cls(db, 1)\n\n\n"
    text = on.after(CARD.rstrip("\n") + "\n\n" + maker + "def f(db):\n    return Card(db, 2).author\n")
    assert "return cls(db, 1).load()" in text


KEPT = {
    "a name that is given another value": (
        "number = number or 1\n        self.author = db.get(Author, number)\n        number = 3",
        "        self._number = number\n",
        "        number = self._number\n",
    ),
    "a name in an f-string": (
        "self.author = db.get(Author, 1)\n        self.text = f'{number}'",
        "        self._number = number\n",
        "        number = self._number\n",
    ),
    "a name that a comprehension hides": (
        "self.author = db.get(Author, 1)\n        self.all = [number for number in (1, 2)]",
        "        self.db = db\n",
        "[number for number in (1, 2)]",
    ),
    "a local name of the first half": (
        "key = number + 1\n        self.author = db.get(Author, key)",
        "        self._key = key\n",
        "self.db.get(Author, self._key)",
    ),
    "a constant that need not wait": (
        "self.author = db.get(Author, 1)\n\n        self.kind = 'card'",
        "        self.db = db\n        self.kind = 'card'\n",
        "self.author = self.db.get(Author, 1)\n        return self\n",
    ),
}


@pytest.mark.parametrize(("lines", "stored", "read"), KEPT.values(), ids=KEPT)
def test_what_the_second_half_needs_is_kept(on: Rewriting, lines: str, stored: str, read: str) -> None:
    text = on.after(CARD.replace("self.author = db.get(Author, number)", lines) + "print(Card(None, 1).author)\n")
    head, _, tail = text.partition("def load")
    assert stored in head
    assert read in tail


def test_comments_and_line_ends_stay(on: Rewriting) -> None:
    text = CARD.replace("        self.author", "        # who\n        self.author").replace("\n", "\r\n")
    done = on.after(text + "print(Card(None, 1).author)\r\n")
    assert (
        '        """Load what needs the database; call it once, right after the constructor."""\r\n        # who\r\n'
        in done
    )
    assert "\n" not in done.replace("\r\n", "")


REFUSED = {
    "FastAPI constructs it": ("from fastapi import Depends\ndef f(x: Card = Depends()): ...\n", "Depends()"),
    "FastAPI is given it": ("from fastapi import Depends\ndef f(x=Depends(Card)): ...\n", "given to Depends()"),
    "it is kept in a dict": ("TABLE = {'a': Card}\n", "given on as a value"),
    "it is given to partial": ("from functools import partial\np = partial(Card, None)\n", "given to partial()"),
    "its constructor is called by name": (
        "class B(Card):\n    def __init__(self):\n        Card.__init__(self, 1, 2)\n",
        "Card.__init__",
    ),
    "its constructor is replaced": ("def t(patch): patch.object(Card, '__init__')\n", "given to patch.object()"),
    "it decorates": ("@Card(1, 2)\ndef f(): ...\n", "as a decorator"),
    "nothing constructs it": ("", "nothing in the project constructs it"),
    "a test replaces it": ("print(Card(1, 2).author)\ndef t(patch): patch('app.Card')\n", "seems to replace it"),
    "something unknown of its name": ("print(Card(1, 2).author)\ndef g(kinds): return kinds.Card(1)\n", "kinds.Card()"),
    "a base class makes one of any kind": (
        "class A:\n    @classmethod\n    def of(cls): return cls()\nclass B(A):\n    def __init__(self, db: Session):\n"
        "        self.x = db.get(Author, 1)\nprint(Card(1, 2).author, B(1).x)\n",
        "`cls()`",
    ),
}


@pytest.mark.parametrize(("more", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_class_that_is_constructed_out_of_sight_is_left(on: Rewriting, more: str, reason: str) -> None:
    done = on.changed({"app.py": CARD + more})
    assert any(reason in skip.reason for skip in done.skipped), [skip.reason for skip in done.skipped]


WRITTEN = {
    "a name of outside": ("        self.db = db\n", "        global seen\n        self.db = db\n", "global"),
    "a name that is bound now and then": (
        "        self.db = db\n        self.author = db.get(Author, number)\n",
        "        self.db = db\n        if db: key = 1\n        self.author = db.get(Author, key)\n",
        "bound under a condition",
    ),
    "a decorated class": ("class Card:", "@final\nclass Card:", "decorated"),
    "a metaclass": ("class Card:", "class Card(metaclass=M):", "metaclass"),
    "a base from outside": ("class Card:", "class Card(BaseModel):", "BaseModel"),
    "a return before the query": (
        "        self.db = db\n",
        "        self.db = db\n        if not db: return\n",
        "may return",
    ),
    "locals": ("        self.db = db\n", "        self.db = locals()\n", "local names"),
    "slots": ("class Card:\n", "class Card:\n    __slots__ = ('db', 'author')\n", "__slots__"),
    "an import in the constructor": ("        self.db = db\n", "        self.db = db\n        import os\n", "imports"),
    "super behind the query": ("number)\n", "number)\n        super().__init__()\n", "super().__init__()"),
}


@pytest.mark.parametrize(("old", "new", "reason"), WRITTEN.values(), ids=WRITTEN)
def test_a_constructor_that_is_written_otherwise_is_left(on: Rewriting, old: str, new: str, reason: str) -> None:
    text = CARD.replace(old, new, 1) + "print(Card(1, 2).author)\n"
    assert any(reason in found for found in on.reasons(text))


def test_a_class_below_that_is_left_keeps_the_one_above(on: Rewriting) -> None:
    below = "class Long(Card):\n    def __init__(self, db: Session):\n        super().__init__(db.get(Author, 1), 2)\n"
    found = on.reasons(CARD + below + "print(Long(1).author, Card(1, 2).author)\n")
    assert any("argument of super().__init__()" in reason for reason in found)
    assert any("belongs together with Long" in reason for reason in found)


def test_constructors_that_call_each_other_by_their_order_are_left(on: Rewriting) -> None:
    mixin = "class Mixin:\n    def __init__(self, *args):\n        super().__init__(*args)\n"
    found = on.reasons(CARD + mixin + "class Both(Mixin, Card): pass\nprint(Both(1, 2).author)\n")
    assert any("several bases with constructors" in reason for reason in found)


def test_a_file_that_cannot_be_read_and_names_the_class_keeps_it(on: Rewriting) -> None:
    text = CARD + "print(Card(1, 2).author)\n"
    assert any("broken.py cannot be read" in reason for reason in on.reasons(text, broken="x = Card(\n"))


def test_a_file_that_cannot_be_read_and_names_another_does_not(on: Rewriting) -> None:
    text = CARD + "print(Card(1, 2).author)\n"
    assert "Card(1, 2).load()" in on.after(text, broken="x = Cardinal(\n")


def test_a_name_that_is_taken_gives_way(on: Rewriting) -> None:
    own = "    def load(self): ...\n\n\n"
    text = on.after(CARD.rstrip("\n") + "\n\n" + own + "print(Card(1, 2).author)\n")
    assert "Card(1, 2).load_data().author" in text


NO_IO = {
    "it keeps the session": "self.author = None",
    "it builds a statement": "self.author = select(Author)",
    "it defines what will read": "self.author = lambda: db.get(Author, 1)",
    "it adds to the session": "db.add(Author())",
    "it asks a dictionary": "self.author = {}.get(1, 2)",
    "a session of another library": "self.author = requests.Session().get(Author, 1)",
}


@pytest.mark.parametrize("line", NO_IO.values(), ids=NO_IO)
def test_a_constructor_without_io_is_no_finding(on: Rewriting, line: str) -> None:
    text = "import requests\nfrom sqlalchemy import select\n" + CARD.replace(
        "self.author = db.get(Author, number)", line
    )
    done = on.changed({"app.py": text + "print(Card(1, 2).author)\n"})
    assert not (done.applied or done.skipped)


def test_a_second_run_finds_nothing(on: Rewriting) -> None:
    once = on.after(CARD + "print(Card(None, 1).author)\n")
    done = on.changed({"app.py": once})
    assert not (done.applied or done.skipped)
