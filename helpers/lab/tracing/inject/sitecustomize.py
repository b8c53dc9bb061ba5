"""Starts the recorder in every Python that inherits PYTHONPATH, then runs the sitecustomize that this one hides.

It is read by whatever Python the command starts, so it parses under 2.7 and does nothing before 3.8.
"""

import os
import sys

if sys.version_info >= (3, 8) and os.environ.get("WORKBOOK_TRACE_OUT"):
    _here = os.path.dirname(os.path.abspath(__file__))
    try:
        import _workbook_recorder  # type: ignore[import-not-found]

        _workbook_recorder.start()
    except Exception as error:
        sys.stderr.write("workbook trace: not recording here: %r\n" % (error,))
    _me = sys.modules.pop("sitecustomize", None)
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != _here]
    try:
        import sitecustomize  # type: ignore[import-not-found]  # noqa: F401
    except ImportError as error:  # ModuleNotFoundError is not a name of every Python that parses this
        if getattr(error, "name", None) != "sitecustomize":
            raise
        if _me is not None:
            sys.modules["sitecustomize"] = _me
