"""One source's mapping: the YAML shape, its loading, and what it lands and provides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from amalimart.config.strict_yaml import StrictModel, YamlDocument, read_yaml
from amalimart.core.errors import ConfigError
from amalimart.core.names import is_identifier, nearest
from amalimart.mapping.entities import ColumnType, Entity, load_entities

SOURCES_FOLDER = Path(__file__).parent.parent / "marketplace" / "sources"

_LOOKS_SECRET = re.compile(
    r"passw|passphrase|passcode|pwd|secret|token|credential|iban|cvv|cvc|api_?key|private_?key"
    r"|(account|card)_?(num|no($|_))|(^|_)(pin|otp|ssn|salt)($|_)",
    re.IGNORECASE,
)
# What a mapping says is written into SQL and, with it, into templates. Both are quoted where they are
# written; what has a meaning to either and none to a person is refused before.
_TEMPLATE = re.compile(r"\{[{%#]")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NOT_IN_A_COLUMN_NAME = re.compile(r"[{}]")
_NOT_IN_A_TABLE_NAME = re.compile(r"[{}'\"\\]")


class ColumnMapping(StrictModel):
    """Where one canonical column comes from: a source column or a constant."""

    source: str | None = Field(None, alias="from")
    constant: str | None = None
    values: dict[str, str] | None = None
    default: str | None = None
    format: str | None = None
    optional: bool = False

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnMapping:
        if (self.source is None) == (self.constant is None):
            raise ValueError("give either `from` or `constant`")
        return self


class EntityMapping(StrictModel):
    """Which table an entity comes from, which rows, and each column."""

    table: str
    columns: dict[str, ColumnMapping] | Literal["same"]
    where: dict[str, tuple[str, ...]] = {}

    @field_validator("columns", mode="before")
    @classmethod
    def _short_form(cls, columns: Any) -> Any:
        if not isinstance(columns, dict):
            return columns
        return {name: {"from": spec} if isinstance(spec, str) else spec for name, spec in columns.items()}


class Cursor(StrictModel):
    """How changed rows of a table are found: a time column that grows with every write, and the key."""

    column: str
    key: tuple[str, ...]


class TableMapping(StrictModel):
    """What happens to the columns of one source table that no entity uses."""

    cursor: Cursor | None = None
    secret: tuple[str, ...] = ()
    ignored: dict[str, str] = {}
    unmapped: str | None = None


class _MappingFile(StrictModel):
    mapping: str
    description: str
    time_zone: str
    tables: dict[str, TableMapping]
    entities: dict[str, EntityMapping]


@dataclass(frozen=True)
class SourceMapping:
    """A checked mapping. `entities` holds explicit columns only: `same` is already spelled out."""

    name: str
    description: str
    time_zone: ZoneInfo
    tables: Mapping[str, TableMapping]
    entities: Mapping[str, EntityMapping]
    where: str  # the file, for errors

    def columns_of(self, entity: str) -> Mapping[str, ColumnMapping]:
        """Canonical column -> origin, for a mapped entity."""
        columns = self.entities[entity].columns
        assert columns != "same"  # noqa: S101 - spelled out while loading
        return columns

    @cached_property
    def landed(self) -> Mapping[str, tuple[str, ...]]:
        """Source table -> the columns that leave the source, in a stable order."""
        found: dict[str, dict[str, None]] = {}
        for name, entity in self.entities.items():
            columns = found.setdefault(entity.table, {})
            columns.update(dict.fromkeys(c.source for c in self.columns_of(name).values() if c.source))
            columns.update(dict.fromkeys(entity.where))
        for table, columns in found.items():
            if cursor := self.cursor(table):
                columns.update(dict.fromkeys((*cursor.key, cursor.column)))
        return {table: tuple(columns) for table, columns in sorted(found.items())}

    @cached_property
    def optional(self) -> frozenset[tuple[str, str]]:
        """(table, column) pairs that the source may lack."""
        needed: set[tuple[str, str]] = set()
        maybe: set[tuple[str, str]] = set()
        for name, entity in self.entities.items():
            for column in self.columns_of(name).values():
                if column.source:
                    (maybe if column.optional else needed).add((entity.table, column.source))
        return frozenset(maybe - needed)

    def cursor(self, table: str) -> Cursor | None:
        """How changes of a table are polled, if they can be."""
        return self.tables[table].cursor if table in self.tables else None

    def key_columns(self, table: str) -> tuple[str, ...]:
        """The source columns that tell one row of a table from another."""
        if cursor := self.cursor(table):
            return cursor.key
        known = load_entities()
        columns = [
            self.columns_of(name)[key].source
            for name, entity in self.entities.items()
            if entity.table == table
            for key in known[name].key
            if key in self.columns_of(name)
        ]
        return tuple(dict.fromkeys(column for column in columns if column))

    def secrets(self, table: str) -> tuple[str, ...]:
        """Columns of a table that must never be read."""
        return self.tables[table].secret if table in self.tables else ()

    def provides(self, entity: str, column: str, value: str | None = None) -> bool:
        """Whether the source can ever fill a canonical column (with that enum value)."""
        if entity not in self.entities or column not in self.columns_of(entity):
            return False
        mapped = self.columns_of(entity)[column]
        if value is None:
            return True
        if mapped.constant is not None:
            return mapped.constant == value
        if mapped.values is not None:
            return value in mapped.values.values()
        return value in load_entities()[entity].columns[column].values


def looks_secret(column: str) -> bool:
    """Whether a column is named like a password, token or account number, and so may not be landed."""
    return bool(_LOOKS_SECRET.search(column))


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
        next_step="name one of these, or write sources/<name>.yml in the project",
    )


def load_mapping(path: Path) -> SourceMapping:
    """Read and check one mapping file. Raises ConfigError with file and line."""
    document = read_yaml(path)
    parsed = document.parse(_MappingFile)
    try:
        zone = ZoneInfo(parsed.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(
            f"unknown time zone {parsed.time_zone!r}",
            where=document.where("time_zone"),
            expected="an IANA name such as Africa/Accra",
        ) from error
    _refuse_unwritable(document, parsed)
    known = load_entities()
    entities = {}
    for name, entity in parsed.entities.items():
        if name not in known:
            raise ConfigError(
                f"no canonical entity {name!r}",
                where=document.where("entities", name),
                expected=", ".join(sorted(known)),
                nearest=nearest(name, known),
            )
        entities[name] = _checked_entity(document, name, entity, known[name], parsed.tables)
    return SourceMapping(parsed.mapping, parsed.description, zone, parsed.tables, entities, str(path))


def _refuse_unwritable(document: YamlDocument, parsed: _MappingFile) -> None:
    for table, spec in parsed.tables.items():
        where = document.where("tables", table)
        _refuse_in(table, _NOT_IN_A_TABLE_NAME, where, "a table name")
        cursor = (spec.cursor.column, *spec.cursor.key) if spec.cursor else ()
        for column in (*cursor, *spec.secret, *spec.ignored):
            _refuse_in(column, _NOT_IN_A_COLUMN_NAME, where, "a column name")
    for name, entity in parsed.entities.items():
        for column, kept in entity.where.items():
            where = document.where("entities", name, "where", column)
            _refuse_in(column, _NOT_IN_A_COLUMN_NAME, where, "a column name")
            for value in kept:
                _refuse_in(value, _TEMPLATE, where, "a value")
        for column, origin in entity.columns.items() if entity.columns != "same" else ():
            where = document.where("entities", name, "columns", column)
            _refuse_in(origin.source or "", _NOT_IN_A_COLUMN_NAME, where, "a column name")
            for text in (origin.constant, origin.default, origin.format, *(origin.values or {})):
                _refuse_in(text or "", _TEMPLATE, where, "a value")


def _refuse_in(text: str, refused: re.Pattern[str], where: str, what: str) -> None:
    found = _UNPRINTABLE.search(text) or refused.search(text)
    if found:
        raise ConfigError(
            f"{what} holds {found[0]!r}: {text[:100]!r}",
            where=where,
            expected=f"{what} of printable characters, without quotes or braces that a template could read",
            next_step="rename it in the source, or land it through a view under a plain name",
        )


def _checked_entity(
    document: YamlDocument,
    name: str,
    mapped: EntityMapping,
    entity: Entity,
    tables: Mapping[str, TableMapping],
) -> EntityMapping:
    columns = mapped.columns
    if columns == "same":
        columns = {column: ColumnMapping.model_validate({"from": column}) for column in entity.columns}
    table = tables.get(mapped.table)
    if table is None or table.unmapped:
        raise ConfigError(
            f"{name} reads the table {mapped.table!r}, which `tables` does not list as mapped",
            where=document.where("entities", name, "table"),
            nearest=nearest(mapped.table, tables),
            next_step=f"add `{mapped.table}:` under `tables`",
        )
    for column, origin in columns.items():
        where = document.where("entities", name, "columns", column)
        if column not in entity.columns:
            raise ConfigError(
                f"{name} has no canonical column {column!r}",
                where=where,
                expected=", ".join(entity.columns),
                nearest=nearest(column, entity.columns),
            )
        _check_origin(where, f"{name}.{column}", origin, entity, column)
        if origin.source:
            _refuse_secret(where, mapped.table, table, origin.source)
    for column in mapped.where:
        _refuse_secret(document.where("entities", name, "where", column), mapped.table, table, column)
    missing = [key for key in entity.columns if entity.columns[key].required and key not in columns]
    if missing:
        raise ConfigError(
            f"{name} lacks its required column {missing[0]!r}",
            where=document.where("entities", name, "columns"),
            expected=f"an origin for {', '.join(missing)}",
        )
    return EntityMapping(table=mapped.table, columns=columns, where=mapped.where)


def _check_origin(where: str, label: str, origin: ColumnMapping, entity: Entity, column: str) -> None:
    spec = entity.columns[column]
    if spec.type is not ColumnType.ENUM:
        if origin.values or origin.default:
            raise ConfigError(f"{label} is not an enum, so it takes no values or default", where=where)
        return
    targets = [*(origin.values or {}).values()]
    targets += [target for target in (origin.constant, origin.default) if target is not None]
    for target in targets:
        if target not in spec.values:
            raise ConfigError(
                f"{label} has no value {target!r}",
                where=where,
                expected=", ".join(spec.values),
                nearest=nearest(target, spec.values),
            )


def _refuse_secret(where: str, table_name: str, table: TableMapping, column: str) -> None:
    if column in table.secret or column in table.ignored or looks_secret(column):
        raise ConfigError(
            f"{table_name}.{column} is secret or ignored, or is named like a secret: it cannot be landed",
            where=where,
            expected="a column that is neither",
            next_step=f"list it under `tables.{table_name}.secret` and leave it out of the entity",
        )
