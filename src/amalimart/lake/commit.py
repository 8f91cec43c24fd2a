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

FORMAT = 1

_DATA_PATH = re.compile(r"data/[A-Za-z0-9_%-][A-Za-z0-9_%.-]*/[A-Za-z0-9_-]+\.parquet")


class CommitKind(StrEnum):
    """What a commit does to the tables it names.

    SNAPSHOT    replaces the live files of each table
    CHANGES     adds rows
    COMPACTION  rewrites files without changing what the rows say
    """

    SNAPSHOT = "snapshot"
    CHANGES = "changes"
    COMPACTION = "compaction"


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
    """Files a commit adds to a table, and paths whose content is no longer needed on disk."""

    added: tuple[DataFile, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Commit:
    """One batch of one source.

    version       1, 2, 3 ... without gaps; also the `_batch` of the rows it added
    position      where the source is to be read on from; a JSON object only the source understands
    fresh_as_of   the source's own time up to which its changes are in the lake, UTC; None if unknown
    committed_at  by the lake's clock, UTC
    tables        table -> what changed
    """

    version: int
    kind: CommitKind
    position: Mapping[str, Any]
    fresh_as_of: datetime | None
    committed_at: datetime
    tables: Mapping[str, TableChange]

    @property
    def rows(self) -> int:
        """Rows in the files this commit added."""
        return sum(file.rows for change in self.tables.values() for file in change.added)


def encode_commit(commit: Commit) -> bytes:
    """The file's bytes. Raises LakeError where the position is not a plain JSON object."""
    document = {
        "format": FORMAT,
        "version": commit.version,
        "kind": commit.kind.value,
        "position": commit.position,
        "fresh_as_of": commit.fresh_as_of.isoformat() if commit.fresh_as_of else None,
        "committed_at": commit.committed_at.isoformat(),
        "tables": {
            table: {
                "added": [
                    {
                        "path": file.path,
                        "rows": file.rows,
                        "bytes": file.bytes,
                        "sha256": file.sha256,
                        "first_batch": file.first_batch,
                        "last_batch": file.last_batch,
                        "columns": [[column.name, column.type] for column in file.columns],
                    }
                    for file in change.added
                ],
                "removed": list(change.removed),
            }
            for table, change in commit.tables.items()
        },
    }
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1)
        encoded = text.encode()
    except (TypeError, ValueError) as error:
        raise LakeError(
            f"the position of a commit is not plain JSON: {error}",
            expected="an object of texts, whole numbers, lists and objects",
        ) from error
    if json.loads(text)["position"] != commit.position:
        raise LakeError(
            "the position of a commit does not survive JSON",
            expected="an object with text keys, and lists instead of tuples",
        )
    return encoded


def decode_commit(content: bytes, *, version: int, where: str) -> Commit:
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
            fresh_as_of=_instant(document["fresh_as_of"]) if document["fresh_as_of"] else None,
            committed_at=_instant(document["committed_at"]),
            tables={table: _decode_change(change) for table, change in document["tables"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(f"the commit cannot be read: {error!r}", where) from error
    if commit.version != version:
        raise _damaged(
            f"the commit says it is version {commit.version}", where, expected=f"version {version}"
        )
    return commit


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"no time zone in {text!r}")
    return instant


def _decode_change(change: Mapping[str, Any]) -> TableChange:
    added = tuple(
        DataFile(
            path=_inside(file["path"]),
            rows=int(file["rows"]),
            bytes=int(file["bytes"]),
            sha256=str(file["sha256"]),
            first_batch=int(file["first_batch"]),
            last_batch=int(file["last_batch"]),
            columns=tuple(Column(str(name), str(kind)) for name, kind in file["columns"]),
        )
        for file in change["added"]
    )
    return TableChange(added, tuple(_inside(path) for path in change["removed"]))


def _inside(path: str) -> str:
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
