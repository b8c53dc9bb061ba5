"""Records lazy loads, refreshes and the stacks of IO of its process; standard library only, Python 3.8 on.

It is all that the application's processes ever see of the workbook: one name that nobody else has, alone on its path.
It listens to documented events of SQLAlchemy on the classes, leaves marks in ORM states and nowhere else, and lets no
exception of its own out. What it writes is merged by the process that started the run.
"""

from __future__ import annotations

import atexit
import os
import sys
from typing import Any

from . import endpoints, loads, origins, waits
from .log import LOG, OUT, ROOT, guarded
from .stack import FILES, Known


def listen(orm: Any) -> None:
    """Listen to SQLAlchemy, once `sqlalchemy.orm` is there."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    Known.folder = os.path.dirname(os.path.realpath(sys.modules["sqlalchemy"].__file__ or "")) + os.sep
    Known.session = orm.Session
    FILES.clear()
    LOG.open()
    orm.loading.instances = origins.marking(orm.loading.instances)
    event.listen(Engine, "before_cursor_execute", guarded(waits.on_statement))
    event.listen(Engine, "commit", guarded(waits.on_transaction))
    event.listen(Engine, "rollback", guarded(waits.on_transaction))
    event.listen(orm.Session, "do_orm_execute", guarded(loads.on_execute))
    event.listen(orm.Mapper, "load", guarded(origins.on_load), raw=True)
    event.listen(orm.Mapper, "refresh", guarded(origins.on_refresh), raw=True)
    event.listen(orm.Mapper, "expire", guarded(origins.on_expire), raw=True)


def finish_children(util: Any) -> None:
    """Have the children of multiprocessing, which leave without ceremony, write what they counted."""
    util.register_after_fork(LOG, lambda log: util.Finalize(None, log.end, exitpriority=-100))


AFTER = {"sqlalchemy.orm": listen, "fastapi.routing": endpoints.follow, "multiprocessing.util": finish_children}


class Finder:
    """Waits for the modules of AFTER to be imported, and leaves the import itself to whoever else knows them."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec that the next finder has, with a loader that calls us afterwards."""
        if name not in AFTER:
            return None
        try:
            others = (finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec"))
            spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
            if spec is not None and spec.loader is not None:
                _call_after(spec.loader, name)
        except Exception:
            return None
        return spec


def _call_after(loader: Any, name: str) -> None:
    original = loader.exec_module

    def exec_module(module: Any) -> None:
        original(module)
        guarded(AFTER[name])(module)

    loader.exec_module = exec_module


FINDER = Finder()


def start() -> None:
    """Wait for SQLAlchemy in this process, and in those that are forked from it."""
    if not OUT or not ROOT or FINDER in sys.meta_path:
        return
    sys.meta_path.insert(0, FINDER)
    for name in sorted(set(AFTER) & set(sys.modules)):
        guarded(AFTER[name])(sys.modules[name])
    atexit.register(LOG.end)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=LOG.forget)
