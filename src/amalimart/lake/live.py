"""Which files hold a source's rows now: the fold of its commits. Reads no file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from amalimart.lake.commit import Column, Commit, CommitKind, DataFile


@dataclass(frozen=True, slots=True)
class TableFiles:
    """The live files of one table, oldest batch first.

    folder            the source's folder
    snapshot_version  version of the snapshot the files start from; a reader that has applied less
                      must read the table anew
    """

    table: str
    folder: Path
    files: tuple[DataFile, ...]
    snapshot_version: int

    @property
    def paths(self) -> tuple[Path, ...]:
        """Absolute paths, in the order of `files`."""
        return tuple(self.folder / file.path for file in self.files)

    @property
    def rows(self) -> int:
        """Rows in all files, the batch columns' versions of one key counted each."""
        return sum(file.rows for file in self.files)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Union of the files' columns, in order of appearance; the newest file says the type."""
        found: dict[str, Column] = {}
        for file in self.files:
            found.update({column.name: column for column in file.columns})
        return tuple(found.values())

    def after(self, version: int) -> TableFiles:
        """The files that may hold rows of later commits; read them `where _batch > version`.

        A compaction may have merged those rows with older ones, so a file alone does not tell.
        """
        files = tuple(file for file in self.files if file.last_batch > version)
        return TableFiles(self.table, self.folder, files, self.snapshot_version)


@dataclass(slots=True)
class LiveState:
    """What all commits up to `latest` add up to.

    live      table -> path -> file
    retained  paths no longer live that stay on disk as history, by table
    removed   path -> when it was removed; it may be deleted from disk after the grace period
    """

    latest: Commit | None = None
    live: dict[str, dict[str, DataFile]] = field(default_factory=dict)
    retained: dict[str, set[str]] = field(default_factory=dict)
    removed: dict[str, datetime] = field(default_factory=dict)
    snapshots: dict[str, int] = field(default_factory=dict)

    @property
    def version(self) -> int:
        """Version of the latest commit; 0 before the first."""
        return self.latest.version if self.latest else 0

    def apply(self, commit: Commit) -> None:
        """Add the next commit."""
        for table, change in commit.tables.items():
            files = self.live.setdefault(table, {})
            if commit.kind is CommitKind.SNAPSHOT:
                self.retained.setdefault(table, set()).update(files)
                self.snapshots[table] = commit.version
                files.clear()
            for path in change.removed:
                files.pop(path, None)
                self.retained.get(table, set()).discard(path)
                self.removed[path] = commit.committed_at
            files.update({file.path: file for file in change.added})
        self.latest = commit

    def tables(self, folder: Path) -> Mapping[str, TableFiles]:
        """The live files of every table that ever had one."""
        return {
            table: TableFiles(table, folder, _in_order(files), self.snapshots.get(table, 0))
            for table, files in sorted(self.live.items())
        }

    def known_paths(self) -> set[str]:
        """Paths that must stay on disk."""
        live = {path for files in self.live.values() for path in files}
        return live.union(*self.retained.values())


def _in_order(files: Mapping[str, DataFile]) -> tuple[DataFile, ...]:
    return tuple(sorted(files.values(), key=lambda file: (file.first_batch, file.path)))
