"""Which checks look at what a place of the lineage is made of."""

from __future__ import annotations

from collections.abc import Mapping

from amalimart.catalog.lineage import Kind, Lineage, Node


def checks_behind(node: Node, lineage: Lineage, reads: Mapping[str, frozenset[Node]]) -> frozenset[str]:
    """The checks that look at a place, at what it is made of, or at the rows of those tables."""
    looked_at = {node, *(each.node for each in lineage.made_of(node))}
    places = looked_at | {Node(Kind.ROWS, each.table) for each in looked_at}
    return frozenset(name for name, read in reads.items() if read & places)
