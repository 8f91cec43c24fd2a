"""A place where files are dropped, as a source. Which name is which table stands in drops.py."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from amalimart.core.clock import Clock, SystemClock
from amalimart.core.errors import DamagedLake, SourceError, SourceUnreachable
from amalimart.lake import BatchWriter, Operation, Transaction
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.files.drops import LEDGER_TABLE, DroppedFile
from amalimart.sources.files.kept_rows import KeptRows
from amalimart.sources.files.ledger import LEDGER_SCHEMA, Known, Ledger, TakenFile, as_rows, taken
from amalimart.sources.files.looking import OF_ONE_TABLE, Look, Looker, is_gone
from amalimart.sources.files.position import DropPlace, FilesPosition
from amalimart.sources.files.stored import Fetched, FileStore
from amalimart.sources.files.taking import GrowingTable, Taker
from amalimart.sources.landing import landed_columns
from amalimart.sources.port import Catalog, Position, Progress, Reading, Stopwatch

BATCH_BYTES = 256 * 1024 * 1024
BATCH_FILES = 20_000
_LEDGER_PIECE = 20_000


@dataclass
class _Budget:
    """How much one batch takes: what was read is committed now and then, and a stop loses little."""

    bytes: int
    files: int

    @property
    def is_spent(self) -> bool:
        return self.bytes <= 0 or self.files <= 0

    def spend(self, file: DroppedFile) -> None:
        self.bytes -= file.stored.bytes
        self.files -= 1


@dataclass
class _Round:
    """What one snapshot or poll has come to."""

    digests: dict[str, str]
    stamps: dict[str, str]
    grown: dict[str, GrowingTable] = field(default_factory=dict)
    replaced: dict[str, Mapping[str, int]] = field(default_factory=dict)
    newest: datetime | None = None
    written: bool = False

    def read(self, file: DroppedFile) -> None:
        """Note that a file's rows are in the batch."""
        self.written = True
        moment = file.stored.modified_at
        self.newest = moment if self.newest is None else max(moment, self.newest)


