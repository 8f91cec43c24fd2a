"""What staging models are made from, and how a mapping's names and texts are written into SQL.

A landed table becomes one model of its current rows; each part of an entity reads the current rows of
its table, and of the tables it looks up. Texts from a mapping are data here: names are quoted, values
escaped, template braces refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from amalimart.core.errors import ConfigError
from amalimart.core.names import quoted
from amalimart.mapping.entities import Entity
from amalimart.mapping.parts import EntityPart
from amalimart.warehouse.staging.moments import text_literal

DUPLICATE = "duplicate"
"""The `_op` of a current row that the same snapshot holds again further on."""


@dataclass(frozen=True, slots=True)
class StagedTable:
    """One landed table.

    relation  the dbt source call or relation that holds the landed rows
    model     name of the model of its current rows
    rows      the dbt reference or relation of that model
    key       columns that tell one row from another
    columns   mapped columns that have landed, in a stable order
    types     landed column -> engine type name, lower case; also of the lake's own columns
    personal  columns that a personal canonical column is made from
    """

    source: str
    table: str
    relation: str
    model: str
    rows: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    types: Mapping[str, str]
    personal: frozenset[str] = frozenset()

    @property
    def tells_unchanged(self) -> bool:
        """Whether rows may say that they do not repeat a column."""
        return "_unchanged" in self.types


@dataclass(frozen=True, slots=True)
class StagedPart:
    """One part of one entity.

    model          name of the model that stages it
    source_zone    zone of timestamps that carry none
    business_zone  zone of every canonical timestamp
    """

    entity: Entity
    part: EntityPart
    table: StagedTable
    lookups: Mapping[str, StagedTable]
    model: str
    source_zone: str
    business_zone: str

    @property
    def name(self) -> str:
        """The entity's name."""
        return self.part.entity


def rows_model(source: str, table: str) -> str:
    """A model name for a table of any name; different tables have different ones."""
    plain = re.sub(r"[^a-z0-9_]", "_", table.lower())
    if plain == table and len(table) <= 60:
        return f"rows_{source}__{table}"
    digest = hashlib.sha256(table.encode()).hexdigest()[:8]
    return f"rows_{source}__{plain[:50]}_{digest}"


def inert(text: str) -> str:
    """The text itself. Raises ConfigError for one that the template language would read."""
    if "{{" in text or "{%" in text or "{#" in text:
        raise ConfigError(f"a mapping value holds a template brace: {text!r}", expected="plain text")
    return text


def literal(text: str) -> str:
    """A SQL string literal that is also inert to the template language. Raises ConfigError."""
    return text_literal(inert(text))


def column_name(name: str) -> str:
    """A source column as a quoted name. Raises ConfigError for one with a brace."""
    if "{" in name or "}" in name:
        raise ConfigError(f"a source column name holds a brace: {name!r}", expected="a plain name")
    return quoted(name)


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, made longer until no column has it in any case."""
    folded = {other.lower() for other in taken}
    while name in folded:
        name += "_"
    return name


def refuse_twins(table: StagedTable) -> None:
    """Raises ConfigError for a mapped column that another landed one differs from in case only."""
    spelled: dict[str, str] = {}
    for column in table.types:
        other = spelled.setdefault(column.lower(), column)
        if other != column and {other, column} & set(table.columns):
            raise ConfigError(
                f"{table.table} has the columns {other!r} and {column!r}, which differ in case only",
                expected="landed columns that the engine can tell apart",
                next_step="map one of them",
            )


def header(detail: str, *, grain: str, personal: Collection[str], view_in: str | None = None) -> str:
    """The opening of a generated model: its comment and, for a view, the schema it stands in."""
    config = f"{{{{ config(materialized='view', schema='{view_in}') }}}}\n" if view_in else ""
    return (
        f"-- {detail}\n"
        f"-- grain: {grain}\n"
        "-- owner: data platform\n"
        f"-- personal data: {', '.join(sorted(personal)) or 'none'}\n"
        f"-- kind: {'view' if view_in else 'change-driven'}\n{config}"
    )
