"""The connections to one PostgreSQL source, kept between calls, and what its catalog says.

Owns opening, sharing and closing; must not decide what is read or when.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import adbc_driver_manager
import psycopg

from amalimart.core.errors import SourceError, SourceMismatch
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.landing import landed_columns
from amalimart.sources.port import Catalog
from amalimart.sources.postgres.connection import Address
from amalimart.sources.postgres.reading import Moment, moment, read_activity, read_identity
from amalimart.sources.postgres.relations import Relation, read_relations
from amalimart.sources.postgres.visibility import Activity


class Session:
    """Two connections to one database, one for facts and one for rows. Not to be shared between threads."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._arrow: Any = None

    def relations(self) -> Mapping[str, Relation]:
        """Every relation by name. Raises SourceUnreachable, SourceRefused."""
        with self.connected() as connection:
            return read_relations(connection)

    def catalog(self) -> Catalog:
        """Table -> column -> type. Raises SourceUnreachable, SourceRefused."""
        return catalog_of(self.relations())

    def landed(
        self, mapping: SourceMapping, *, without: Collection[str] = ()
    ) -> tuple[Mapping[str, Relation], Mapping[str, tuple[str, ...]]]:
        """The relations there are, and the columns that leave each mapped one but those in `without`.

        Raises SourceMismatch where the mapping does not fit, or names a relation whose rows carry no
        version.
        """
        relations = self.relations()
        landed = landed_columns(mapping, catalog_of(relations), without=without)
        for table in landed:
            if not relations[table].has_row_versions:
                raise SourceMismatch(
                    f"{table!r} is a view or foreign table, whose changes cannot be found",
                    where=mapping.where,
                    expected="a table or a materialised view",
                    next_step="map the tables behind it",
                )
        return relations, landed

    def identity(self) -> str:
        """Cluster, timeline and database in one text."""
        with self.connected() as connection:
            return read_identity(connection)

    def activity(self) -> Activity:
        """What is open on the server now."""
        with self.connected() as connection:
            return read_activity(connection)

    @contextmanager
    def moment(self, exported: str | None = None) -> Iterator[Moment]:
        """One moment over both connections: now, or that of a snapshot which another session exported."""
        try:
            if self._arrow is None:
                self._arrow = self.address.connect_arrow()
            with moment(self.address, self._open(), self._arrow, exported) as now:
                yield now
        except BaseException:
            # Both connections are in the middle of something.
            self.close()
            raise

    @contextmanager
    def connected(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """The connection for facts, outside any transaction; errors come in our words."""
        try:
            connection = self._open()
            with self.address.errors():
                yield connection
        except SourceError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        connection, arrow = self._connection, self._arrow
        self._connection = self._arrow = None
        if connection is not None:
            connection.close()
        if arrow is not None:
            # A connection that died cannot say goodbye; it is as closed as it gets.
            with suppress(adbc_driver_manager.Error):
                arrow.close()

    def _open(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None:
            self._connection = self.address.connect()
        return self._connection


def catalog_of(relations: Mapping[str, Relation]) -> dict[str, dict[str, str]]:
    """Table -> column -> type."""
    return {
        name: {column.name: column.type for column in relation.columns.values()}
        for name, relation in relations.items()
    }
