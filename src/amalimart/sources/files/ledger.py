"""Which dropped files the lake already holds, kept in the lake itself.

Each commit that takes files adds a row for every one of them to the table `_taken_files`: which
table, which file, the digest of its content, its rows. The rows become durable with the files' own
rows or not at all, so a file can be neither lost nor taken twice, whatever dies. A commit grows by
what it takes, not by what was ever taken, as it would if its position listed every digest; the
position only counts them, which is enough to tell that the ledger is the one it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from amalimart.core.errors import DamagedLake
from amalimart.lake import BATCH_COLUMNS, Lake
from amalimart.sources.files.drops import LEDGER_TABLE, DroppedFile
from amalimart.sources.port import Position

LEDGER_SCHEMA = pa.schema(
    [
        pa.field("table", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("stamp", pa.string(), nullable=False),
        pa.field("sha256", pa.binary(32), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("modified_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("rows", pa.int64()),
    ]
)


class Named(NamedTuple):
    """What a file's name stood for when it was last taken."""

    stamp: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class TakenFile:
    """One file that the lake holds; `rows` is None for another name of a content that was taken before."""

    table: str
    path: str
    stamp: str
    sha256: bytes
    bytes: int
    modified_at: datetime
    rows: int | None

    @property
    def named(self) -> Named:
        """What its name stands for."""
        return Named(self.stamp, self.sha256)

    @property
    def position(self) -> str:
        """What the `_position` of its rows says: the name, and which content had it."""
        return f"{self.path}#{self.sha256.hex()[:16]}"


def taken(file: DroppedFile, sha256: str, rows: int | None) -> TakenFile:
    """The entry of a file."""
    stored = file.stored
    return TakenFile(
        file.table, stored.path, stored.stamp, bytes.fromhex(sha256), stored.bytes, stored.modified_at, rows
    )


def as_rows(entries: Iterable[TakenFile]) -> pa.RecordBatch:
    """Entries as rows of the ledger."""
    return pa.RecordBatch.from_pylist(
        [{name: getattr(entry, name) for name in LEDGER_SCHEMA.names} for entry in entries], LEDGER_SCHEMA
    )


@dataclass
class Known:
    """What the ledger says, as far as taking more files needs it; about 300 bytes a file.

    digests   table -> the contents that were taken
    names     path -> what it stood for last
    counts    table -> entries with rows of their own
    """

    digests: dict[str, set[bytes]] = field(default_factory=dict)
    names: dict[str, Named] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, table: str, path: str, named: Named, rows: int | None) -> None:
        """Note one more entry."""
        self.digests.setdefault(table, set()).add(named.sha256)
        self.names[path] = named
        if rows is not None:
            self.counts[table] = self.counts.get(table, 0) + 1

    def is_known(self, file: DroppedFile) -> bool:
        """Whether the file is, by its name and stamp, one that was taken; its content is not looked at."""
        named = self.names.get(file.path)
        return named is not None and named.stamp == file.stored.stamp


class Ledger:
    """The ledger of one source."""

    def __init__(self, lake: Lake, source: str) -> None:
        self._lake = lake
        self._source = source
        self._read: list[Path] = []
        self._known = Known()

    def known(self) -> Known:
        """All of it; only files of the lake that were not read before are read. Raises DamagedLake."""
        paths = self._paths()
        if self._read != paths[: len(self._read)]:
            self._read, self._known = [], Known()
        for path in paths[len(self._read) :]:
            for table, name, stamp, sha256, rows in _columns(
                path, ("table", "path", "stamp", "sha256", "rows")
            ):
                self._known.add(table, name, Named(stamp, sha256), rows)
            self._read.append(path)
        return self._known

    def entries(self) -> Iterator[TakenFile]:
        """Every entry in the order of taking."""
        for path in self._paths():
            yield from _entries(path)

    def position(self) -> Position | None:
        """Where the source's last commit says it stands."""
        latest = self._lake.latest(self._source)
        return None if latest is None else latest.position

    def fresh_as_of(self) -> datetime | None:
        """The source's time of its last commit."""
        latest = self._lake.latest(self._source)
        return None if latest is None else latest.fresh_as_of

    def columns(self, table: str) -> Mapping[str, str]:
        """The columns of a table that have landed."""
        files = self._lake.live_files(self._source).get(table)
        if files is None:
            return {}
        return {column.name: column.type for column in files.columns if column.name not in BATCH_COLUMNS}

    def files_of(self, table: str) -> tuple[Path, ...]:
        """The lake's files with the rows of a table, oldest batch first."""
        files = self._lake.live_files(self._source).get(table)
        return () if files is None else files.paths

    def _paths(self) -> list[Path]:
        return list(self.files_of(LEDGER_TABLE))


def _entries(path: Path) -> Iterator[TakenFile]:
    return (TakenFile(*row) for row in _columns(path, LEDGER_SCHEMA.names))


def _columns(path: Path, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Columns of the entries in one file of the lake, row by row in the order of taking."""
    try:
        with pq.ParquetFile(path) as parquet:
            for batch in parquet.iter_batches(columns=[*names, "_batch", "_sequence"]):
                ordered = batch.sort_by([("_batch", "ascending"), ("_sequence", "ascending")])
                yield from zip(*(ordered.column(name).to_pylist() for name in names), strict=True)
    except (OSError, pa.ArrowException, KeyError) as error:
        raise DamagedLake(
            f"the list of taken files cannot be read: {error}",
            where=str(path),
            next_step="restore the file from a backup, or remove the source's folder and ingest it again",
        ) from error
