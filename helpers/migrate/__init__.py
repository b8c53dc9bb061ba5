"""From findings to files: new source in memory, the one module that writes, and undo."""
