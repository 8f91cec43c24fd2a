"""A mapping held against what the source really has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from amalimart.core.errors import SourceMismatch
from amalimart.core.names import nearest
from amalimart.mapping.entities import ColumnType, load_entities
from amalimart.mapping.source_mapping import SourceMapping

_FAMILIES = {
    "number": re.compile(r"int|numeric|decimal|double|real|float|serial|money"),
    "boolean": re.compile(r"bool|bit\b|bit\(1\)|tinyint\(1\)"),
    "time": re.compile(r"timestamp|datetime|date|\btime\b"),
    "structure": re.compile(r"json|\[\]|array|bytea|blob|binary|point|polygon|composite"),
}
_FITS = {
    ColumnType.ID: {"number", "text"},
    ColumnType.TEXT: {"number", "text", "boolean", "time"},
    ColumnType.ENUM: {"number", "text", "boolean"},
    ColumnType.INTEGER: {"number", "text"},
    ColumnType.DECIMAL: {"number", "text"},
    ColumnType.MONEY: {"number", "text"},
    ColumnType.BOOLEAN: {"boolean", "number", "text"},
    ColumnType.TIMESTAMP: {"time", "text"},
    ColumnType.DATE: {"time", "text"},
}


@dataclass(frozen=True, slots=True)
class MappingReport:
    """What the source has that the mapping does not use, as table.column, table, table.column."""

    unclassified_columns: tuple[str, ...]
    unlisted_tables: tuple[str, ...]
    absent_optional: tuple[str, ...]


def family(source_type: str) -> str:
    """Which family a source's type name belongs to; what is unknown counts as text."""
    folded = source_type.lower()
    for name in ("structure", "boolean", "time", "number"):
        if _FAMILIES[name].search(folded):
            return name
    return "text"


def check_catalog(mapping: SourceMapping, catalog: Mapping[str, Mapping[str, str]]) -> MappingReport:
    """Hold a mapping against table -> column -> type name of the source.

    Raises SourceMismatch for a missing table or column and for a type that cannot fit. Columns the
    mapping says nothing about are not landed; they come back in the report.
    """
    for misfit in misfits(mapping, catalog).values():
        raise misfit
    absent = [
        f"{table}.{column}"
        for table, columns in mapping.landed.items()
        for column in columns
        if column not in catalog[table]
    ]
    unclassified = [
        f"{table}.{column}"
        for table, columns in sorted(catalog.items())
        if table in mapping.landed
        for column in columns
        if column not in mapping.landed[table]
        and column not in mapping.secrets(table)
        and column not in mapping.tables[table].ignored
    ]
    unlisted = sorted(set(catalog) - set(mapping.tables))
    return MappingReport(tuple(unclassified), tuple(unlisted), tuple(absent))


def misfits(mapping: SourceMapping, catalog: Mapping[str, Mapping[str, str]]) -> Mapping[str, SourceMismatch]:
    """Landed table -> why it cannot be read as the mapping says; empty where all is well."""
    found = {table: _misfit(mapping, catalog, table) for table in mapping.landed}
    return {table: misfit for table, misfit in found.items() if misfit is not None}


def _misfit(
    mapping: SourceMapping, catalog: Mapping[str, Mapping[str, str]], table: str
) -> SourceMismatch | None:
    if table not in catalog:
        return SourceMismatch(
            f"the source has no table {table!r}",
            where=mapping.where,
            expected=f"the tables {', '.join(sorted(mapping.landed))}",
            nearest=nearest(table, catalog),
            next_step="correct the mapping, or grant the source user the right to see the table",
        )
    for column in mapping.landed[table]:
        if column not in catalog[table] and (table, column) not in mapping.optional:
            return SourceMismatch(
                f"the source has no column {table}.{column}",
                where=mapping.where,
                expected=f"one of {', '.join(catalog[table])}",
                nearest=nearest(column, catalog[table]),
                next_step="correct the mapping, or mark the column `optional: true`",
            )
    return _unfit_type(mapping, catalog, table)


def _unfit_type(
    mapping: SourceMapping, catalog: Mapping[str, Mapping[str, str]], table: str
) -> SourceMismatch | None:
    entities = load_entities()
    for name, entity in mapping.entities.items():
        for column, origin in mapping.columns_of(name).items() if entity.table == table else ():
            source_type = catalog[table].get(origin.source or "")
            wanted = entities[name].columns[column].type
            if source_type is not None and family(source_type) not in _FITS[wanted]:
                return SourceMismatch(
                    f"{table}.{origin.source} is {source_type}, which does not fit {name}.{column}",
                    where=mapping.where,
                    expected=f"a type that can be read as {wanted.value}",
                    next_step="map another column, or leave the canonical column out",
                )
    return None
