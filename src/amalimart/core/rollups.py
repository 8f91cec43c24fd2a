"""A rollup as values: what a table holds of another that was added up beforehand.

The semantic layer declares it, the warehouse builds it; neither knows the other's side.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from amalimart.core.calendar import Grain
from amalimart.core.names import TableRef

KEY = "rollup_key"
"""The column that names a row: made of its time and dimensions, missing ones too."""
ROWS = "row_count"
"""The column that says how many rows of the base a row stands for."""


class Stored(StrEnum):
    """How the values of one column of the base are kept; each may be taken together further."""

    COUNT = "count"
    SUM = "sum"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """One column of a rollup: a column of the base, and how it was taken together."""

    field: str
    how: Stored
    is_whole: bool = False  # a sum of whole numbers, else of exact decimals

    @property
    def name(self) -> str:
        """Its name in the rollup's table."""
        return f"{self.field}_{self.how.value}"


@dataclass(frozen=True, slots=True)
class RollupTable:
    """One row for each combination of a bucket of time and dimensions, all of them columns of the base.

    time      the base's date and the bucket it is kept by; None where the rollup has no time
    personal  the dimensions that hold personal data
    """

    name: str
    description: str
    owner: str
    base: TableRef
    time: tuple[str, Grain] | None
    dimensions: tuple[str, ...]
    stored: tuple[StoredColumn, ...]
    personal: frozenset[str] = frozenset()

    @property
    def table(self) -> TableRef:
        """Where it stands."""
        return TableRef(self.base.schema, f"rollup_{self.name}")

    @property
    def groups(self) -> tuple[str, ...]:
        """The columns by which it is grouped."""
        return (*((self.time[0],) if self.time else ()), *self.dimensions)

    @property
    def adds_up(self) -> bool:
        """Whether a change of the base can be added to what is there; an extreme that goes cannot."""
        return all(column.how in {Stored.COUNT, Stored.SUM} for column in self.stored)
