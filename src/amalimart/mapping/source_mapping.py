"""One source's mapping: finding and loading it, and what it lands and provides."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from amalimart.config.strict_yaml import read_yaml
from amalimart.core.errors import ConfigError
from amalimart.core.names import is_identifier, nearest
from amalimart.mapping.checking import check_row_keys, checked_parts
from amalimart.mapping.entities import load_entities
from amalimart.mapping.fitting import fitted_parts, fitted_tables, renamed_parts
from amalimart.mapping.parts import EntityPart, MappedEntity
from amalimart.mapping.shape import ColumnMapping, Cursor, MappingFile, TableMapping
from amalimart.mapping.written import looks_secret, refuse_unwritable

__all__ = ["SOURCES_FOLDER", "SourceMapping", "find_mapping", "load_mapping", "looks_secret"]

SOURCES_FOLDER = Path(__file__).parent.parent / "marketplace" / "sources"


@dataclass(frozen=True)
class SourceMapping:
    """A checked mapping.

    A mapping as it was loaded speaks of a table by its first name and of everything that may be there;
    `fitted` to a source, it speaks of what is.

    tables    table -> what happens to it
    entities  entity -> its parts, columns spelled out
    where     the file, for errors
    """

    name: str
    description: str
    time_zone: ZoneInfo
    tables: Mapping[str, TableMapping]
    entities: Mapping[str, MappedEntity]
    where: str

    @property
    def parts(self) -> Iterator[EntityPart]:
        """Every part of every entity."""
        for entity in self.entities.values():
            yield from entity.parts

    def columns_of(self, entity: str) -> Mapping[str, ColumnMapping]:
        """Canonical column -> origin, for a mapped entity; of several parts the first that has the column."""
        found: dict[str, ColumnMapping] = {}
        for part in self.entities[entity].parts:
            for column, origin in part.columns.items():
                found.setdefault(column, origin)
        return found

    @cached_property
    def landed(self) -> Mapping[str, tuple[str, ...]]:
        """Source table -> the columns that leave the source, in a stable order."""
        found: dict[str, dict[str, None]] = {}
        for part in self.parts:
            found.setdefault(part.table, {})
            for _, table, column in part.origins():
                found.setdefault(table, {})[column] = None
            for table, needed in part.needed.items():
                found.setdefault(table, {}).update(dict.fromkeys(needed))
        for table, columns in found.items():
            columns.update(dict.fromkeys(self.key_columns(table)))
            if cursor := self.cursor(table):
                columns.update(dict.fromkeys((*cursor.key, cursor.column)))
        return {table: tuple(columns) for table, columns in sorted(found.items())}

    @cached_property
    def optional(self) -> frozenset[tuple[str, str]]:
        """(table, column) pairs that the source may lack although it has the table."""
        maybe: set[tuple[str, str]] = set()
        needed: set[tuple[str, str]] = set()
        for part in self.parts:
            for canonical, table, column in part.origins():
                (maybe if part.columns[canonical].optional else needed).add((table, column))
            needed |= {(table, column) for table, columns in part.needed.items() for column in columns}
        for table in self.landed:
            needed |= {(table, column) for column in self.key_columns(table)}
            if cursor := self.cursor(table):
                needed |= {(table, column) for column in (*cursor.key, cursor.column)}
        return frozenset(maybe - needed)

    @cached_property
    def optional_tables(self) -> frozenset[str]:
        """Landed tables that the source may lack."""
        return frozenset(table for table in self.landed if self.tables[table].optional)

    @cached_property
    def names(self) -> Mapping[str, tuple[str, ...]]:
        """Landed table -> all its names, the preferred one first."""
        return {table: (table, *self.tables[table].also) for table in self.landed}

    def may_land(self, table: str) -> bool:
        """Whether a table of this name can be in the lake."""
        return any(table in names for names in self.names.values())

    def cursor(self, table: str) -> Cursor | None:
        """How changes of a table are polled, if they can be."""
        return self.tables[table].cursor if table in self.tables else None

    def key_columns(self, table: str) -> tuple[str, ...]:
        """The source columns that tell one row of a table from another.

        As the mapping states them, else the cursor's key, else what the keys of the table's entities
        are made of.
        """
        if (spec := self.tables.get(table)) is not None and spec.key is not None:
            return spec.key
        if cursor := self.cursor(table):
            return cursor.key
        known = load_entities()
        columns = [
            column
            for part in self.parts
            if part.table == table
            for key in known[part.entity].key
            for column in part.own_columns(key)
        ]
        return tuple(dict.fromkeys(columns))

    def secrets(self, table: str) -> tuple[str, ...]:
        """Columns of a table that must never be read."""
        return self.tables[table].secret if table in self.tables else ()

    def provides(self, entity: str, column: str, value: str | None = None) -> bool:
        """Whether the source can ever fill a canonical column (with that enum value)."""
        return any(
            column in part.columns and (value is None or _can_be(part.columns[column], entity, column, value))
            for part in self.parts
            if part.entity == entity
        )

    def renamed(self, tables: Collection[str]) -> SourceMapping:
        """The mapping in the names that a source with these tables uses; nothing else changes."""
        chosen = {
            table: next((name for name in names if name in tables), table)
            for table, names in self.names.items()
        }
        return SourceMapping(
            self.name,
            self.description,
            self.time_zone,
            fitted_tables(self.tables, chosen, tables),
            renamed_parts(self.entities, chosen),
            self.where,
        )

    def fitted(self, catalog: Mapping[str, Collection[str]]) -> SourceMapping:
        """The mapping as far as it concerns a source with these tables and columns.

        Tables have the source's names; optional tables and columns that it lacks are gone, and with
        them what they would have provided. What is missing and not optional stays.
        """
        mapping = self.renamed(catalog)
        absent = mapping.optional_tables - set(catalog)
        gone = {
            (table, column)
            for table, column in mapping.optional
            if table in catalog and column not in catalog[table]
        }
        return SourceMapping(
            self.name,
            self.description,
            self.time_zone,
            mapping.tables,
            fitted_parts(mapping.entities, absent, gone),
            self.where,
        )


def _can_be(origin: ColumnMapping, entity: str, column: str, value: str) -> bool:
    if origin.constant is not None:
        return origin.constant == value
    if origin.values is not None:
        return value in origin.values.values()
    return value in load_entities()[entity].columns[column].values


def find_mapping(name: str, folders: tuple[Path, ...] = ()) -> Path:
    """The file of a mapping by name or path; a project's own folder comes before the package's.

    Raises ConfigError naming every place that was looked in.
    """
    direct = Path(name)
    if direct.suffix in {".yml", ".yaml"}:
        return direct
    places = [folder / f"{name}.yml" for folder in (*folders, SOURCES_FOLDER)]
    for place in places:
        if is_identifier(name) and place.is_file():
            return place
    known = [path.stem for place in places for path in place.parent.glob("*.yml")]
    raise ConfigError(
        f"no mapping named {name!r}",
        where=", ".join(str(place.parent) for place in places),
        expected=", ".join(sorted(set(known))),
        nearest=nearest(name, known),
        next_step="name one of these, or have sources/<name>.yml drafted: amalimart map draft SOURCE",
    )


def load_mapping(path: Path) -> SourceMapping:
    """Read and check one mapping file. Raises ConfigError with file and line."""
    document = read_yaml(path)
    parsed = document.parse(MappingFile)
    try:
        zone = ZoneInfo(parsed.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(
            f"unknown time zone {parsed.time_zone!r}",
            where=document.where("time_zone"),
            expected="an IANA name such as Africa/Accra",
        ) from error
    refuse_unwritable(document, parsed)
    entities = checked_parts(document, parsed)
    mapping = SourceMapping(parsed.mapping, parsed.description, zone, parsed.tables, entities, str(path))
    check_row_keys(mapping.parts, {table: mapping.key_columns(table) for table in mapping.landed})
    return mapping
