"""What whoever runs the house looks at, as every room speaks of it: sources, releases, space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from amalimart.core.operations import Operation
from amalimart.core.releases import BlockedBuild


@dataclass(frozen=True, slots=True)
class Batch:
    """One commit of a source: what kind it is, how many rows it brought, to how many tables."""

    version: int
    kind: str
    rows: int
    tables: int
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class SnapshotProgress:
    """A snapshot that is read: rows so far, rows there are believed to be (0: unknown), and the table."""

    rows: int
    of: int
    what: str


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source and its ingest process.

    capture      stream, poll or files
    state        starting, following, failing or stopped
    fresh_as_of  the source's own time up to which its changes are here
    version      how many commits there are
    rows, bytes  what the lake holds of it, older versions of rows too
    stopped      tables that stand still, and why
    batches      the newest commits, newest first
    reading      how far a snapshot is, while one is read
    """

    name: str
    kind: str
    capture: str
    state: str
    error: str | None
    next_step: str | None
    fresh_as_of: datetime | None
    version: int
    rows: int
    bytes: int
    stopped: Mapping[str, str]
    batches: tuple[Batch, ...]
    reading: SnapshotProgress | None = None


@dataclass(frozen=True, slots=True)
class BuiltRelease:
    """One release; seconds are known of those that the running engine built."""

    release_id: int
    published_at: datetime
    fresh_as_of: datetime | None
    models: int
    rows: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class SpaceUsed:
    """Bytes on disk; `hot_file_used` is what is not dead space, `free` what the disk has left."""

    lake: int
    hot_file: int
    hot_file_used: int
    free: int


@dataclass(frozen=True, slots=True)
class OperatingState:
    """All of it at one moment. `blocked` is the build that is held back now."""

    sources: tuple[SourceState, ...]
    releases: tuple[BuiltRelease, ...]
    blocked: BlockedBuild | None
    operation: Operation | None
    space: SpaceUsed
