"""What every column of every model is made of, and what decides the rows of each model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from amalimart.core.models import Column
from amalimart.core.names import TableRef
from amalimart.warehouse.graph import Check, CompiledGraph
from amalimart.warehouse.planning.shapes import Shapes
from amalimart.warehouse.planning.tracing import ROWS, Read, traced


@dataclass(frozen=True, slots=True)
class ModelReads:
    """One model: what its columns are made of, and its rows.

    is_traced  whether that was told column by column; else everything depends on everything it reads
    """

    table: TableRef
    columns: Mapping[str, frozenset[Read]]
    rows: frozenset[Read]
    is_traced: bool


def column_reads(graph: CompiledGraph, shapes: Shapes) -> Iterator[ModelReads]:
    """Every model of a project, parents first."""
    for model in graph.ordered:
        known = shapes.read_by(model, graph)
        found = traced(model.sql, known)
        if found is not None:
            columns = {name: trace.reads for name, trace in found.columns.items()}
            yield ModelReads(model.table, columns, found.rows.reads, is_traced=True)
        else:
            everything = frozenset(
                (table, name) for table, columns_there in known.items() for name in _all_of(columns_there)
            )
            own = {each.name: everything for each in shapes.columns.get(model.table, ())}
            yield ModelReads(model.table, own, everything, is_traced=False)


def check_reads(check: Check, graph: CompiledGraph, shapes: Shapes) -> frozenset[Read]:
    """The columns and rows that a check looks at; all it could, where that cannot be told."""
    known = shapes.read_by(check, graph)
    found = traced(check.sql, known)
    if found is not None:
        return found.rows.reads.union(*(trace.reads for trace in found.columns.values()))
    return frozenset((table, name) for table, columns in known.items() for name in _all_of(columns))


def _all_of(columns: tuple[Column, ...]) -> tuple[str, ...]:
    return (ROWS, *(each.name for each in columns))
