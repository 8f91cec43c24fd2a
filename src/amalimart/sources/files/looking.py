"""Looking at a place where files are dropped: which tables there are, which columns, what waits.

Reads names and headers only. Holds, between two looks, which files could not be used and why; such a
file is not opened again before it changes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from amalimart.core.clock import Clock
from amalimart.core.errors import BrokenFile, SourceError, SourceMismatch, SourceRefused, SourceUnreachable
from amalimart.core.object_store import ObjectStoreError, Trouble
from amalimart.sources.files.drops import QUIET, Dropped, DroppedFile, dropped, is_quiet
from amalimart.sources.files.ledger import Ledger, TakenFile
from amalimart.sources.files.position import FilesPosition
from amalimart.sources.files.stored import FileStore

OF_ONE_TABLE = (BrokenFile, SourceMismatch, SourceRefused)
"""What is wrong with a file is its table's trouble; the other tables go on."""

_LONG_LISTING = 0.5
_REST = 10.0


@dataclass(frozen=True, slots=True)
class Look:
    """A place at one moment.

    whole     table -> its one file
    drops     table -> its many files, in order
    young     tables of one file that its writer may still be at
    waiting   table -> those of its many files that no name in the ledger stands for, in order
    """

    whole: Mapping[str, DroppedFile]
    drops: Mapping[str, tuple[DroppedFile, ...]]
    young: frozenset[str]
    waiting: Mapping[str, tuple[DroppedFile, ...]]


@dataclass(frozen=True, slots=True)
class _Aside:
    file: DroppedFile | None
    error: SourceError


