"""Where a source's rows are now, in files and in the journal: the fold of its commits. Reads no file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from amalimart.lake.commit import Column, Commit, CommitKind, DataFile, TableChange
from amalimart.lake.journal import JournalPart, JournalRecord
from amalimart.lake.storage import Storage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Replaced:
    """A file that is no longer live and stays on disk as history.

    file    None where a checkpoint of an earlier version kept no more than its path
    moment  when it was replaced
    by      version of the snapshot that replaced it
    """

    file: DataFile | None
    moment: datetime
    by: int


@dataclass(frozen=True, slots=True)
class TableFiles:
    """The live files of one table, oldest batch first, and its rows in the journal, all later than those.

    storage           where the source's files are kept
    snapshot_version  version of the snapshot the files start from; a reader that has applied less
                      must read the table anew
    history           what snapshots replaced and is still kept, oldest first
    """

    table: str
    storage: Storage
    files: tuple[DataFile, ...]
    snapshot_version: int
    journal: tuple[JournalPart, ...] = ()
    history: tuple[Replaced, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """Where the files can be read on this machine, in the order of `files`.

        Fetches what is kept elsewhere and not here yet. Raises LakeError, DamagedLake.
        """
        return self.storage.paths(self.table, self.files)

    @property
    def rows(self) -> int:
        """Rows in files and journal, the versions of one key counted each."""
        return sum(file.rows for file in self.files) + sum(part.rows for part in self.journal)

    @property
    def last_batch(self) -> int:
        """The last batch that brought rows; 0 where none did."""
        in_files = max((file.last_batch for file in self.files), default=0)
        return max((part.version for part in self.journal), default=in_files)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Union of all columns, in order of appearance; the newest rows say the type."""
        found: dict[str, Column] = {}
        for columns in [*(file.columns for file in self.files), *(part.columns for part in self.journal)]:
            found.update({column.name: column for column in columns})
        return tuple(found.values())

    def after(self, version: int) -> TableFiles:
        """What may hold rows of later commits; read them `where _batch > version`.

        A compaction may have merged those rows with older ones, so a file alone does not tell.
        """
        files = tuple(file for file in self.files if file.last_batch > version)
        journal = tuple(part for part in self.journal if part.version > version)
        return TableFiles(self.table, self.storage, files, self.snapshot_version, journal)


@dataclass(slots=True)
class LiveState:
    """What all commits up to `latest` add up to.

    live      table -> path -> file
    journal   table -> its parts in the open segment, oldest first
    segment   first version of the open segment; None where no batch is in the journal
    segment_end   where its next record starts
    retained  table -> path -> what is no longer live and stays on disk as history
    removed   path -> when it was removed; it may be deleted from disk after the grace period
    sealed    first version of a sealed segment -> when; its file may go after the grace period, too
    erased    stamps of what erasures took out of every file there was then
    """

    latest: Commit | None = None
    live: dict[str, dict[str, DataFile]] = field(default_factory=dict)
    journal: dict[str, list[JournalPart]] = field(default_factory=dict)
    segment: int | None = None
    segment_end: int = 0
    retained: dict[str, dict[str, Replaced]] = field(default_factory=dict)
    removed: dict[str, datetime] = field(default_factory=dict)
    snapshots: dict[str, int] = field(default_factory=dict)
    sealed: dict[int, datetime] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)

    @property
    def version(self) -> int:
        """Version of the latest commit; 0 before the first."""
        return self.latest.version if self.latest else 0

    @property
    def next_file(self) -> int:
        """The version that the next commit with a file of its own starts with."""
        return self.version + 1 if self.segment is None else self.segment

    def apply(self, commit: Commit) -> None:
        """Add the next commit that has a file of its own."""
        for table, change in commit.tables.items():
            files = self.live.setdefault(table, {})
            if commit.kind is CommitKind.SNAPSHOT:
                self.retained.setdefault(table, {}).update(
                    {
                        path: Replaced(file, commit.committed_at, commit.version)
                        for path, file in files.items()
                    }
                )
                self.snapshots[table] = commit.version
                files.clear()
            for path in change.removed:
                files.pop(path, None)
                self.retained.get(table, {}).pop(path, None)
                self.removed[path] = commit.committed_at
            files.update({file.path: file for file in change.added})
            for path, file in change.rewritten:
                self._rewrite(table, path, file, commit.committed_at)
        self.erased.update(commit.erased)
        if commit.seals is not None:
            self.sealed[commit.seals] = commit.committed_at
            self.journal = {}
        self.segment, self.segment_end = None, 0
        self.latest = commit

    def _rewrite(self, table: str, path: str, file: DataFile, at: datetime) -> None:
        """Let a file take the place of another, live or kept as history, and its place in their order."""
        retained = self.retained.get(table, {})
        if path in retained:
            anew = replace(retained[path], file=file)
            self.retained[table] = _in_place(retained, path, file.path, anew)
        else:
            self.live[table] = _in_place(self.live[table], path, file.path, file)
        self.removed[path] = at

    def apply_record(self, record: JournalRecord) -> None:
        """Add the next batch of the open segment."""
        before = self.latest.position if self.latest else {}
        for table, parts in record.parts.items():
            self.journal.setdefault(table, []).extend(parts)
        self.segment_end = record.end
        self.latest = Commit(
            version=record.version,
            kind=CommitKind.CHANGES,
            position={**before, **record.position},
            fresh_as_of=record.fresh_as_of,
            committed_at=record.committed_at,
            tables={
                table: TableChange(journaled_rows=sum(part.rows for part in parts))
                for table, parts in record.parts.items()
            },
        )

    def tables(self, storage: Storage) -> Mapping[str, TableFiles]:
        """What holds the rows of every table that ever had some."""
        return {
            table: TableFiles(
                table,
                storage,
                _in_order(self.live.get(table, {})),
                self.snapshots.get(table, 0),
                tuple(self.journal.get(table, ())),
                tuple(sorted(self.retained.get(table, {}).values(), key=lambda replaced: replaced.by)),
            )
            for table in sorted({*self.live, *self.journal})
        }

    def known_paths(self) -> set[str]:
        """Paths that must stay on disk."""
        live = {path for files in self.live.values() for path in files}
        return live.union(*self.retained.values())


def _in_order(files: Mapping[str, DataFile]) -> tuple[DataFile, ...]:
    return tuple(sorted(files.values(), key=lambda file: (file.first_batch, file.path)))


def _in_place(kept: Mapping[str, T], path: str, new_path: str, new: T) -> dict[str, T]:
    return {(new_path if key == path else key): (new if key == path else each) for key, each in kept.items()}
