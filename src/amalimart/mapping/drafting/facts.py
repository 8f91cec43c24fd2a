"""What is known about the tables of a source before anybody has mapped them. Values only; reads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a column holds, whatever the source calls its type: of text, what its values look like."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TEXT = "text"
    STRUCTURE = "structure"


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One column.

    type    the source's own name of it, as the catalog has it
    unique  whether no two rows share a value, by a constraint, or as far as was looked in a file
    values  value -> rows among those looked at, where there are few; a declared enum's all, 0 for those
            not met. Empty where there are many, or where the column's name told not to look
    format  how a day or moment is written as text, where the product would not read it without being told
    doubtful_format  whether day and month could as well be the other way round in all that was seen
    """

    name: str
    type: str
    kind: Kind
    nullable: bool = True
    unique: bool = False
    values: Mapping[str, int] = field(default_factory=dict)
    format: str | None = None
    doubtful_format: bool = False


@dataclass(frozen=True, slots=True)
class ReferenceFacts:
    """A foreign key of one column, declared or (in files) seen in the values."""

    column: str
    table: str
    to_column: str


@dataclass(frozen=True, slots=True)
class TableFacts:
    """One table.

    rows        as many as it is believed to have; None if unknown
    sampled     rows whose values were looked at
    followable  whether its changes can be found; those of a view cannot
    """

    name: str
    columns: tuple[ColumnFacts, ...]
    primary_key: tuple[str, ...] = ()
    references: tuple[ReferenceFacts, ...] = ()
    rows: int | None = None
    sampled: int = 0
    followable: bool = True

    def column(self, name: str) -> ColumnFacts | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)

    def reference(self, column: str) -> ReferenceFacts | None:
        """Where a column refers to."""
        return next((reference for reference in self.references if reference.column == column), None)
