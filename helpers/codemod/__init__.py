"""What patterns are written in: the base class, their registry, call chains and import edits."""
