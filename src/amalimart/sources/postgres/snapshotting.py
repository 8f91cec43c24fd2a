"""Copying rows of tables, as one moment shows them, into a batch of the lake."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass

from amalimart.lake import BatchWriter, Operation, Transaction
from amalimart.sources.port import Progress, Stopwatch
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
    for number, one in enumerate(asked, 1):
        columns = [selected(one.relation.columns[column]) for column in one.columns]
        estimate = one.relation.estimate if operation is Operation.SNAPSHOT else None
        stopwatch = Stopwatch(progress, one.table, number=number, of=len(asked), estimate=estimate)
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
