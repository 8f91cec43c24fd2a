"""A place where files are dropped, as a source. Which name is which table stands in drops.py."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from amalimart.core.clock import Clock, SystemClock
from amalimart.core.errors import DamagedLake, SourceError, SourceUnreachable
from amalimart.lake import BatchWriter
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.files.batch import FileBatch
from amalimart.sources.files.drops import DroppedFile
from amalimart.sources.files.ledger import Ledger
from amalimart.sources.files.looking import OF_ONE_TABLE, Look, Looker, is_gone
from amalimart.sources.files.position import FilesPosition
from amalimart.sources.files.stored import FileStore
from amalimart.sources.landing import landed_columns
from amalimart.sources.port import Catalog, Position, Progress, Reading, Stopwatch, aside_reasons


class FileDropSource:
    """Reads the CSV and Parquet files of one place.

    A table of one file is replaced when its content changes; of a table of many files, each content
    is taken once, whatever its name, and its rows are added. Files stay as they are; one that is gone
    takes no row with it. A file that cannot be used keeps only its own table waiting, until it changes.
    """

    def __init__(self, store: FileStore, ledger: Ledger, clock: Clock | None = None) -> None:
        self._store = store
        self._ledger = ledger
        self._looker = Looker(store, ledger, clock or SystemClock())
        self._seen: tuple[Look, Catalog] | None = None
        self._hashed: dict[str, tuple[str, str]] = {}

    def close(self) -> None:
        """Let go of connections; a later call opens them again."""
        self._store.close()

    def catalog(self) -> Catalog:
        """Table -> column -> type (`text` for CSV). What follows in the same round sees the same files.

        Raises BrokenFile, SourceMismatch before the first commit; SourceUnreachable, SourceRefused.
        """
        position = FilesPosition.of(self._ledger.position())
        look = self._looker.look(position)
        self._seen = look, self._looker.columns(look, position)
        return self._seen[1]

    def set_aside(self) -> Mapping[str, SourceError]:
        """Tables that wait for a file to be corrected, and why; the others go on."""
        return self._looker.aside()

    def adding_columns(self) -> Mapping[str, Collection[str]]:
        """The tables of many files that have landed, with the columns of all their files."""
        place = FilesPosition.of(self._ledger.position())
        _, catalog = self._now()
        return {table: set(catalog[table]) for table in place.drops if table in catalog}

    def stale_tables(self, mapping: SourceMapping, position: Position | None) -> Collection[str]:
        """Mapped tables of one file with another content than the lake's, and some of many files.

        Those of which none was taken yet, or not with every column that the mapping asks for.
        """
        place = FilesPosition.of(position)
        look, _ = self._now()
        stale = set()
        for table in mapping.landed:
            if table in look.whole and table not in look.young:
                if self._has_changed(look.whole[table], place):
                    stale.add(table)
            elif table in place.drops:
                unread = set(place.drops[table].columns) - set(self._ledger.columns(table))
                if unread & set(mapping.landed[table]):
                    stale.add(table)  # the mapping asks for more of files that were taken
            elif table in look.drops:
                stale.add(table)
        return stale - self.set_aside().keys()

    def snapshot(
        self,
        mapping: SourceMapping,
        writer: BatchWriter,
        progress: Progress,
        *,
        tables: Collection[str],
        since: Position | None,
    ) -> Reading:
        """Write the given tables anew.

        Of a table of many files that has landed before, every file that was ever taken is written
        again, from the lake where it is gone. A table that cannot be written is set aside; where it is
        the source's first snapshot and not one can be, that is an error: BrokenFile, SourceMismatch,
        SourceRefused. Raises SourceUnreachable.
        """
        look, catalog = self._now()
        landed = landed_columns(mapping, catalog, without=mapping.landed.keys() - set(tables))
        batch = self._batch(mapping, writer, since)
        for number, table in enumerate(sorted(landed), 1):
            stopwatch = Stopwatch(progress, table, number=number, of=len(landed), estimate=None)
            if table in look.whole:
                batch.write_whole(look.whole[table], landed[table], stopwatch)
            else:
                batch.write_drops(table, look, catalog[table], stopwatch)
        if not batch.written and since is None:
            raise self._reason(landed)
        return self._reading(mapping, batch)

    def poll(
        self, mapping: SourceMapping, writer: BatchWriter, progress: Progress, *, since: Position
    ) -> Reading | None:
        """Add the files that came to tables of many files; None where none did.

        A changed file of a table of one is a stale table: its snapshot replaces it. A table whose next
        file cannot be used is set aside. Raises SourceUnreachable where nothing could be added.
        """
        look, _ = self._now()
        place = FilesPosition.of(since)
        self._check(place)
        waiting = [
            table
            for table, files in sorted(look.waiting.items())
            if files and table in mapping.landed and table in place.drops and table not in self.set_aside()
        ]
        batch = self._batch(mapping, writer, since) if waiting else None
        for number, table in enumerate(waiting, 1):
            stopwatch = Stopwatch(progress, table, number=number, of=len(waiting), estimate=None)
            assert batch is not None  # noqa: S101 - made where something waits
            batch.add_drops(table, look, place.drops[table].columns, stopwatch)
        if batch is not None and batch.written:
            return self._reading(mapping, batch)
        self._seen = None
        return None

    def _now(self) -> tuple[Look, Catalog]:
        if self._seen is None:
            self.catalog()
        assert self._seen is not None  # noqa: S101 - the catalog has just been made
        return self._seen

    def _batch(self, mapping: SourceMapping, writer: BatchWriter, since: Position | None) -> FileBatch:
        place = FilesPosition.of(since)
        return FileBatch(self._store, self._looker, self._ledger, mapping, writer, place)

    def _reading(self, mapping: SourceMapping, batch: FileBatch) -> Reading:
        position, replaced, fresh_as_of = batch.finish()
        self._seen = None
        return Reading(position.as_json(replaced, aside_reasons(self, mapping)), fresh_as_of)

    def _has_changed(self, file: DroppedFile, place: FilesPosition) -> bool:
        """Whether a file holds another content than the lake; read only where its stamp is a new one."""
        digest, stamp = place.digests.get(file.table), file.stored.stamp
        if digest is None:
            return True
        if place.stamps.get(file.table) == stamp:
            return False
        if self._hashed.get(file.path, ("", ""))[0] != stamp:
            try:
                with self._store.fetched(file.stored) as fetched:
                    self._hashed[file.path] = (stamp, fetched.sha256)
            except OF_ONE_TABLE as error:
                self._looker.set_aside(file.table, file, error)
                return False
            except SourceUnreachable as error:
                if is_gone(error):
                    return False
                raise
        return self._hashed[file.path][1] != digest

    def _check(self, place: FilesPosition) -> None:
        """Raises DamagedLake where the ledger is not the one that the position was written with."""
        counts = self._ledger.known().counts
        for table, one in place.drops.items():
            if counts.get(table, 0) != one.files:
                raise DamagedLake(
                    f"{one.files} files of the table {table!r} were taken, and the lake lists"
                    f" {counts.get(table, 0)}",
                    where=self._store.where(),
                    next_step="restore the source's folder of the lake, or remove it and ingest again",
                )

    def _reason(self, tables: Collection[str]) -> SourceError:
        """Why none of the tables could be written."""
        aside = self.set_aside()
        errors = [error for table, error in aside.items() if table in tables]
        return (
            errors[0]
            if errors
            else SourceUnreachable(
                f"no file of {', '.join(sorted(tables))} could be read yet",
                where=self._store.where(),
                next_step="wait until the files are whole, then run the command again",
            )
        )