class Looker:
    """Looks at one place. Not to be shared between threads."""

    def __init__(self, store: FileStore, ledger: Ledger, clock: Clock) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._aside: dict[str, _Aside] = {}
        self._columns: dict[str, tuple[str, Mapping[str, str]]] = {}
        self._other_names: dict[str, TakenFile] = {}
        self._looked = False
        self._listed: Dropped | None = None
        self._listed_at = self._listing_took = 0.0

    def look(self, position: FilesPosition) -> Look:
        """The place now. Raises SourceUnreachable, SourceRefused.

        A file touched within the last second is left for a later look. Whoever looks but once must not
        miss it, and a table that has never landed cannot be left out: the first look, and one that
        finds such a table, waits for that second.
        """
        found, landed = self._listing(), {*position.digests, *position.drops}
        first, self._looked = not self._looked, True
        unsettled = self._unsettled(found)
        if (first and self._any_young(found)) or unsettled.keys() - landed:
            time.sleep(QUIET.total_seconds() + 0.05)
            found = self._listing(anew=True)
            unsettled = self._unsettled(found)
        self._forget_changed(found)
        for table, error in found.refused.items():
            self._aside[table] = _Aside(None, error)
        for table, file in unsettled.items():
            if first or table not in landed:
                self._aside[table] = _Aside(None, self._still_written(file))
        known = self._ledger.known()
        self._other_names = {
            path: entry for path, entry in self._other_names.items() if known.names.get(path) != entry.named
        }
        return Look(
            whole=found.whole,
            drops=found.drops,
            young=frozenset(unsettled.keys() & found.whole.keys()),
            waiting={
                table: tuple(
                    file
                    for file in files
                    if not known.is_known(file) and not self._is_other_name(file) and self._is_quiet(file)
                )
                for table, files in found.drops.items()
            },
        )

    def columns(self, look: Look, position: FilesPosition) -> dict[str, dict[str, str]]:
        """Table -> column -> type: of every table that is there or was.

        Of many files that wait the first and the last are looked into. A table whose file cannot be
        used keeps the columns it had; before the source's first commit that is an error: BrokenFile,
        SourceMismatch, SourceRefused, SourceUnreachable.
        """
        found: dict[str, dict[str, str]] = {}
        for table, file in look.whole.items():
            own = None if table in look.young or table in self._aside else self._of_file(file)
            found[table] = dict(own or self._of_before(table, file))
        for table in {*look.drops, *position.drops}:
            place = position.drops.get(table)
            found[table] = dict(place.columns) if place else {}
            waiting = () if table in self._aside else look.waiting.get(table, ())
            for file in dict.fromkeys([*waiting[:1], *waiting[-1:]]):
                for column, kind in (self._of_file(file) or {}).items():
                    found[table].setdefault(column, kind)
        used = {file.path for file in [*look.whole.values(), *(f for w in look.waiting.values() for f in w)]}
        self._columns = {path: seen for path, seen in self._columns.items() if path in used}
        self._raise_unless_landed(found)
        return {table: columns for table, columns in sorted(found.items()) if columns}

    def set_aside(self, table: str, file: DroppedFile | None, error: SourceError) -> None:
        """Leave a table alone until the file has changed; without a file, until the next look."""
        self._aside[table] = _Aside(None if isinstance(error, SourceRefused) else file, error)

    def aside(self) -> Mapping[str, SourceError]:
        """Tables that are left alone, and why."""
        return {table: aside.error for table, aside in sorted(self._aside.items())}

    def note_other_name(self, entry: TakenFile) -> None:
        """Remember that a file is another name of a content that was taken; no row of it is taken again.

        A commit is not made for that alone: the ledger gains it with the next one.
        """
        self._other_names[entry.path] = entry

    def other_names(self) -> tuple[TakenFile, ...]:
        """Names that the ledger does not have yet."""
        return tuple(self._other_names.values())

    def _is_other_name(self, file: DroppedFile) -> bool:
        entry = self._other_names.get(file.path)
        return entry is not None and entry.stamp == file.stored.stamp

    def _listing(self, *, anew: bool = False) -> Dropped:
        """What is there, asked for during a tenth of the time at most where that takes long."""
        long = self._listing_took > _LONG_LISTING
        if self._listed is None or anew or not long or self._rested():
            started = time.monotonic()
            self._listed = dropped(self._store.files(), self._store.where())
            self._listed_at = time.monotonic()
            self._listing_took = self._listed_at - started
        return self._listed

    def _rested(self) -> bool:
        return time.monotonic() - self._listed_at > _REST * self._listing_took

    def _is_quiet(self, file: DroppedFile) -> bool:
        return self._store.arrives_whole or is_quiet(file.stored, self._clock.now())

    def _any_young(self, found: Dropped) -> bool:
        files = chain(found.whole.values(), *found.drops.values())
        return any(not self._is_quiet(file) for file in files)

    def _unsettled(self, found: Dropped) -> dict[str, DroppedFile]:
        """Tables none of whose files has been left alone for long enough, with one of them."""
        tables = {table: (file,) for table, file in found.whole.items()} | dict(found.drops)
        return {
            table: files[0]
            for table, files in tables.items()
            if not any(self._is_quiet(file) for file in files)
        }

    def _forget_changed(self, found: Dropped) -> None:
        now = {file.path: file.stored.stamp for files in found.drops.values() for file in files}
        now |= {file.path: file.stored.stamp for file in found.whole.values()}
        self._aside = {
            table: aside
            for table, aside in self._aside.items()
            if aside.file is not None and now.get(aside.file.path) == aside.file.stored.stamp
        }

    def _of_file(self, file: DroppedFile) -> Mapping[str, str] | None:
        """A file's columns; None where it cannot be used, which is then noted, or is gone."""
        stamp, columns = self._columns.get(file.path, ("", {}))
        if stamp == file.stored.stamp:
            return columns
        try:
            with self._store.opened(file.stored) as content:
                columns = file.format.columns(content, self._store.where(file.path))
        except OF_ONE_TABLE as error:
            self.set_aside(file.table, file, error)
            return None
        except SourceUnreachable as error:
            if is_gone(error):
                return None
            raise
        self._columns[file.path] = (file.stored.stamp, columns)
        return columns

    def _of_before(self, table: str, file: DroppedFile) -> Mapping[str, str]:
        _, columns = self._columns.get(file.path, ("", {}))
        return columns or self._ledger.columns(table)

    def _raise_unless_landed(self, found: Mapping[str, Mapping[str, str]]) -> None:
        """Without its columns a table would look as if the source had none of that name."""
        if self._ledger.position() is None:
            for table, aside in sorted(self._aside.items()):
                if not found.get(table):
                    raise aside.error

    def _still_written(self, file: DroppedFile) -> SourceUnreachable:
        return SourceUnreachable(
            "the file is still being written",
            where=self._store.where(file.path),
            expected="a file that nobody has touched for a second",
            next_step="wait until its writer has finished, then run the command again",
        )


def is_gone(error: SourceUnreachable) -> bool:
    """Whether the file was removed since it was listed."""
    cause = error.__cause__
    if isinstance(cause, ObjectStoreError):
        return cause.trouble is Trouble.GONE
    return isinstance(cause, FileNotFoundError)
