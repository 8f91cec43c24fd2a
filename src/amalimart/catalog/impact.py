"""What would break, and what would merely change, if a column of a source went.

A place breaks where nothing else fills it: all its values come from that column, or something it is made of
breaks. It changes where other values go into it too, or where the column only decides which rows there are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from amalimart.catalog.lineage import Kind, Lineage, Node
from amalimart.core.errors import RequestError

_OF_A_TABLE = frozenset({Kind.COLUMN, Kind.ROWS})


class What(StrEnum):
    """What is affected, in the order in which it is told."""

    COLUMN = "column"
    MODEL = "model"
    CHECK = "check"
    METRIC = "metric"
    DIMENSION = "dimension"
    DASHBOARD = "dashboard"
    SCORECARD = "scorecard"


@dataclass(frozen=True, slots=True)
class Affected:
    """One thing that breaks, or changes."""

    what: What
    name: str
    breaks: bool


@dataclass(frozen=True, slots=True)
class Impact:
    """All of it. `stops` says in sentences what the mapping could not do without the column."""

    column: str
    stops: tuple[str, ...]
    affected: tuple[Affected, ...]

    def names(self, what: What, *, breaks: bool) -> tuple[str, ...]:
        """Those of one kind."""
        return tuple(each.name for each in self.affected if each.what is what and each.breaks is breaks)


@dataclass(frozen=True, slots=True)
class Loss:
    """What the mapping says of a column that went.

    stops        what could not go on, in sentences
    is_required  whether no release could be built without it
    unavailable  metrics that the sources could not fill any more
    """

    stops: tuple[str, ...] = ()
    is_required: bool = False
    unavailable: frozenset[str] = frozenset()


def impact_of_dropping(
    lineage: Lineage, column: Node, loss: Loss, checks: Mapping[str, Collection[Node]]
) -> Impact:
    """What dropping a source's column does; `checks` say which columns and rows each check reads.

    Raises RequestError for anything but a source's column.
    """
    if column.kind is not Kind.SOURCE:
        raise RequestError(
            f"{column.name} is not a column of a source, but a {column.kind}",
            expected="source.table.column, such as shop.orders.total",
            next_step="of an edit of a model, amalimart plan says what it would break",
        )
    reached = {each.node for each in lineage.used_by(column, with_rows=True)}
    by_value = [each.node for each in lineage.used_by(column)]
    broken = {column}
    if loss.is_required:
        broken |= reached
    for node in by_value:
        if _breaks(lineage, node, column):
            broken.add(node)
    broken |= {node for node in reached if node.kind is Kind.METRIC and node.name in loss.unavailable}
    for kind in (Kind.METRIC, Kind.DIMENSION, Kind.DASHBOARD, Kind.SCORECARD):
        of_kind = [node for node in reached if node.kind is kind]
        broken |= {node for node in of_kind if broken.intersection(lineage.parts(node))}
    tables = {node for node in reached if node.kind in _OF_A_TABLE}
    found = {(_WHAT[node.kind], node.plain): node in broken for node in reached if node.kind in _WHAT}
    for node in tables:
        key = (What.MODEL, _relation(node))
        found[key] = found.get(key, False) or node in broken
    for name, reads in checks.items():
        if touched := reached.intersection(reads):
            found[What.CHECK, name] = not touched.isdisjoint(broken)
    order = list(What)
    affected = tuple(
        Affected(what, name, breaks)
        for (what, name), breaks in sorted(
            found.items(), key=lambda item: (not item[1], order.index(item[0][0]), item[0][1])
        )
    )
    return Impact(column.name, loss.stops, affected)


_WHAT = {
    Kind.COLUMN: What.COLUMN,
    Kind.METRIC: What.METRIC,
    Kind.DIMENSION: What.DIMENSION,
    Kind.DASHBOARD: What.DASHBOARD,
    Kind.SCORECARD: What.SCORECARD,
}


def _breaks(lineage: Lineage, node: Node, column: Node) -> bool:
    """Whether a column's values come from nothing but the source's column."""
    if node.kind is not Kind.COLUMN or _relation(node) in lineage.untraced:
        return False
    return {each.node for each in lineage.made_of(node) if each.node.kind is Kind.SOURCE} == {column}


def _relation(node: Node) -> str:
    return node.name if node.kind is Kind.ROWS else node.name.rpartition(".")[0]
