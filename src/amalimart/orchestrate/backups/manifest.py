"""What a backup says of itself: its format, the product's version, the sources' positions, and every file.

A manifest is input that may have been tampered with: every path is checked before a file is touched.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from amalimart.core.errors import DamagedBackup
from amalimart.core.names import is_identifier

FORMAT = 1
MANIFEST = "manifest.json"
FILES = "files"
_LARGEST_MANIFEST = 1 << 28
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SINGLE = frozenset(
    {
        "amalimart.yml",
        "governance.yml",
        "secrets.env",
        ".gitignore",
        "data/control.db",
        "data/audit.head",
        "data/warehouse.duckdb",
    }
)
OVERLAYS = ("models", "metrics", "dashboards", "policies", "quality", "sources")
_RESNAPSHOT = re.compile(r"run/resnapshot-[a-z0-9_]+\.json")


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One file: where it belongs in the project folder, its size, checksum and rights."""

    path: str
    bytes: int
    sha256: str
    mode: int


@dataclass(frozen=True, slots=True)
class BackupSource:
    """How far a source's log is in the backup."""

    source: str
    identity: str
    version: int
    fresh_as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole backup.

    kept_in   the object store that the lake is kept in; the backup then holds only what was not there
    """

    product: str
    created_at: datetime
    kept_in: str | None
    sources: tuple[BackupSource, ...]
    files: tuple[BackupFile, ...]

    @property
    def total_bytes(self) -> int:
        """Size of all files together."""
        return sum(file.bytes for file in self.files)

    def encoded(self) -> bytes:
        """The manifest's own bytes."""
        document = {"format": FORMAT, **asdict(self)}
        return json.dumps(document, ensure_ascii=False, indent=1, default=datetime.isoformat).encode()


def read_manifest(folder: Path) -> Manifest:
    """Read a backup's manifest and check its shape and every path. Raises DamagedBackup."""
    path = folder / MANIFEST
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise _damaged("its manifest is not a file", path)
        if path.stat().st_size > _LARGEST_MANIFEST:
            raise _damaged("its manifest is too large to be one", path)
        document = json.loads(path.read_bytes())
        if document["format"] > FORMAT:
            raise DamagedBackup(
                f"the backup has format {document['format']}, which this version cannot read",
                where=str(path),
                expected=f"format {FORMAT} or less",
                next_step="upgrade amalimart",
            )
        manifest = Manifest(
            product=str(document["product"]),
            created_at=_instant(document["created_at"]),
            kept_in=document["kept_in"] if document["kept_in"] is None else str(document["kept_in"]),
            sources=tuple(_source(each) for each in document["sources"]),
            files=tuple(_file(each) for each in document["files"]),
        )
    except FileNotFoundError as error:
        raise DamagedBackup(
            "this is not a backup, or one that was not finished",
            where=str(folder),
            expected=f"a folder with a {MANIFEST}, which is written last",
            next_step="give the folder that `amalimart backup` made",
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(f"its manifest cannot be read: {error!r}", path) from error
    paths = [file.path for file in manifest.files]
    if len(set(paths)) != len(paths):
        raise _damaged("its manifest names a file twice", path)
    if "amalimart.yml" not in paths:
        raise _damaged("its manifest names no amalimart.yml", path)
    return manifest


def opened(folder: Path, file: BackupFile) -> Iterator[bytes]:
    """The bytes of one file, in pieces. Raises DamagedBackup where they are not what the manifest says."""
    path = folder / FILES / file.path
    digest, size = hashlib.sha256(), 0
    try:
        for parent in [folder / FILES / each for each in PurePosixPath(file.path).parents]:
            if parent.is_symlink():
                raise _damaged("a folder of it is a link", parent)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _damaged("it holds what is not a file", path)
            while piece := stream.read(1 << 20):
                digest.update(piece)
                size += len(piece)
                yield piece
    except OSError as error:
        raise _damaged(f"a file cannot be read: {error.strerror}", path) from error
    if (size, digest.hexdigest()) != (file.bytes, file.sha256):
        raise DamagedBackup(
            "a file of the backup is not what was written",
            where=str(path),
            expected=f"{file.bytes} bytes with SHA-256 {file.sha256}",
            next_step="use another backup; nothing was restored",
        )


def _file(document: Any) -> BackupFile:
    path, sha256, mode = document["path"], document["sha256"], int(document["mode"])
    if not _is_ours(path):
        raise ValueError(f"{path!r} is not a place of a project")
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"{sha256!r} is not a checksum")
    if mode & ~0o777:
        raise ValueError(f"{mode:o} are not the rights of a file")
    return BackupFile(path, int(document["bytes"]), sha256, mode)


def _is_ours(path: str) -> bool:
    """Whether a path is one that a backup may write to: inside the project, and of a kind that it takes."""
    parts = path.split("/")
    if any(part in {"", ".", ".."} or "\0" in part for part in parts):
        return False
    if path in _SINGLE or _RESNAPSHOT.fullmatch(path):
        return True
    if parts[0] in OVERLAYS:
        return len(parts) > 1
    return parts[:2] == ["data", "lake"] and len(parts) > 3 and is_identifier(parts[2])


def _source(document: Any) -> BackupSource:
    fresh = document["fresh_as_of"]
    return BackupSource(
        str(document["source"]),
        str(document["identity"]),
        int(document["version"]),
        _instant(fresh) if fresh else None,
    )


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"no time zone in {text!r}")
    return instant


def _damaged(what: str, where: Path) -> DamagedBackup:
    return DamagedBackup(
        f"the backup cannot be used: {what}",
        where=str(where),
        next_step="use another backup; nothing was restored",
    )
