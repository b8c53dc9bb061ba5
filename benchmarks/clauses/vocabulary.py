"""Names of both query interfaces: what the methods of Query are called, and what has taken their place."""

from __future__ import annotations

# Functions that begin a statement.
HEADS = frozenset({"select", "delete", "update", "exists"})
# Methods of a session, a connection or their async forms that run a statement given to them.
RUNS = frozenset({"execute", "scalars", "scalar", "exec", "stream", "stream_scalars"})
# Methods of Query that end a chain, with the ends of the new interface that do their work.
ENDS: dict[str, frozenset[str]] = {
    "all": frozenset({"all"}),
    "first": frozenset({"first", "scalar"}),
    "one": frozenset({"one"}),
    "one_or_none": frozenset({"one_or_none"}),
    "scalar": frozenset({"scalar", "one", "one_or_none"}),
    "value": frozenset({"value", "scalar", "one_or_none", "first"}),
    "count": frozenset({"count", "scalar", "one"}),
    "get": frozenset({"get"}),
    "delete": frozenset({"delete"}),
    "update": frozenset({"update"}),
}
# What ends are called on a result.
RESULT_ENDS = {
    "all": "all", "fetchall": "all", "first": "first", "fetchone": "first", "one": "one", "scalar_one": "one",
    "one_or_none": "one_or_none", "scalar_one_or_none": "one_or_none", "scalar": "scalar",
}  # fmt: skip
RESULT_LINKS = frozenset(
    {"scalars", "unique", "mappings", "tuples", "columns", "rowcount", "partitions", "yield_per", "_asdict", "close"}
)
# Links that keep their meaning under another name.
SAME_AS = {
    "filter": "where", "as_scalar": "scalar_subquery", "with_only_columns": "with_entities",
    "add_entity": "add_columns", "add_column": "add_columns", "apply_labels": "with_labels",
    "ordered_values": "values",
}  # fmt: skip
# Every argument is a clause of its own; of the second group the order matters too.
SPLIT = frozenset({"where", "options", "having", "order_by", "group_by", "distinct", "prefix_with", "suffix_with"})
ORDERED = frozenset({"order_by", "group_by", "join", "prefix_with", "suffix_with"})
# Methods of Query that are an execution option elsewhere.
AS_OPTION = frozenset({"populate_existing", "yield_per", "autoflush"})
# Links that say nothing about the statement, and have no counterpart.
SILENT = frozenset(
    {
        "reset_joinpoint", "enable_assertions", "with_session", "only_return_tuples", "tuples", "statement",
        "selectable", "with_labels", "set_label_style",
    }
)  # fmt: skip
SET_OPERATIONS = frozenset({"union", "union_all", "intersect", "intersect_all", "except_", "except_all"})
# Enough to see that an expression is a query, whatever it begins with.
TELLING = frozenset(
    {
        "filter", "where", "filter_by", "outerjoin", "order_by", "group_by", "having", "options", "with_for_update",
        "with_entities", "with_only_columns", "limit", "offset", "distinct", "select_from", "execution_options",
        "populate_existing", "yield_per", "scalar_subquery", "as_scalar", "subquery", "cte", "add_columns",
        "add_column", "from_statement", "enable_eagerloads", "correlate", "params",
    }
)  # fmt: skip
LINKS = (
    TELLING
    | SILENT
    | SET_OPERATIONS
    | {
        "join", "slice", "exists", "label", "values", "ordered_values", "returning", "with_parent", "with_hint",
        "with_statement_hint", "prefix_with", "suffix_with", "add_entity", "autoflush", "apply_labels", "join_from",
        "outerjoin_from", "correlate_except", "with_transformation", "alias", "lateral", "whereclause",
    }
)  # fmt: skip
