"""Judges two trees of one application: no clause of a query may be lost on the way from the one to the other."""
