"""The lineage of metrics as a graph to draw, and how the checks on its way stand.

A reader who sees own rows only is told neither tables nor checks: whether all is well, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from amalimart.access.principal import Principal, Role
from amalimart.api.services import AppServices
from amalimart.catalog.checks import checks_behind
from amalimart.catalog.lineage import Kind, Lineage, Node
from amalimart.core.errors import NotAvailable
from amalimart.core.releases import CheckState, counted

Json = dict[str, Any]

_SEES_FIGURES = frozenset({Role.ADMIN, Role.ANALYST})


def graph_of(lineage: Lineage, node: Node) -> Json:
    """What a place is made of, back to the sources, as nodes and edges; a column is grouped by its table."""
    reached = lineage.made_of(node)
    nodes = [_node(node), *(_node(each.node) for each in reached)]
    edges = [[each.node.id, by.id] for each in reached for by in each.by]
    return {
        "nodes": nodes,
        "edges": edges,
        "untraced": sorted({each["table"] for each in nodes if each["table"] in lineage.untraced}),
    }


def checks_of(services: AppServices, lineage: Lineage, node: Node, principal: Principal) -> Json:
    """How the checks stand that look at what a place is made of, as of the newest release."""
    reads = services.lineage_desk.checks() if services.lineage_desk else {}
    names = sorted(checks_behind(node, lineage, reads))
    newest = services.releases.latest()
    if newest is None or services.release_book is None:
        return {"state": "unknown", "total": None, "failing": []}
    failing = {each.name: each for each in services.release_book.release(newest.release_id).failing}
    broken = [failing[name] for name in names if name in failing]
    state = counted(names, failing).state
    if services.semantic.is_scoped(principal):
        return {"state": state, "total": None, "failing": []}
    return {"state": state, "total": len(names), "failing": _told(broken, principal)}


def users_of(lineage: Lineage, node: Node) -> list[Json]:
    """Metrics, dimensions and pages that a place's values go into, by kind and name."""
    of_questions = {Kind.METRIC, Kind.DIMENSION}
    reached = (each.node for each in lineage.used_by(node))
    used = [each for each in reached if each.kind.is_page or each.kind in of_questions]
    return [{"kind": each.kind.value, "name": each.plain} for each in sorted(used)]


def known_lineage(services: AppServices) -> Lineage:
    """The lineage of what is served. Raises NotAvailable where this engine knows none."""
    if services.lineage_desk is None:
        raise NotAvailable("This engine knows no lineage.")
    return services.lineage_desk.lineage()


def _told(broken: Iterable[CheckState], principal: Principal) -> list[Json]:
    sees_figures = principal.role in _SEES_FIGURES
    return [
        {
            "name": each.name,
            "is_error": each.is_error,
            "failing_rows": each.failing_rows + each.failing_changes if sees_figures else None,
        }
        for each in broken
    ]


def _node(node: Node) -> Json:
    return {
        "id": node.id,
        "kind": node.kind.name.lower(),
        "name": node.name,
        "table": node.table,
        "column": node.name.rpartition(".")[2] if node.kind in {Kind.SOURCE, Kind.COLUMN} else None,
    }
