"""A published table looked at once, as every room speaks of it: plain values, none of a personal column."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What one column holds.

    is_exact           whether `distinct` was counted, or estimated to a few percent
    smallest, largest  as text; None of a personal column, and where there is no order
    unaccepted         rows whose value is not among those declared; None where none are declared
    orphans            rows that refer to nothing; None where nothing is declared, or it is not published
    references         what they should refer to
    """

    name: str
    type: str
    is_personal: bool
    nulls: int
    distinct: int
    is_exact: bool
    smallest: str | None = None
    largest: str | None = None
    unaccepted: int | None = None
    orphans: int | None = None
    references: str | None = None
    is_required: bool = False
    is_unique: bool = False


@dataclass(frozen=True, slots=True)
class TableProfile:
    """One table of one release."""

    table: str
    release_id: int
    rows: int
    columns: tuple[ColumnProfile, ...]
