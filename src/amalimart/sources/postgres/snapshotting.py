"""Copying rows of tables, as one moment shows them, into a batch of the lake."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass

from amalimart.lake import BatchWriter, Operation, Transaction
from amalimart.sources.port import Progress, Stopwatch, rows_left
from amalimart.sources.postgres.reading import Moment
from amalimart.sources.postgres.relations import Relation
from amalimart.sources.postgres.selecting import landed_schema, selected


@dataclass(frozen=True, slots=True)
class Asked:
    """One table of a reading: which columns to read, and the condition for its rows."""

    table: str
    relation: Relation
    columns: tuple[str, ...]
    condition: str | None = None


def copy_tables(
    now: Moment,
    asked: Collection[Asked],
    writer: BatchWriter,
    operation: Operation,
    progress: Progress,
    transaction: Transaction | None = None,
) -> Mapping[str, Mapping[str, int]]:
    """Write the rows of each table, and say by table and column how many values became null.

    Raises SourceError, LakeError.
    """
    replaced = {}
    estimates = [one.relation.estimate if operation is Operation.SNAPSHOT else None for one in asked]
    lefts = rows_left(estimates)
    for number, (one, estimate, left) in enumerate(zip(asked, estimates, lefts, strict=True), 1):
        columns = [selected(one.relation.columns[column]) for column in one.columns]
        stopwatch = Stopwatch(progress, one.table, number=number, of=len(asked), estimate=estimate, left=left)
        with closing(now.rows(one.relation.sql, columns, one.condition, stopwatch)) as rows:
            writer.write(
                one.table,
                rows,
                operation,
                schema=landed_schema(columns),
                progress=stopwatch.add,
                transaction=transaction,
            )
        stopwatch.finish()
        if stopwatch.replaced:
            replaced[one.table] = stopwatch.replaced
    return replaced