class FileDropSource:
    """Reads the CSV and Parquet files of one place.

    A table of one file is replaced when its content changes; of a table of many files, each content
    is taken once, whatever its name, and its rows are added. What is in the lake already is known by
    digest. Files stay as they are; one that is gone takes no row with it. A file that cannot be used
    keeps only its own table waiting, until it changes.
    """

    def __init__(self, store: FileStore, ledger: Ledger, clock: Clock | None = None) -> None:
        self._store = store
        self._ledger = ledger
        self._looker = Looker(store, ledger, clock or SystemClock())
        self._looked: tuple[Look, Catalog] | None = None
        self._hashed: dict[str, tuple[str, str]] = {}
        self._other_names: dict[str, TakenFile] = {}

    def close(self) -> None:
        """Let go of connections; a later call opens them again."""
        self._store.close()

    def catalog(self) -> Catalog:
        """Table -> column -> type (`text` for CSV). What follows in the same round sees the same files.

        Raises BrokenFile, SourceMismatch before the first commit; SourceUnreachable, SourceRefused.
        """
        position = FilesPosition.of(self._ledger.position())
        look = self._looker.look(position)
        self._looked = look, self._looker.columns(look, position)
        return self._looked[1]

    def set_aside(self) -> Mapping[str, SourceError]:
        """Tables that wait for a file to be corrected, and why; the others go on."""
        return self._looker.aside()

    def stale_tables(self, mapping: SourceMapping, position: Position | None) -> Collection[str]:
        """Mapped tables of one file with another content than the lake's, and those that have become many."""
        place = FilesPosition.of(position)
        look, _ = self._seen()
        stale = set()
        for table in mapping.landed:
            if table in look.whole and table not in look.young:
                if self._has_changed(look.whole[table], place):
                    stale.add(table)
            elif table in look.drops and table not in place.drops:
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
        look, catalog = self._seen()
        landed = landed_columns(mapping, catalog, without=mapping.landed.keys() - set(tables))
        place = FilesPosition.of(since)
        known = self._ledger.known()
        taker = Taker(writer)
        now = _Round(dict(place.digests), dict(place.stamps))
        budget = _Budget(BATCH_BYTES, BATCH_FILES)
        wanted = sorted(set(tables) & set(landed))
        for number, table in enumerate(wanted, 1):
            stopwatch = Stopwatch(progress, table, number=number, of=len(wanted), estimate=None)
            if table in look.whole:
                self._write_whole(look.whole[table], landed[table], writer, stopwatch, now)
                continue
            growing = GrowingTable(table, mapping, dict(catalog[table]), stopwatch)
            if known.counts.get(table):
                self._take_again(growing, look, known, taker, now)
            else:
                growing.columns = {}
                self._take_waiting(growing, look, known, taker, now, budget)
            if growing.entries:
                taker.finish()
                writer.write(table, (), Operation.UPSERT, schema=growing.schema())  # it has landed, if empty
                now.grown[table] = growing
                now.written = True
            now.digests.pop(table, None)
            now.stamps.pop(table, None)
            stopwatch.finish()
        taker.finish()
        if not now.written and since is None:
            raise self._reason(wanted)
        rewritten = {*now.grown, *(set(wanted) & known.counts.keys())}
        if rewritten:
            kept = (entry for entry in self._ledger.entries() if entry.table not in rewritten)
            self._write_ledger(writer, [*kept, *self._new_entries(now)])
        return self._reading(place, known, now, rewritten)

    def poll(
        self, mapping: SourceMapping, writer: BatchWriter, progress: Progress, *, since: Position
    ) -> Reading | None:
        """Add the files that came to tables of many files; None where none did.

        A changed file of a table of one is a stale table: its snapshot replaces it. A table whose next
        file cannot be used is set aside. Raises SourceUnreachable, where nothing could be added.
        """
        look, _ = self._seen()
        place = FilesPosition.of(since)
        known = self._ledger.known()
        self._check(place, known)
        taker = Taker(writer)
        now = _Round(dict(place.digests), dict(place.stamps))
        budget = _Budget(BATCH_BYTES, BATCH_FILES)
        wanted = [
            table
            for table, files in sorted(look.waiting.items())
            if files and table in mapping.landed and table in place.drops and table not in self.set_aside()
        ]
        for number, table in enumerate(wanted, 1):
            stopwatch = Stopwatch(progress, table, number=number, of=len(wanted), estimate=None)
            growing = GrowingTable(table, mapping, dict(place.drops[table].columns), stopwatch)
            self._take_waiting(growing, look, known, taker, now, budget)
            if growing.entries:
                now.grown[table] = growing
                stopwatch.finish()
        taker.finish()
        self._looked = None
        if not now.written:
            return None
        self._write_ledger(writer, self._new_entries(now))
        return self._reading(place, known, now, set())

    def _seen(self) -> tuple[Look, Catalog]:
        if self._looked is None:
            self.catalog()
        assert self._looked is not None  # noqa: S101 - the catalog has just been made
        return self._looked

    def _has_changed(self, file: DroppedFile, place: FilesPosition) -> bool:
        """Whether a file holds another content than the lake; read only where its stamp is a new one."""
        digest = place.digests.get(file.table)
        if digest is None:
            return True
        stamp = file.stored.stamp
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

    def _write_whole(
        self,
        file: DroppedFile,
        columns: tuple[str, ...],
        writer: BatchWriter,
        stopwatch: Stopwatch,
        now: _Round,
    ) -> None:
        where = self._store.where(file.path)
        try:
            with self._store.fetched(file.stored) as fetched:
                schema = file.format.schema(fetched.content, where, columns)
                rows = _checked(file, fetched, where, schema, stopwatch)
                entry = taken(file, fetched.sha256, None)
                writer.write(
                    file.table,
                    rows,
                    Operation.SNAPSHOT,
                    schema=schema,
                    progress=stopwatch.add,
                    transaction=Transaction(entry.position, entry.modified_at),
                )
        except OF_ONE_TABLE as error:
            self._looker.set_aside(file.table, file, error)
            return
        now.digests[file.table] = fetched.sha256
        now.stamps[file.table] = file.stored.stamp
        if stopwatch.replaced:
            now.replaced[file.table] = dict(stopwatch.replaced)
        now.read(file)
        stopwatch.finish()

    def _take_waiting(
        self, growing: GrowingTable, look: Look, known: Known, taker: Taker, now: _Round, budget: _Budget
    ) -> None:
        """Take the files that wait, in order, until one cannot be used or the batch is large enough."""
        digests = set(known.digests.get(growing.table, ()))
        for file in look.waiting.get(growing.table, ()):
            if budget.is_spent:
                return
            other = self._other_names.get(file.path)
            if other is not None and other.stamp == file.stored.stamp:
                continue
            try:
                with self._store.fetched(file.stored) as fetched:
                    digest = bytes.fromhex(fetched.sha256)
                    if digest in digests:
                        self._other_names[file.path] = taken(file, fetched.sha256, None)
                        continue
                    taker.take(file, fetched, self._store.where(file.path), growing)
            except OF_ONE_TABLE as error:
                self._looker.set_aside(growing.table, file, error)
                return
            except SourceUnreachable as error:
                if is_gone(error):
                    continue
                if now.written:
                    return  # what was read is committed; the next round meets the trouble again
                raise
            digests.add(digest)
            budget.spend(file)
            now.read(file)

    def _take_again(self, growing: GrowingTable, look: Look, known: Known, taker: Taker, now: _Round) -> None:
        """Write every file that was taken once more, in the order of taking. All of them, or an error."""
        present = {
            known.names[file.path][1]: file
            for file in look.drops.get(growing.table, ())
            if known.is_known(file)
        }
        kept = KeptRows(growing.table, self._ledger.files_of(growing.table))
        for entry in self._ledger.entries():
            if entry.table != growing.table:
                continue
            file = present.get(entry.sha256)
            if entry.rows is None:
                growing.entries.append(entry)
            elif file is None or not self._take_present(entry, file, growing, taker):
                taker.copy(entry, kept, growing)
            else:
                now.read(file)

    def _take_present(self, entry: TakenFile, file: DroppedFile, growing: GrowingTable, taker: Taker) -> bool:
        """False where the file is no longer the one that was taken."""
        try:
            with self._store.fetched(file.stored) as fetched:
                if bytes.fromhex(fetched.sha256) != entry.sha256:
                    return False
                taker.take(file, fetched, self._store.where(file.path), growing)
        except OF_ONE_TABLE as error:
            self._looker.set_aside(growing.table, file, error)
            raise
        except SourceUnreachable as error:
            if is_gone(error):
                return False
            raise
        return True

    def _new_entries(self, now: _Round) -> list[TakenFile]:
        """What the ledger is to gain: the files taken now, and other names of contents taken before."""
        entries = [entry for growing in now.grown.values() for entry in growing.entries]
        return [*entries, *self._other_names.values()]

    def _write_ledger(self, writer: BatchWriter, entries: list[TakenFile]) -> None:
        pieces = (
            as_rows(entries[start : start + _LEDGER_PIECE]) for start in range(0, len(entries), _LEDGER_PIECE)
        )
        writer.write(LEDGER_TABLE, pieces, Operation.UPSERT, schema=LEDGER_SCHEMA)

    def _reading(self, place: FilesPosition, known: Known, now: _Round, rewritten: set[str]) -> Reading:
        drops = {table: one for table, one in place.drops.items() if table not in rewritten}
        for table, growing in now.grown.items():
            before = 0 if table in rewritten else known.counts.get(table, 0)
            taken_now = sum(entry.rows is not None for entry in growing.entries)
            drops[table] = DropPlace(before + taken_now, growing.columns)
            if growing.replaced:
                now.replaced[table] = growing.replaced
        position = FilesPosition(now.digests, now.stamps, drops)
        self._looked = None
        moments = [moment for moment in (now.newest, self._ledger.fresh_as_of()) if moment is not None]
        return Reading(position.as_json(now.replaced), max(moments, default=None))

    def _check(self, place: FilesPosition, known: Known) -> None:
        for table, one in place.drops.items():
            if known.counts.get(table, 0) != one.files:
                raise DamagedLake(
                    f"the lake says that {one.files} files of the table {table!r} were taken,"
                    f" and lists {known.counts.get(table, 0)}",
                    where=self._store.where(),
                    next_step="take a new snapshot of the source",
                )

    def _reason(self, tables: Iterable[str]) -> SourceError:
        """Why none of the tables could be written."""
        aside = self.set_aside()
        errors = [aside[table] for table in tables if table in aside]
        return errors[0] if errors else self._nothing_whole(tables)

    def _nothing_whole(self, tables: Iterable[str]) -> SourceError:
        return SourceUnreachable(
            f"no file of {', '.join(tables)} could be read yet",
            where=self._store.where(),
            next_step="wait until the files are whole, then run the command again",
        )


def _checked(
    file: DroppedFile, fetched: Fetched, where: str, schema: pa.Schema, stopwatch: Stopwatch
) -> Iterator[pa.RecordBatch]:
    """A file's rows; an error at their end where the content did not hold still."""
    yield from file.format.batches(fetched.content, where, schema, stopwatch.replace)
    fetched.check()
