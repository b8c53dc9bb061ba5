"""How a query ends: run for its rows, counted, sliced, updated, deleted, or made part of another statement."""
