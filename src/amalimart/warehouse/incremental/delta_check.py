"""The form of a check over changed rows, as plain values made when the project is compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from amalimart.warehouse.incremental.recipe import Part, read_part


@dataclass(frozen=True, slots=True)
class Piece:
    """One way in which changed rows may break a check.

    sql      selects the rows that break it
    parent   unique id of the relation of which only a change can break it so; empty: any that the check reads
    rows     a query of rows of which an aggregate, `counted`, tells the same number as `sql` has rows; many
             such numbers are asked of the same rows at once
    counted  empty where `sql` has to be run
    keys     a query: where it selects nothing, nothing breaks the check so; empty where that is not known
    """

    sql: str
    parent: str = ""
    rows: str = ""
    counted: str = ""
    keys: str = ""


@dataclass(frozen=True, slots=True)
class ChangedValues:
    """The values by which rows of several relations are compared, as far as they changed.

    name  a temporary table with one column, `_value`
    of    unique id of a relation -> the query of its changed values
    """

    name: str
    of: Mapping[str, str]

    def sql(self, has_changed: Callable[[str], bool]) -> str:
        """The values of the relations that changed; one of them has."""
        return " union ".join(sql for parent, sql in self.of.items() if has_changed(parent))


@dataclass(frozen=True, slots=True)
class DeltaCheck:
    """The form of a check over changed rows.

    parents   unique ids of those whose change sets it reads; due when one of them has changed
    values    what is kept first
    parts     what is kept next
    all_rows  a query of all rows that it is about, where the aggregate of its one piece over them gives the
              verdict of the whole check; empty where it does not
    """

    parents: tuple[str, ...]
    pieces: tuple[Piece, ...]
    values: ChangedValues | None = None
    parts: tuple[Part, ...] = ()
    all_rows: str = ""

    def due(self, has_changed: Callable[[str], bool]) -> tuple[Piece, ...]:
        """The pieces that have to be looked at."""
        if not any(map(has_changed, self.parents)):
            return ()
        return tuple(piece for piece in self.pieces if not piece.parent or has_changed(piece.parent))

    def as_dict(self) -> dict[str, Any]:
        """The form in which it is kept in a file."""
        return asdict(self)


def read_delta_check(kept: Mapping[str, Any]) -> DeltaCheck:
    """A delta form from its kept form."""
    values = kept["values"]
    return DeltaCheck(
        parents=tuple(kept["parents"]),
        pieces=tuple(Piece(**piece) for piece in kept["pieces"]),
        values=ChangedValues(**values) if values else None,
        parts=tuple(map(read_part, kept["parts"])),
        all_rows=kept["all_rows"],
    )
