"""A mapping held against what the source really has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from amalimart.core.errors import SourceMismatch
from amalimart.core.names import nearest
from amalimart.mapping.entities import ColumnType, load_entities
from amalimart.mapping.enum_values import unknown_spellings
from amalimart.mapping.parts import EntityPart, read_columns
from amalimart.mapping.source_mapping import SourceMapping

Catalog = Mapping[str, Mapping[str, str]]
"""Table -> column -> the source's own name of its type."""

_FAMILIES = {
    "number": re.compile(r"int|numeric|decimal|double|real|float|serial|money"),
    "boolean": re.compile(r"bool|bit\b"),
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
_DECLARED_ENUM = re.compile(r"enum\((.*)\)", re.IGNORECASE | re.DOTALL)
_QUOTED = re.compile(r"'((?:[^']|'')*)'")


@dataclass(frozen=True, slots=True)
class MappingReport:
    """What a source and a mapping say of each other that no error is about.

    unclassified_columns  table.column there, of which the mapping says nothing
    unlisted_tables       tables there, of which the mapping says nothing
    shadowed_tables       tables there under another name of a table that is read
    absent_optional       table.column the mapping can do without and the source lacks
    absent_tables         tables the mapping can do without and the source lacks
    enum_drift            table.column: value, declared in the source and not mapped
    missing_entities      canonical entities that nothing there fills
    """

    unclassified_columns: tuple[str, ...]
    unlisted_tables: tuple[str, ...]
    absent_optional: tuple[str, ...]
    shadowed_tables: tuple[str, ...] = ()
    absent_tables: tuple[str, ...] = ()
    enum_drift: tuple[str, ...] = ()
    missing_entities: tuple[str, ...] = ()


def family(source_type: str) -> str:
    """Which family a source's type name belongs to; what is unknown counts as text."""
    folded = source_type.lower()
    if folded.startswith(("enum(", "set(")):
        return "text"
    for name in ("structure", "boolean", "time", "number"):
        if _FAMILIES[name].search(folded):
            return name
    return "text"


def check_catalog(mapping: SourceMapping, catalog: Catalog) -> MappingReport:
    """Hold a mapping against table -> column -> type name of the source.

    Raises SourceMismatch for a missing table or column and for a type that cannot fit. Columns the
    mapping says nothing about are not landed; they come back in the report.
    """
    for misfit in misfits(mapping, catalog).values():
        raise misfit
    whole, there = mapping.renamed(catalog), mapping.fitted(catalog)
    return MappingReport(
        unclassified_columns=tuple(_unclassified(whole, catalog)),
        unlisted_tables=tuple(sorted(set(catalog) - set(whole.tables))),
        absent_optional=tuple(
            f"{table}.{column}"
            for table, columns in whole.landed.items()
            for column in columns
            if table in catalog and column not in catalog[table]
        ),
        shadowed_tables=tuple(
            name
            for names in mapping.names.values()
            for name in [each for each in names if each in catalog][1:]
        ),
        absent_tables=tuple(sorted(whole.optional_tables - set(catalog))),
        enum_drift=tuple(_enum_drift(there, catalog)),
        missing_entities=tuple(sorted(set(load_entities()) - set(there.entities))),
    )


def misfits(mapping: SourceMapping, catalog: Catalog) -> Mapping[str, SourceMismatch]:
    """Landed table, as the source names it -> why it cannot be read as the mapping says."""
    there = mapping.fitted(catalog)
    found = {table: _misfit(there, mapping, catalog, table) for table in there.landed}
    return {table: misfit for table, misfit in found.items() if misfit is not None}


def _misfit(
    there: SourceMapping, mapping: SourceMapping, catalog: Catalog, table: str
) -> SourceMismatch | None:
    if table not in catalog:
        names = mapping.names.get(table, (table,))
        return SourceMismatch(
            f"the source has no table {' or '.join(map(repr, names))}",
            where=mapping.where,
            expected=f"the tables {', '.join(sorted(mapping.landed))}",
            nearest=nearest(table, catalog),
            next_step="correct the mapping, or grant the source user the right to see the table",
        )
    for column in there.landed[table]:
        if column not in catalog[table]:
            return SourceMismatch(
                f"the source has no column {table}.{column}",
                where=mapping.where,
                expected=f"one of {', '.join(catalog[table])}",
                nearest=nearest(column, catalog[table]),
                next_step="correct the mapping, or mark the column `optional: true`",
            )
    return _unfit_type(there, catalog, table)


def _unclassified(mapping: SourceMapping, catalog: Catalog) -> Iterator[str]:
    for table, columns in sorted(catalog.items()):
        if table in mapping.landed:
            spec = mapping.tables[table]
            known = {*mapping.landed[table], *spec.secret, *spec.ignored}
            yield from (f"{table}.{column}" for column in columns if column not in known)


def _enum_drift(mapping: SourceMapping, catalog: Catalog) -> Iterator[str]:
    found: dict[str, None] = {}
    entities = load_entities()
    for part in mapping.parts:
        for canonical, origin in part.columns.items():
            spec = entities[part.entity].columns[canonical]
            for table, column in _plain_origin(part, canonical) if spec.type is ColumnType.ENUM else ():
                declared = _DECLARED_ENUM.fullmatch(catalog.get(table, {}).get(column, ""))
                values = _QUOTED.findall(declared[1]) if declared else []
                unknown = unknown_spellings(origin, spec, (value.replace("''", "'") for value in values))
                found |= dict.fromkeys(f"{table}.{column}: {value}" for value in unknown)
    yield from found


def _plain_origin(part: EntityPart, canonical: str) -> Iterator[tuple[str, str]]:
    """(table, column) of a canonical column that is one source column as it stands."""
    origin = part.columns[canonical]
    if origin.source is not None:
        yield part.table_of(origin), origin.source


def _unfit_type(mapping: SourceMapping, catalog: Catalog, table: str) -> SourceMismatch | None:
    """A column whose type cannot be read as the canonical one's; a formula is the engine's to check."""
    entities = load_entities()
    for part in mapping.parts:
        for canonical, origin in part.columns.items():
            wanted = entities[part.entity].columns[canonical].type
            if part.table_of(origin) != table or origin.sql is not None:
                continue
            for column in read_columns(origin):
                if family(source_type := catalog[table][column]) not in _FITS[wanted]:
                    return SourceMismatch(
                        f"{table}.{column} is {source_type}, which does not fit {part.entity}.{canonical}",
                        where=mapping.where,
                        expected=f"a type that can be read as {wanted.value}",
                        next_step="map another column, or leave the canonical column out",
                    )
    return None
