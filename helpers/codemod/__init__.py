"""What patterns are written with: the base class, the scan, reading call chains, import edits."""
