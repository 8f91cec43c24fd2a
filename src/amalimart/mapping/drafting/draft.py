"""A draft: what every table and column of a source is proposed to be, with the confidence of each.

Whatever is not proposed is left out in words, so that a draft accounts for every table and column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PROPOSED = 0.6
"""From here on a guess is written as a line; below it stands in a comment."""
TO_BE_DECIDED = "to be decided"


@dataclass(frozen=True, slots=True)
class ColumnProposal:
    """One canonical column: from a source column or a constant.

    undecided  values the source writes whose meaning is not known, with the rows that were seen
    sql        the formula over `source` that is written, where it cannot be taken as it is
    proposed   whether it is a line of the mapping; else it stands in a comment
    """

    canonical: str
    source: str | None
    constant: str | None
    confidence: float
    why: str
    values: Mapping[str, str] | None = None
    undecided: Mapping[str, int] | None = None
    format: str | None = None
    sql: str | None = None
    proposed: bool = True


@dataclass(frozen=True, slots=True)
class EntityProposal:
    """One entity from one table.

    lacking       required columns that keep it a comment
    keeps_latest  whether several rows of the table may be one of the entity, of which the latest stays
    """

    entity: str
    table: str
    confidence: float
    why: str
    columns: tuple[ColumnProposal, ...]
    lacking: tuple[str, ...] = ()
    keeps_latest: bool = False

    @property
    def proposed(self) -> bool:
        """Whether it is part of the mapping."""
        return not self.lacking and self.confidence >= PROPOSED


@dataclass(frozen=True, slots=True)
class TableProposal:
    """What happens to one table besides its entities: how changes are found, and what stays behind."""

    table: str
    cursor: str | None
    key: tuple[str, ...]
    secret: tuple[str, ...]
    ignored: Mapping[str, str]
    unmapped: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A whole proposal. `unwritable` names tables whose names no mapping can hold."""

    name: str
    description: str
    time_zone: str
    tables: tuple[TableProposal, ...]
    entities: tuple[EntityProposal, ...]
    unwritable: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "mapping": self.name,
            "time_zone": self.time_zone,
            "entities": [
                {
                    "entity": entity.entity,
                    "table": entity.table,
                    "confidence": entity.confidence,
                    "why": entity.why,
                    "proposed": entity.proposed,
                    "lacking": list(entity.lacking),
                    "keeps_latest": entity.keeps_latest,
                    "columns": [_column_dict(column) for column in entity.columns],
                }
                for entity in self.entities
            ],
            "tables": [
                {
                    "table": table.table,
                    "unmapped": table.unmapped,
                    "secret": list(table.secret),
                    "ignored": dict(table.ignored),
                }
                for table in self.tables
            ],
            "unwritable": list(self.unwritable),
        }


def _column_dict(column: ColumnProposal) -> dict[str, Any]:
    return {
        "canonical": column.canonical,
        "source": column.source,
        "constant": column.constant,
        "confidence": column.confidence,
        "why": column.why,
        "proposed": column.proposed,
        "values": dict(column.values) if column.values is not None else None,
        "undecided_values": dict(column.undecided or {}),
        "format": column.format,
        "sql": column.sql,
    }
