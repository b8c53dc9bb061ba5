"""A package's own list of requirements, before and after; the code beside it does what it did."""

from helpers.model import Example

_SHOP = """\
from models import Author

URL = "sqlite:///shop.db"


def package():
    from setuptools import setup

    setup(
        name="shop",
        install_requires=[{packages}],
    )


def count(session):
    return session.query(Author).count()
"""
_LINES = """
            "fastapi",
            "{sqlalchemy}>=2.0",  # the ORM{driver}
        """
_COMPUTED = """\
from models import Author


def package(names):
    from setuptools import setup

    setup(name="shop", install_requires=[*names])


def count(session):
    return session.query(Author).count()
"""


def _shop(packages: str) -> str:
    return _SHOP.format(packages=packages)


_DONE = _shop('"sqlalchemy[asyncio]>=2.0", "aiosqlite"')

EXAMPLES: tuple[Example, ...] = (
    Example(
        "a list on one line",
        _shop('"fastapi", "sqlalchemy"'),
        _shop('"fastapi", "sqlalchemy[asyncio]", "aiosqlite>=0.20"'),
        "count(session)",
    ),
    Example(
        "a list of lines, with a comment",
        _shop(_LINES.format(sqlalchemy="sqlalchemy", driver="")),
        _shop(_LINES.format(sqlalchemy="sqlalchemy[asyncio]", driver='\n            "aiosqlite>=0.20",')),
        "count(session)",
    ),
    Example("both are asked for already", _DONE, _DONE, "count(session)"),
    Example("a list that is made elsewhere is left to a person", _COMPUTED, _COMPUTED, "count(session)"),
)
