"""From dbt's manifest: how each model and each check can follow changes, as plain values to be kept.

What is generated brings its recipe with it; what analysts write declares `key` and `affected_by` under
`config: meta:` of its description. A model without either is built anew when something it reads changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from amalimart.core.errors import CompileFailed
from amalimart.core.names import TableRef, is_identifier
from amalimart.warehouse.graph import RUN_CONTEXT
from amalimart.warehouse.incremental.declared import Declared, Relation, declared_recipe
from amalimart.warehouse.incremental.delta_check import DeltaCheck
from amalimart.warehouse.incremental.delta_checks import delta_of
from amalimart.warehouse.incremental.reads import is_row_by_row, reads_of, substituted
from amalimart.warehouse.incremental.recipe import Recipe, changes_of
from amalimart.warehouse.incremental.shared_rows import sharing

Nodes = Mapping[str, Mapping[str, Any]]


def add_following(nodes: Nodes, generated: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Unique id -> what is to be kept beside the node: `recipe`, `on_changes` or `delta`.

    Raises CompileFailed for a declaration that does not fit its model.
    """
    models = {
        unique_id: _relation(unique_id, node)
        for unique_id, node in nodes.items()
        if node["resource_type"] == "model"
    }
    known = models | {RUN_CONTEXT: Relation(RUN_CONTEXT, TableRef("meta", "run_context"), ())}
    found: dict[str, dict[str, Any]] = {}
    recipes: dict[str, Recipe] = {}
    deltas: dict[str, DeltaCheck | None] = {}
    for unique_id, node in nodes.items():
        if unique_id in generated:
            found[unique_id] = {"recipe": dict(generated[unique_id])}
            continue
        if unique_id in models and node["config"]["materialized"] == "view":
            found[unique_id] = {"on_changes": _through_view(unique_id, node, known)}
        elif unique_id in models and "affected_by" in _meta(node):
            recipes[unique_id] = _declared(unique_id, node, known)
        elif node["resource_type"] == "test":
            deltas[unique_id] = delta_of(unique_id, node, known)
    parts = [part for recipe in recipes.values() for part in recipe.parts]
    parts += [part for delta in deltas.values() if delta for part in delta.parts]
    shared = sharing(parts)
    for unique_id, recipe in recipes.items():
        found[unique_id] = {"recipe": replace(recipe, parts=tuple(map(shared, recipe.parts))).as_dict()}
    for unique_id, delta in deltas.items():
        told = replace(delta, parts=tuple(map(shared, delta.parts))).as_dict() if delta else None
        found[unique_id] = {"delta": told}
    return found


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return node["config"].get("meta") or {}


def _relation(unique_id: str, node: Mapping[str, Any]) -> Relation:
    key = _meta(node).get("key", [])
    if not isinstance(key, list) or not all(isinstance(each, str) and is_identifier(each) for each in key):
        raise CompileFailed(
            f"the key of {node['name']} cannot be read: {key!r}",
            where=unique_id,
            expected="a list of columns",
        )
    table = TableRef(node["schema"], node["alias"] or node["name"])
    unique_where = _meta(node).get("unique_where", "") if _meta(node).get("is_one_row", True) else "false"
    by_key = "affected_by" in _meta(node) and node["config"]["materialized"] == "table"
    return Relation(unique_id, table, tuple(key), unique_where, by_key)


def _declared(unique_id: str, node: Mapping[str, Any], known: Mapping[str, Relation]) -> Recipe:
    affected_by = _meta(node)["affected_by"]
    if not isinstance(affected_by, dict):
        raise CompileFailed(
            f"affected_by of {node['name']} cannot be read: {affected_by!r}",
            where=unique_id,
            expected="a line for each parent",
        )
    parents = {
        known[parent].table.name: known[parent] for parent in node["depends_on"]["nodes"] if parent in known
    }
    declared = Declared(known[unique_id], node["compiled_code"], affected_by)
    return declared_recipe(declared, parents, reads_of(node["compiled_code"], unique_id))


def _through_view(
    unique_id: str, node: Mapping[str, Any], known: Mapping[str, Relation]
) -> dict[str, str] | None:
    """What a view makes of its parents' rows that went and came; None where that says nothing."""
    sql = node["compiled_code"]
    parents = node["depends_on"]["nodes"]
    if not is_row_by_row(sql, unique_id) or not all(parent in known for parent in parents):
        return None
    reads = reads_of(sql, unique_id)

    def over(sign: int) -> str:
        rows = {
            known[parent].table: (
                f"select * exclude (_sign) from {changes_of(known[parent].table)} where _sign = {sign}"
            )
            for parent in parents
        }
        return substituted(sql, reads, rows)

    return {"went": over(-1), "came": over(1)}
