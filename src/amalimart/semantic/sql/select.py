"""One SELECT while it is written, and the union of several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from amalimart.semantic.sql.expressions import Sql, all_of


@dataclass(slots=True)
class Select:
    """What is shown of which source, joined to what, under which conditions. Each method adds to it."""

    shown: Sequence[Sql]
    source: Sql | None = None
    is_distinct: bool = False
    _joins: list[str] = field(default_factory=list)
    _conditions: list[Sql] = field(default_factory=list)
    _groups: Sequence[Sql] = ()
    _order: Sequence[Sql] = ()
    _limit: Sql | None = None

    def read(self, source: Sql) -> Self:
        """Read a source."""
        self.source = source
        return self

    def left_join(self, source: Sql, on: Sql) -> Self:
        """Join a source, every row of what is there kept."""
        self._joins.append(f" LEFT JOIN {source} ON {on}")
        return self

    def cross_join(self, source: Sql) -> Self:
        """Join every row with every row of a source."""
        self._joins.append(f" CROSS JOIN {source}")
        return self

    def where(self, *conditions: Sql) -> Self:
        """Only rows for which these hold, too. What is joined by or must be in parentheses."""
        self._conditions += conditions
        return self

    def group_by(self, *groups: Sql) -> Self:
        """One row for each group."""
        self._groups = groups
        return self

    def group_by_first(self, count: int) -> Self:
        """One row for each combination of the first so many columns."""
        return self.group_by(*(Sql(str(number + 1)) for number in range(count)))

    def order_by(self, *order: Sql) -> Self:
        """In this order."""
        self._order = order
        return self

    def limit(self, most: Sql) -> Self:
        """At most so many rows."""
        self._limit = most
        return self

    @property
    def sql(self) -> Sql:
        """The statement."""
        parts = ["SELECT DISTINCT " if self.is_distinct else "SELECT ", ", ".join(self.shown)]
        if self.source is not None:
            parts += (" FROM ", self.source)
        parts += self._joins
        if self._conditions:
            parts += (" WHERE ", all_of(self._conditions))
        if self._groups:
            parts += (" GROUP BY ", ", ".join(self._groups))
        if self._order:
            parts += (" ORDER BY ", ", ".join(self._order))
        if self._limit is not None:
            parts += (" LIMIT ", self._limit)
        return Sql("".join(parts))

    @property
    def subquery(self) -> Sql:
        """The statement as an operand or a source."""
        return Sql(f"({self.sql})")


def union(parts: Iterable[Select]) -> Sql:
    """The rows of all of them, none left out."""
    return Sql(" UNION ALL ".join(part.sql for part in parts))


def ordered(value: Sql, *, is_descending: bool) -> Sql:
    """A term of an order. What is missing comes last, either way."""
    return Sql(f"{value} DESC" if is_descending else f"{value} ASC")
