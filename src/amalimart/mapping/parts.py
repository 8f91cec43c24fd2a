"""One checked part of an entity: the table it comes from, and which source columns it reads.

Columns are spelled out (`same` is gone), a column of a lookup says of which, and every id knows the
namespace it stands in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from amalimart.mapping.scalar_sql import scalar_sql
from amalimart.mapping.shape import ColumnMapping, Deduplicate, Lookup, RowFilter


@dataclass(frozen=True)
class EntityPart:
    """Rows of one table that become rows of one entity.

    number      the place among the entity's parts in the file, from 1
    namespaces  canonical id column -> what is put before its values
    where       file:line, for errors
    """

    entity: str
    number: int
    table: str
    columns: Mapping[str, ColumnMapping]
    row_filter: RowFilter
    deduplicate: Deduplicate | None
    lookups: Mapping[str, Lookup]
    precedence: int | None
    namespaces: Mapping[str, str]
    where: str

    @property
    def needed(self) -> Mapping[str, tuple[str, ...]]:
        """Table -> columns without which the part cannot be read, whatever its columns say."""
        needed: dict[str, dict[str, None]] = {self.table: dict.fromkeys(filter_columns(self.row_filter))}
        if self.deduplicate is not None and self.deduplicate.by is not None:
            needed[self.table][self.deduplicate.by] = None
        for lookup in self.lookups.values():
            needed[self.table].update(dict.fromkeys(lookup.match))
            other = needed.setdefault(lookup.table, {})
            other.update(dict.fromkeys(lookup.match.values()))
            if lookup.deduplicate is not None and lookup.deduplicate.by is not None:
                other[lookup.deduplicate.by] = None
        return {table: tuple(columns) for table, columns in needed.items()}

    def origins(self) -> Iterator[tuple[str, str, str]]:
        """(canonical column, table, source column) for every source column that a canonical one reads."""
        for canonical, origin in self.columns.items():
            for column in read_columns(origin):
                yield canonical, self.table_of(origin), column

    def table_of(self, origin: ColumnMapping) -> str:
        """The table whose columns an origin reads."""
        return self.table if origin.lookup is None else self.lookups[origin.lookup].table

    def own_columns(self, canonical: str) -> tuple[str, ...]:
        """The columns of the part's own table behind a canonical one."""
        origin = self.columns.get(canonical)
        return () if origin is None or origin.lookup is not None else read_columns(origin)


@dataclass(frozen=True)
class MappedEntity:
    """All parts of one entity, in the order of the file."""

    parts: tuple[EntityPart, ...]

    @property
    def table(self) -> str:
        """The table of the first part; most entities have one."""
        return self.parts[0].table


def read_columns(origin: ColumnMapping) -> tuple[str, ...]:
    """The source columns a canonical column is made from; none for a constant."""
    if origin.source is not None:
        return (origin.source,)
    if origin.join is not None:
        return origin.join
    return scalar_sql(origin.sql).columns if origin.sql is not None else ()


def filter_columns(row_filter: RowFilter) -> tuple[str, ...]:
    """The source columns a filter reads."""
    if row_filter.sql is not None:
        return scalar_sql(row_filter.sql).columns
    return tuple(row_filter.conditions)
