"""What one commit says, and its exact JSON form. Must not touch any file.

Every commit file is input that may have been damaged or tampered with: reading one checks its shape
and that each path stays inside the source's data folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from amalimart.core.errors import DamagedLake, LakeError

FORMAT = 2
BEFORE_ERASURES = 1

_DATA_PATH = re.compile(r"data/[A-Za-z0-9_%-][A-Za-z0-9_%.-]*/[A-Za-z0-9_-]+\.parquet")


class CommitKind(StrEnum):
    """What a commit does to the tables it names.

    SNAPSHOT    replaces the live files of each table
    CHANGES     adds rows, in files or in the journal
    SEAL        gives the batches of a journal segment their files
    COMPACTION  rewrites files without changing what the rows say
    ERASURE     rewrites files without what is known of people who were erased, history too
    """

    SNAPSHOT = "snapshot"
    CHANGES = "changes"
    SEAL = "seal"
    COMPACTION = "compaction"
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: its name and its Arrow type, such as `decimal128(18, 2)`."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file.

    path         relative to the source's folder
    rows, bytes  exact
    sha256       of the whole file, hexadecimal
    first_batch, last_batch   the range of `_batch` inside: the commit's own version, or the merged
                 range after a compaction
    columns      in file order, the batch columns included
    """

    path: str
    rows: int
    bytes: int
    sha256: str
    first_batch: int
    last_batch: int
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class TableChange:
    """Files a commit adds to a table, paths no longer needed on disk, and how many rows it journaled.

    rewritten  path -> the file that takes its place, live or kept as history; the path is not needed then
    """

    added: tuple[DataFile, ...] = ()
    removed: tuple[str, ...] = ()
    journaled_rows: int = 0
    rewritten: tuple[tuple[str, DataFile], ...] = ()


@dataclass(frozen=True, slots=True)
class Commit:
    """One batch of one source, or a rewriting of batches.

    version       1, 2, 3 ... without gaps; also the `_batch` of the rows it added
    position      where the source is to be read on from; a JSON object only the source understands
    fresh_as_of   the source's own time up to which its changes are in the lake, UTC; None if unknown
    committed_at  by the lake's clock, UTC
    tables        table -> what changed
    seals         of a seal: the first version of the segment, which ends just before this version
    erased        of an erasure: the stamps of what is in no file any more (RowScreen)
    """

    version: int
    kind: CommitKind
    position: Mapping[str, Any]
    fresh_as_of: datetime | None
    committed_at: datetime
    tables: Mapping[str, TableChange]
    seals: int | None = None
    erased: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows this commit added; a seal or a compaction writes old rows again."""
        return sum(
            change.journaled_rows + sum(file.rows for file in change.added) for change in self.tables.values()
        )


def plain_position(position: Mapping[str, Any]) -> Mapping[str, Any]:
    """The position itself. Raises LakeError where it is not a JSON object that reads back the same."""
    try:
        text = json.dumps(position, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError) as error:
        raise LakeError(
            f"the position of a commit is not plain JSON: {error}",
            expected="an object of texts, whole numbers, lists and objects",
        ) from error
    if json.loads(text) != position:
        raise LakeError(
            "the position of a commit does not survive JSON",
            expected="an object with text keys, and lists instead of tuples",
        )
    return position


def encode_commit(commit: Commit) -> bytes:
    """The file's bytes. Raises LakeError where the position is not a plain JSON object."""
    document: dict[str, Any] = {
        # An earlier version must not read on over an erasure, and can read everything else.
        "format": FORMAT if commit.kind is CommitKind.ERASURE else BEFORE_ERASURES,
        "version": commit.version,
        "kind": commit.kind.value,
        "position": plain_position(commit.position),
        "fresh_as_of": commit.fresh_as_of.isoformat() if commit.fresh_as_of else None,
        "committed_at": commit.committed_at.isoformat(),
        "tables": {table: _change_document(change) for table, change in commit.tables.items()},
    }
    if commit.erased:
        document["erased"] = list(commit.erased)
    if commit.seals is not None:
        document["seals"] = commit.seals
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1).encode()


def _change_document(change: TableChange) -> dict[str, Any]:
    document: dict[str, Any] = {
        "added": [file_document(file) for file in change.added],
        "removed": list(change.removed),
    }
    if change.rewritten:
        document["rewritten"] = {path: file_document(file) for path, file in change.rewritten}
    return document


def file_document(file: DataFile) -> dict[str, Any]:
    """The JSON form of one file."""
    return {
        "path": file.path,
        "rows": file.rows,
        "bytes": file.bytes,
        "sha256": file.sha256,
        "first_batch": file.first_batch,
        "last_batch": file.last_batch,
        "columns": [[column.name, column.type] for column in file.columns],
    }


def read_file_document(file: Mapping[str, Any]) -> DataFile:
    """A file's JSON form read back. Raises ValueError, KeyError, TypeError."""
    return DataFile(
        path=inside_data(file["path"]),
        rows=int(file["rows"]),
        bytes=int(file["bytes"]),
        sha256=str(file["sha256"]),
        first_batch=int(file["first_batch"]),
        last_batch=int(file["last_batch"]),
        columns=tuple(Column(str(name), str(kind)) for name, kind in file["columns"]),
    )


def decode_commit(content: bytes, *, version: int | None, where: str) -> Commit:
    """Read a commit file back. Raises DamagedLake where it is not what this lake wrote."""
    try:
        document = json.loads(content)
        if document["format"] > FORMAT:
            raise LakeError(
                f"the commit has format {document['format']}, which this version cannot read",
                where=where,
                expected=f"format {FORMAT} or less",
                next_step="upgrade amalimart",
            )
        commit = Commit(
            version=int(document["version"]),
            kind=CommitKind(document["kind"]),
            position=dict(document["position"]),
            fresh_as_of=read_instant(document["fresh_as_of"]) if document["fresh_as_of"] else None,
            committed_at=read_instant(document["committed_at"]),
            tables={table: _decode_change(change) for table, change in document["tables"].items()},
            seals=int(document["seals"]) if "seals" in document else None,
            erased=tuple(map(str, document.get("erased", ()))),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(f"the commit cannot be read: {error!r}", where) from error
    if version is not None and commit.version != version:
        raise _damaged(
            f"the commit says it is version {commit.version}", where, expected=f"version {version}"
        )
    return commit


def read_instant(text: str) -> datetime:
    """An instant with its zone. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"no time zone in {text!r}")
    return instant


def _decode_change(change: Mapping[str, Any]) -> TableChange:
    added = tuple(read_file_document(file) for file in change["added"])
    rewritten = tuple(
        (inside_data(path), read_file_document(file)) for path, file in change.get("rewritten", {}).items()
    )
    return TableChange(added, tuple(inside_data(path) for path in change["removed"]), rewritten=rewritten)


def inside_data(path: str) -> str:
    """The path itself. Raises ValueError for one that is no data file of a source."""
    if not _DATA_PATH.fullmatch(path):
        raise ValueError(f"{path!r} is not a data file of the lake")
    return path


def _damaged(what: str, where: str, *, expected: str | None = None) -> DamagedLake:
    return DamagedLake(
        what,
        where=where,
        expected=expected,
        next_step="restore the file from a backup, or remove the source's folder and ingest it again",
    )
