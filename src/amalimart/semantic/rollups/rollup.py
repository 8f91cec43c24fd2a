"""A declared rollup, as the planner reads it in place of its dataset."""

from __future__ import annotations

from dataclasses import dataclass

from amalimart.core.calendar import Grain
from amalimart.core.names import TableRef
from amalimart.core.rollups import RollupTable, Stored


@dataclass(frozen=True, slots=True)
class Rollup:
    """One rollup of one dataset, whose key is `key`."""

    dataset: str
    key: str
    made: RollupTable

    @property
    def name(self) -> str:
        """Its name."""
        return self.made.name

    @property
    def table(self) -> TableRef:
        """Where it stands."""
        return self.made.table

    @property
    def time(self) -> str | None:
        """The date of the dataset that it is kept by."""
        return self.made.time[0] if self.made.time else None

    @property
    def grain(self) -> Grain | None:
        """The bucket of that date."""
        return self.made.time[1] if self.made.time else None

    @property
    def exact(self) -> frozenset[str]:
        """The columns of the dataset whose values it holds as they are: what it may be filtered by."""
        by_day = {self.time} if self.time is not None and self.grain is Grain.DAY else set()
        return frozenset({*self.made.dimensions, *by_day})

    def column(self, field: str, how: Stored) -> str | None:
        """The column in which a field is kept so; None where it is not."""
        return next((each.name for each in self.made.stored if (each.field, each.how) == (field, how)), None)

    def read_from(self, column: str) -> str:
        """The column of the dataset that one of its own tells of: who may read that may read this."""
        return next((each.field for each in self.made.stored if each.name == column), column)
