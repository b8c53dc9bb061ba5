"""Puts the listener into whatever pytest a command starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from helpers.lab.tracing.merge import TESTS

INJECT = Path(__file__).with_name("inject")
PLUGIN = "_workbook_listener"


def variables(out: Path, root: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The environment `given` with the listener in it, which writes to the folder `out` about the code below `root`."""
    path = os.pathsep.join(filter(None, (str(INJECT), given.get("PYTHONPATH", ""))))
    plugins = ",".join(filter(None, (given.get("PYTEST_PLUGINS", ""), PLUGIN)))
    return {
        **given,
        "PYTHONPATH": path,
        "PYTEST_PLUGINS": plugins,
        "WORKBOOK_LISTENER_OUT": str(out),
        "WORKBOOK_LISTENER_ROOT": str(root),
        "WORKBOOK_LISTENER_TESTS": TESTS,
    }
