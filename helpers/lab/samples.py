"""The sample data of the lab: a bookshop's models as source text, and rows with duplicates, NULLs and orphans."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

_SOURCE = Path(__file__).with_name("_models.py").read_text(encoding="utf-8")
MODELS: str = _SOURCE[_SOURCE.index('"""') :]
"""The text of the module that examples import as `models`; runs on SQLAlchemy 1.4, 2.0 and 2.1."""


def _table(columns: str, *rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(columns.split(), row, strict=True)) for row in rows]


# Two authors share a name, two books a title and a price; author 5 has no book, book 6 no author, book 7 an author
# and a publisher that do not exist, review 6 no book, genre 4 no book, publisher 3 no book.
ROWS: dict[str, list[dict[str, Any]]] = {
    "authors": _table(
        "id name email born mentor_id",
        (1, "Ines Okoro", "ines@shop.example", 1961, None),
        (2, "Bram Vos", "bram@shop.example", 1975, 1),
        (3, "Ines Okoro", None, None, 2),
        (4, "Wen Li", "wen@shop.example", 1975, 99),
        (5, "Zoe Hart", None, 1990, None),
    ),
    "publishers": _table(
        "id name country",
        (1, "Harbour", "NL"),
        (2, "Lantern", None),
        (3, "Quill", "NL"),
    ),
    "books": _table(
        "id title price published archived blurb author_id publisher_id",
        (1, "Tides", 1200, 1999, False, "The sea, twice a day.", 1, 1),
        (2, "Salt", 900, 2004, False, None, 1, 1),
        (3, "Tides", 1200, None, True, "Second edition.", 1, 2),
        (4, "Dunes", None, 2011, False, "Sand.", 2, 1),
        (5, "Lanterns", 1500, 2011, False, None, 4, None),
        (6, "Anonymous Verse", 0, None, True, "", None, 2),
        (7, "Lost Proofs", 300, 1988, False, None, 77, 88),
    ),
    "reviews": _table(
        "id book_id reader stars written",
        (1, 1, "Noor", 5, datetime.date(2020, 2, 29)),
        (2, 1, "Pim", 3, datetime.date(2021, 7, 1)),
        (3, 1, "Noor", 5, datetime.date(2021, 7, 1)),
        (4, 2, "Ada", None, None),
        (5, 4, "Noor", 1, datetime.date(2019, 1, 5)),
        (6, None, "Pim", 4, None),
    ),
    "genres": _table(
        "id name",
        (1, "Poetry"),
        (2, "Travel"),
        (3, "Poetry"),
        (4, "Maps"),
    ),
    "book_genres": _table(
        "book_id genre_id",
        (1, 1),
        (1, 2),
        (2, 1),
        (4, 2),
        (6, 3),
    ),
    "awards": _table(
        "id author_id name year",
        (1, 1, "Golden Quay", 2001),
        (2, 1, "Golden Quay", 2005),
        (3, 2, "Dune Prize", None),
    ),
    "copies": _table(
        "book_id number shelf",
        (1, 1, "A"),
        (1, 2, "A"),
        (2, 1, None),
        (4, 1, "B"),
    ),
    "loans": _table(
        "id book_id number reader",
        (1, 1, 1, "Noor"),
        (2, 1, 1, "Pim"),
        (3, 2, 9, "Ada"),
    ),
    "employees": _table(
        "id name salary kind licence",
        (1, "Mara", 3100, "editor", None),
        (2, "Joost", 2400, "driver", "C1"),
        (3, "Kit", None, "clerk", None),
        (4, "Mara", 3100, "editor", None),
    ),
    "editors": _table(
        "id language",
        (1, "nl"),
        (4, None),
    ),
}
"""Table name to rows, in an order in which they can be inserted."""
