"""What the models of a compiled project make of columns, as the plain values that are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from amalimart.core.names import TableRef
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.planning.column_reads import ModelReads, check_reads, column_reads
from amalimart.warehouse.planning.shapes import Shapes
from amalimart.warehouse.planning.tracing import ROWS


def traced_models(graph: CompiledGraph, shapes: Shapes) -> dict[str, Any]:
    """`made_of`: column or rows -> what they are made of; `untraced` models; what `checks` read.

    Takes seconds of a processor.
    """
    found = list(column_reads(graph, shapes))
    return {
        "made_of": {name: reads for model in found for name, reads in written(model)},
        "untraced": sorted(str(model.table) for model in found if not model.is_traced),
        "checks": {
            check.name: sorted(kept_name(*each) for each in check_reads(check, graph, shapes))
            for check in graph.checks
        },
    }


def written(model: ModelReads) -> Iterable[tuple[str, list[str]]]:
    """The columns of a model and its rows by their kept names, with those of what they are made of."""
    for column, reads in (*model.columns.items(), (ROWS, model.rows)):
        yield kept_name(model.table, column), sorted(kept_name(*each) for each in reads)


def kept_name(table: TableRef, column: str) -> str:
    """`schema.table.column`, or `schema.table.` where its rows are meant."""
    return f"{table}.{column}"
