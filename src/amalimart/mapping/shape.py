"""The YAML shape of a mapping file: which keys there are and what each may hold.

Only what a file can say wrongly by itself is refused here; whether it fits the canonical entities is
`checking`'s, whether it fits a source is `catalog_check`'s.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from amalimart.config.short_forms import AlsoAs, ItsField, OneForMany, WordForNone
from amalimart.config.strict_yaml import StrictModel

NO_NAMESPACE = "none"
_ORIGINS = ("source", "constant", "join", "sql")


def _texts(given: Any) -> Any:
    """A list of texts; YAML reads an unquoted 7 as a number, which a person means as the text."""
    listed = given if isinstance(given, list | tuple) else [given]
    return tuple(
        str(each) if isinstance(each, int) and not isinstance(each, bool) else each for each in listed
    )


def _bound(given: Any) -> Any:
    if isinstance(given, bool) or not isinstance(given, int | float | date):
        raise ValueError(  # noqa: TRY004 - what pydantic turns into a complaint about the key
            "give a number or a day such as 2024-01-31, without quotes"
        )
    if isinstance(given, float) and not math.isfinite(given):
        raise ValueError("give a finite number")
    if isinstance(given, datetime) and given.tzinfo is not None:
        raise ValueError("give the time as it is in the mapping's time zone, without an offset")
    return given


def _one_line(given: Any) -> Any:
    return " ".join(given.splitlines()).strip() if isinstance(given, str) else given


Formula = Annotated[str, BeforeValidator(_one_line)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts), OneForMany(("integer",))]
Bound = Annotated[int | float | datetime | date, BeforeValidator(_bound)]


_ONE_OF = AlsoAs(("string", "integer", "array"))  # the list of `in` alone


class ColumnMapping(StrictModel):
    """Where one canonical column comes from: a column, several joined to one id, a formula, a constant.

    lookup     the lookup whose table the source column is of; None for the part's own table
    separator  the character between joined columns
    namespace  of an id: overrides what the mapping says of the entity referred to
    """

    source: str | None = Field(None, alias="from")
    lookup: str | None = None
    join: tuple[str, ...] | None = Field(None, min_length=2)
    separator: str = Field(":", alias="with", min_length=1, max_length=1)
    sql: Formula | None = None
    constant: str | None = None
    values: dict[str, str] | None = None
    default: str | None = None
    format: str | None = None
    optional: bool = False
    namespace: str | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnMapping:
        if sum(getattr(self, origin) is not None for origin in _ORIGINS) != 1:
            raise ValueError("give one of `from`, `join`, `sql` or `constant`")
        if self.lookup is not None and self.source is None:
            raise ValueError("`lookup` goes with `from`")
        if "separator" in self.model_fields_set and self.join is None:
            raise ValueError("`with` goes with `join`")
        if "\\" in self.separator:
            raise ValueError("`with` cannot be a backslash")
        return self


class Condition(StrictModel):
    """What one source column must be like for a row to be kept; everything stated must hold.

    one_of    one of these texts
    none_of   none of these texts; a row without a value is kept
    empty     whether the row has no value
    the rest  bounds; a row without a readable value is not kept
    """

    one_of: Texts | None = Field(None, alias="in", min_length=1)
    none_of: Texts | None = Field(None, alias="not", min_length=1)
    empty: bool | None = None
    above: Bound | None = None
    at_least: Bound | None = None
    below: Bound | None = None
    at_most: Bound | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Condition:
        if not self.model_fields_set:
            raise ValueError("give a list of values, or one of `not`, `empty`, `above`, `at_least`, `below`")
        return self


class RowFilter(StrictModel):
    """Which rows of a table are kept: conditions on columns, or a formula that must be true."""

    conditions: dict[str, Annotated[Condition, _ONE_OF]] = {}
    sql: Formula | None = None

    @field_validator("conditions", mode="before")
    @classmethod
    def _short_form(cls, conditions: Any) -> Any:
        if not isinstance(conditions, dict):
            return conditions
        return {
            column: spec if isinstance(spec, dict | Condition) else {"in": spec}
            for column, spec in conditions.items()
        }


class Deduplicate(StrictModel):
    """Which of several rows with one key stands for the key.

    by    the source column that orders them; without it the row that was written last counts as latest
    """

    keep: Literal["latest", "first"]
    by: str | None = None

    @model_validator(mode="after")
    def _first_of_what(self) -> Deduplicate:
        if self.keep == "first" and self.by is None:
            raise ValueError("`keep: first` needs `by`, the column that orders the rows")
        return self


class Lookup(StrictModel):
    """Another table of the source whose row is found by equal columns.

    match  own column -> the other table's column
    """

    table: str
    match: dict[str, str] = Field(min_length=1)
    deduplicate: Deduplicate | None = None


class PartMapping(StrictModel):
    """Which table (a part of) an entity comes from, which rows, and each column.

    namespace   put before the ids of the entity, so that they cannot be another part's
    precedence  declares that the ids of all parts are of one kind: of equal ids the lowest number stays
    """

    table: str
    columns: Annotated[
        dict[str, Annotated[ColumnMapping, AlsoAs(("string",))]] | None, WordForNone("same")
    ]  # None: the same names on both sides, all of them
    row_filter: Annotated[RowFilter, ItsField("conditions", ("string",))] = Field(RowFilter(), alias="where")
    deduplicate: Deduplicate | None = None
    lookup: dict[str, Lookup] = {}
    namespace: str | None = None
    precedence: int | None = Field(None, ge=1)

    @field_validator("columns", mode="before")
    @classmethod
    def _short_form(cls, columns: Any) -> Any:
        if columns == "same":
            return None
        if not isinstance(columns, dict):
            raise ValueError("give the canonical columns, or `same`")  # noqa: TRY004 - as above
        return {name: {"from": spec} if isinstance(spec, str) else spec for name, spec in columns.items()}

    @field_validator("row_filter", mode="before")
    @classmethod
    def _conditions_or_formula(cls, where: Any) -> Any:
        if isinstance(where, RowFilter):
            return where
        return {"sql": where} if isinstance(where, str) else {"conditions": where}


class Cursor(StrictModel):
    """How changed rows of a table are found: a time column that grows with every write, and the key."""

    column: str
    key: tuple[str, ...]


class TableMapping(StrictModel):
    """One source table: its names, its row key, and what happens to the columns that no entity uses.

    also      other names of the table; the first name that the source has is read
    key       the columns that tell one row from another
    optional  whether the source may lack the table
    """

    also: tuple[str, ...] = ()
    key: tuple[str, ...] | None = Field(None, min_length=1)
    optional: bool = False
    cursor: Cursor | None = None
    secret: tuple[str, ...] = ()
    ignored: dict[str, str] = {}
    unmapped: str | None = None

    @model_validator(mode="after")
    def _left_alone(self) -> TableMapping:
        if self.unmapped is not None and (self.also or self.optional or self.key or self.cursor):
            raise ValueError(
                "an `unmapped` table is left alone: it takes no `also`, `optional`, `key` or `cursor`"
            )
        return self


class MappingFile(StrictModel):
    """The whole file."""

    mapping: str
    description: str
    time_zone: str
    namespace: str | None = None
    tables: dict[str, TableMapping]
    entities: dict[str, Annotated[list[PartMapping], OneForMany()]]

    @field_validator("entities", mode="before")
    @classmethod
    def _one_part(cls, entities: Any) -> Any:
        if not isinstance(entities, dict):
            return entities
        return {name: parts if isinstance(parts, list) else [parts] for name, parts in entities.items()}
