"""What of a database is to be copied and published for a mapping, and what stands in the way of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.postgres.captured import read_captured
from amalimart.sources.postgres.preflight import (
    Server,
    is_reachable,
    left_out_findings,
    publication_findings,
    read_server,
    table_findings,
)
from amalimart.sources.postgres.publication import (
    Change,
    Publication,
    Published,
    change_for,
    published,
    read_publication,
)
from amalimart.sources.postgres.relations import Relation
from amalimart.sources.postgres.session import Session
from amalimart.sources.postgres.snapshotting import Asked
from amalimart.sources.postgres.stream_position import CapturedTable, Handover, StreamPosition
from amalimart.sources.preflight import Finding


@dataclass(frozen=True, slots=True)
class CaptureNames:
    """What is made in the database, and how.

    column_lists  forces a list of columns for every table of the publication, or for none
    """

    slot: str
    publication: str
    column_lists: bool | None


@dataclass(frozen=True, slots=True)
class CapturePlan:
    """What is to be copied and published.

    left_out  optional columns that are there, but out of reach
    """

    names: CaptureNames
    server: Server
    relations: Mapping[str, Relation]
    landed: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, Sequence[str]]
    publication: Publication | None
    wanted: Sequence[Published]
    change: Change

    @property
    def asked(self) -> list[Asked]:
        """The tables and columns to copy."""
        return [Asked(table, self.relations[table], columns) for table, columns in self.landed.items()]

    def captured(self, handover: Handover | None) -> Mapping[str, CapturedTable]:
        """What is known of the tables once they are copied; `handover` where a stream goes on beside them."""
        return {
            table: CapturedTable(
                self.relations[table].oid,
                self.relations[table].place,
                {column: self.relations[table].columns[column].type for column in columns},
                handover,
            )
            for table, columns in self.landed.items()
        }

    def findings(self, mapping: SourceMapping) -> Iterator[Finding]:
        """What stands in the way of following the tables, and what is worth knowing of them."""
        for one in self.wanted:
            yield from table_findings(self.server, one, mapping.key_columns(one.captured.table))
        yield from publication_findings(
            self.server, self.publication, self.names.publication, self.wanted, self.change
        )
        yield from left_out_findings(self.server, self.wanted, self.left_out)


def planned_capture(
    session: Session,
    mapping: SourceMapping,
    asked: set[str],
    names: CaptureNames,
    place: StreamPosition | None = None,
) -> CapturePlan:
    """What it takes to copy the asked tables; `place` knows those that are followed already.

    Raises SourceUnreachable, SourceRefused, SourceMismatch.
    """
    relations, landed = session.landed(mapping, without=mapping.landed.keys() - asked)
    with session.connected() as connection:
        server = read_server(connection, names.slot)
        publication = read_publication(connection, names.publication)
        captured = read_captured(connection, {table: relations[table].oid for table in landed})
        followed = place.tables if place else {}
        kept = {one.oid for one in captured.values()}
        kept |= {known.oid for table, known in followed.items() if table in mapping.landed}
        gone = set(publication.members if publication else ()) - kept
        obsolete = list(read_captured(connection, {str(oid): oid for oid in gone}).values())
    left_out = {
        table: [
            column
            for column in columns
            if (table, column) in mapping.optional and not is_reachable(captured[table], publication, column)
        ]
        for table, columns in landed.items()
    }
    landed = {
        table: tuple(column for column in columns if column not in left_out[table])
        for table, columns in landed.items()
    }
    wanted = [
        published(
            captured[table],
            columns,
            server.version,
            column_lists=bool(mapping.secrets(table)) if names.column_lists is None else names.column_lists,
        )
        for table, columns in landed.items()
    ]
    change = change_for(names.publication, publication, wanted, obsolete)
    return CapturePlan(names, server, relations, landed, left_out, publication, wanted, change)
