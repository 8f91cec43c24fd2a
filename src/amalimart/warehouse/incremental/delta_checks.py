"""The form of a check that looks at changed rows only, and gives the verdict of the whole one.

    not_null, accepted_values and other checks of single rows    over the rows that came
    unique                                                       over the values that came
    relationships                                                over the rows that came, and over those
                                                                 that name a row that went
    a test with `compared_by: {relation: column}`                over the changed values of those columns

Given that the last release passed, the verdict is the same: rows that did not change cannot begin to
fail. A check of any other kind is run whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from amalimart.core.errors import CompileFailed
from amalimart.core.names import TableRef, nearest, quoted
from amalimart.warehouse.incremental.declared import Relation
from amalimart.warehouse.incremental.reads import reads_of, substituted
from amalimart.warehouse.incremental.recipe import Part, by_key, came, changes_of, only

_OF_SINGLE_ROWS = frozenset({"not_null", "accepted_values"})


def delta_of(unique_id: str, node: Mapping[str, Any], known: Mapping[str, Relation]) -> dict[str, Any] | None:
    """The delta form: its SQL and the ids of those whose change sets it reads. Raises CompileFailed."""
    parents = [parent for parent in node["depends_on"]["nodes"] if parent in known]
    compared_by = (node["config"].get("meta") or {}).get("compared_by")
    if compared_by is not None:
        return _compared(unique_id, node, {known[parent].table.name: known[parent] for parent in parents})
    told = node.get("test_metadata") or {}
    tested = known.get(node.get("attached_node") or "")
    if tested is None:
        return None
    column = (told.get("kwargs") or {}).get("column_name")
    others = [known[parent] for parent in parents if parent != tested.unique_id]
    match told.get("name"):
        case name if name in _OF_SINGLE_ROWS or _is_of_single_rows(node):
            rows, read = came(tested.table), [tested]
        case "unique" if column:
            values = f"select distinct {quoted(column)} from {changes_of(tested.table)} where _sign = 1"
            rows = f"from {tested.table.sql} semi join ({values}) as came using ({quoted(column)})"
            read = [tested]
        case "relationships" if column and len(others) == 1:
            field, named = quoted(str(told["kwargs"]["field"])), others[0]
            gone = f"select {field} as _gone from {changes_of(named.table)} group by 1 having sum(_sign) < 0"
            rows = (
                f"{came(tested.table)} union all select r.* from {tested.table.sql} as r"
                f" semi join ({gone}) as g on r.{quoted(column)} = g._gone"
            )
            read = [tested, named]
        case _:
            return None
    sql = substituted(node["compiled_code"], reads_of(node["compiled_code"], unique_id), {tested.table: rows})
    return {"sql": sql, "parents": [relation.unique_id for relation in read], "parts": []}


def _is_of_single_rows(node: Mapping[str, Any]) -> bool:
    """Whether a generic test of the project's own says that it looks at each row alone."""
    return bool((node["config"].get("meta") or {}).get("of_single_rows"))


def _compared(unique_id: str, node: Mapping[str, Any], parents: Mapping[str, Relation]) -> dict[str, Any]:
    compared_by: Mapping[str, str] = node["config"]["meta"]["compared_by"]
    reads = reads_of(node["compiled_code"], unique_id)
    for name in compared_by:
        if name not in parents:
            raise CompileFailed(
                f"compared_by names {name}, which the test does not read",
                where=unique_id,
                expected=f"one of {', '.join(sorted(parents))}",
                nearest=nearest(name, parents),
            )
    values = " union ".join(
        f"select {quoted(column)} as _value from {changes_of(parents[name].table)}"
        for name, column in compared_by.items()
    )
    kept = f"temp.{quoted('values of ' + str(node['name']))}"
    rows: dict[TableRef, str] = {}
    parts = [Part(kept, values)]
    for name, column in compared_by.items():
        place = f"temp.{quoted(f'{name} of ' + str(node['name']))}"
        listed = reads[parents[name].table].listed("r")
        if parents[name].is_found_by((column,), reads[parents[name].table]):
            whole = (parents[name].unique_id, parents[name].table)
            where = parents[name].unique_where
            part = by_key(place, whole, {column: "_value"}, f"from {kept}", listed, where)
        else:
            part = Part(place, only(parents[name].table, {column: "_value"}, f"from {kept}", listed))
        parts.append(part)
        rows[parents[name].table] = f"from {place}"
    return {
        "sql": substituted(node["compiled_code"], reads, rows),
        "parents": [parents[name].unique_id for name in compared_by],
        "parts": [asdict(part) for part in parts],
    }
