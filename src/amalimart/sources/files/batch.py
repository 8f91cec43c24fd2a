"""One batch of a source of files: which files go into it, what the ledger gains, where it leaves the source.

A table whose file cannot be used is set aside and the batch goes on; what a network takes away ends
the batch early, and what was read until then is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import pyarrow as pa

from amalimart.core.errors import SourceUnreachable
from amalimart.lake import BatchWriter, Operation, Transaction
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.files.drops import LEDGER_TABLE, DroppedFile
from amalimart.sources.files.kept_rows import KeptRows
from amalimart.sources.files.ledger import LEDGER_SCHEMA, Ledger, TakenFile, as_rows, taken
from amalimart.sources.files.looking import OF_ONE_TABLE, Look, Looker, is_gone
from amalimart.sources.files.position import DropPlace, FilesPosition
from amalimart.sources.files.stored import Fetched, FileStore
from amalimart.sources.files.taking import GrowingTable, Taker
from amalimart.sources.port import Stopwatch

MOST_BYTES = 256 * 1024 * 1024
MOST_FILES = 20_000
_LEDGER_PIECE = 20_000


class FileBatch:
    """Reads files of one look into one open batch of the lake. Any method may raise SourceUnreachable.

    Of files that are only added it takes a bounded share, the rest is for the next batch: what was
    read is committed now and then, and a stop loses little.
    """

    def __init__(
        self,
        store: FileStore,
        looker: Looker,
        ledger: Ledger,
        mapping: SourceMapping,
        writer: BatchWriter,
        place: FilesPosition,
    ) -> None:
        self._store = store
        self._looker = looker
        self._ledger = ledger
        self._known = ledger.known()
        self._mapping = mapping
        self._writer = writer
        self._taker = Taker(writer)
        self._digests = dict(place.digests)
        self._stamps = dict(place.stamps)
        self._drops = dict(place.drops)
        self._replaced: dict[str, Mapping[str, int]] = {}
        self._new_entries: list[TakenFile] = []
        self._rewritten: set[str] = set()
        self._newest: datetime | None = None
        self._bytes_left, self._files_left = MOST_BYTES, MOST_FILES
        self.written = False

    def write_whole(self, file: DroppedFile, columns: tuple[str, ...], stopwatch: Stopwatch) -> None:
        """Replace a table of one file."""
        where = self._store.where(file.path)
        try:
            with self._store.fetched(file.stored) as fetched:
                schema = file.format.schema(fetched.content, where, columns)
                entry = taken(file, fetched.sha256, None)
                self._writer.write(
                    file.table,
                    _checked(file, fetched, where, schema, stopwatch),
                    Operation.SNAPSHOT,
                    schema=schema,
                    progress=stopwatch.add,
                    transaction=Transaction(entry.position, entry.modified_at),
                )
        except OF_ONE_TABLE as error:
            self._looker.set_aside(file.table, file, error)
            return
        except SourceUnreachable as error:
            if is_gone(error):
                return
            raise
        self._digests[file.table] = fetched.sha256
        self._stamps[file.table] = file.stored.stamp
        self._drops.pop(file.table, None)
        if file.table in self._known.counts:
            self._rewritten.add(file.table)  # its rows are replaced, so that its many files no longer are
        if stopwatch.replaced:
            self._replaced[file.table] = dict(stopwatch.replaced)
        self._read(file)
        stopwatch.finish()

    def write_drops(self, table: str, look: Look, columns: Mapping[str, str], stopwatch: Stopwatch) -> None:
        """Write a table of many files anew: all of them, if any was ever taken, else the first ones."""
        again = bool(self._known.counts.get(table))
        growing = GrowingTable(table, self._mapping, dict(columns) if again else {}, stopwatch)
        if again:
            self._take_again(growing, look)
        else:
            self._take_waiting(growing, look)
        if not growing.entries:
            return
        self._taker.finish()
        self._writer.write(table, (), Operation.UPSERT, schema=growing.schema())  # it has landed, if empty
        self._rewritten.add(table)
        self._digests.pop(table, None)
        self._stamps.pop(table, None)
        self._note(growing, before=0)

    def add_drops(self, table: str, look: Look, columns: Mapping[str, str], stopwatch: Stopwatch) -> None:
        """Add files that came to a table of many."""
        growing = GrowingTable(table, self._mapping, dict(columns), stopwatch)
        self._take_waiting(growing, look)
        if growing.entries:
            self._note(growing, before=self._known.counts.get(table, 0))

    def finish(self) -> tuple[FilesPosition, Mapping[str, Mapping[str, int]], datetime | None]:
        """Complete a batch that something was written to: its position, what became null, how fresh it is."""
        self._taker.finish()
        entries = [*self._new_entries, *self._looker.other_names()]
        if self._rewritten:
            kept = (entry for entry in self._ledger.entries() if entry.table not in self._rewritten)
            self._write_ledger([*kept, *entries])
        elif self._new_entries:
            self._write_ledger(entries)
        moments = [moment for moment in (self._newest, self._ledger.fresh_as_of()) if moment is not None]
        position = FilesPosition(self._digests, self._stamps, self._drops)
        return position, self._replaced, max(moments, default=None)

    def _take_waiting(self, growing: GrowingTable, look: Look) -> None:
        """Take the files that wait, in order, until one cannot be used or the batch is large enough."""
        digests = set(self._known.digests.get(growing.table, ()))
        for file in look.waiting.get(growing.table, ()):
            if self._bytes_left <= 0 or self._files_left <= 0:
                return
            try:
                with self._store.fetched(file.stored) as fetched:
                    digest = bytes.fromhex(fetched.sha256)
                    if digest in digests:
                        self._looker.note_other_name(taken(file, fetched.sha256, None))
                        continue
                    self._taker.take(file, fetched, self._store.where(file.path), growing)
            except OF_ONE_TABLE as error:
                self._looker.set_aside(growing.table, file, error)
                return
            except SourceUnreachable as error:
                if is_gone(error):
                    continue
                if self.written:
                    return  # what was read is committed; the next batch meets the trouble again
                raise
            digests.add(digest)
            self._bytes_left -= file.stored.bytes
            self._files_left -= 1
            self._read(file)

    def _take_again(self, growing: GrowingTable, look: Look) -> None:
        """Write every file that was taken once more, in the order of taking. All of them, or an error."""
        present = {
            self._known.names[file.path].sha256: file
            for file in look.drops.get(growing.table, ())
            if self._known.is_known(file)
        }
        kept = KeptRows(growing.table, self._ledger.files_of(growing.table))
        for entry in self._ledger.entries():
            if entry.table != growing.table:
                continue
            file = present.get(entry.sha256)
            if entry.rows is None:
                growing.entries.append(entry)
            elif file is None or not self._take_present(entry, file, growing):
                self._taker.copy(entry, kept, growing)
            self.written = True

    def _take_present(self, entry: TakenFile, file: DroppedFile, growing: GrowingTable) -> bool:
        """False where the file is no longer the one that was taken."""
        try:
            with self._store.fetched(file.stored) as fetched:
                if bytes.fromhex(fetched.sha256) != entry.sha256:
                    return False
                self._taker.take(file, fetched, self._store.where(file.path), growing)
        except OF_ONE_TABLE as error:
            self._looker.set_aside(growing.table, file, error)
            raise
        except SourceUnreachable as error:
            if is_gone(error):
                return False
            raise
        return True

    def _write_ledger(self, entries: list[TakenFile]) -> None:
        pieces = (
            as_rows(entries[start : start + _LEDGER_PIECE]) for start in range(0, len(entries), _LEDGER_PIECE)
        )
        self._writer.write(LEDGER_TABLE, pieces, Operation.UPSERT, schema=LEDGER_SCHEMA)

    def _note(self, growing: GrowingTable, *, before: int) -> None:
        count = sum(entry.rows is not None for entry in growing.entries)
        self._new_entries += growing.entries
        self._drops[growing.table] = DropPlace(before + count, growing.columns)
        if growing.replaced:
            self._replaced[growing.table] = growing.replaced
        growing.stopwatch.finish()

    def _read(self, file: DroppedFile) -> None:
        self.written = True
        moment = file.stored.modified_at
        self._newest = moment if self._newest is None else max(moment, self._newest)


def _checked(
    file: DroppedFile, fetched: Fetched, where: str, schema: pa.Schema, stopwatch: Stopwatch
) -> Iterator[pa.RecordBatch]:
    """A file's rows; an error at their end where the content did not hold still."""
    yield from file.format.batches(fetched.content, where, schema, stopwatch.replace)
    fetched.check()
