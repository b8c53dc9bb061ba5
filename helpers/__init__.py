"""The Async Migration Workbook: the engine, the lab it proves itself in, and the faces people use."""

__version__ = "0.1.0"
