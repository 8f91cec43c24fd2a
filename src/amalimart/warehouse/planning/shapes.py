"""The columns that every model of a project would have, from a database in memory whose tables are empty.

Only queries are described, never run, so it costs no data and no time of the warehouse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import duckdb

from amalimart.core.models import Column
from amalimart.core.names import TableRef, quoted
from amalimart.warehouse.bronze import BronzeTable, create_bronze
from amalimart.warehouse.graph import Check, CompiledGraph, Model
from amalimart.warehouse.planning.tracing import CATALOG
from amalimart.warehouse.project.model_log import stored_type
from amalimart.warehouse.releases.release_log import create_tables


@dataclass(frozen=True, slots=True)
class Shapes:
    """Relation -> columns, bronze and the run context too; and model id -> why the engine refuses it.

    A refused model stands with the columns it had, so that what reads it can be looked at as well.
    """

    columns: Mapping[TableRef, tuple[Column, ...]]
    refused: Mapping[str, str]

    def read_by(self, model: Model | Check, graph: CompiledGraph) -> Mapping[TableRef, tuple[Column, ...]]:
        """The relations that a model or a check reads, with their columns."""
        names = {parent.rpartition(".")[2] for parent in model.parents}
        tables = {each.table for each in graph.models if each.unique_id in model.parents}
        return {
            table: columns
            for table, columns in self.columns.items()
            if table in tables or (table.schema in {"bronze", "meta"} and table.name in names)
        }


def shapes_of(
    graph: CompiledGraph, bronze: Sequence[BronzeTable], before: Mapping[str, tuple[Column, ...]]
) -> Shapes:
    """The shapes of a project over what has landed. `before` are columns of published models, by id."""
    with closing(duckdb.connect()) as connection:
        connection.execute(f"attach ':memory:' as {CATALOG}; use {CATALOG}; set timezone = 'UTC'")
        create_tables(connection)
        columns = {TableRef("meta", "run_context"): _described(connection, "from meta.run_context")}
        for table in bronze:
            if table.view in graph.bronze:
                create_bronze(connection, table)
                columns[table.place] = _described(connection, f"from {table.place.sql}")
        refused: dict[str, str] = {}
        for model in graph.ordered:
            try:
                columns[model.table] = _described(connection, model.sql)
            except duckdb.Error as error:
                refused[model.unique_id] = str(error)
                if model.unique_id not in before:
                    continue
                columns[model.table] = before[model.unique_id]
            _stand(connection, model, columns[model.table])
        return Shapes(columns, refused)


def _described(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Column, ...]:
    found = connection.execute(f"describe {sql}").fetchall()
    return tuple(Column(name, stored_type(kind)) for name, kind, *_ in found)


def _stand(connection: duckdb.DuckDBPyConnection, model: Model, columns: tuple[Column, ...]) -> None:
    listed = ", ".join(f"{quoted(column.name)} {column.type}" for column in columns)
    connection.execute(f"create table {model.table.sql} ({listed})")
