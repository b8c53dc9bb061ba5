"""Query objects that travel: kept in variables, returned, passed on; a whole family is rewritten, or none of it."""
