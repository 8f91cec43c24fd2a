"""Reading a shop's own data into the lake: PostgreSQL by snapshot and polling, files by drop.

    commit = ingest_once(lake, "shop", PostgresPollingSource(address), mapping, progress)

Only the columns a mapping lands are ever asked for, so a secret never leaves its source. This room
interprets nothing: values arrive in bronze as they were, or as null with a count where no exact form
exists.
"""

from amalimart.sources.files.source import FileDropSource
from amalimart.sources.following import Follower
from amalimart.sources.ingest import ingest_once, poll, snapshot_stale, stopped_reasons
from amalimart.sources.port import (
    Catalog,
    ChangeStream,
    Position,
    Progress,
    Reading,
    Source,
    StreamingSource,
    TableProgress,
    silent,
)
from amalimart.sources.postgres.polling import PostgresPollingSource
from amalimart.sources.postgres.streaming import PostgresStreamingSource

__all__ = [
    "Catalog",
    "ChangeStream",
    "FileDropSource",
    "Follower",
    "Position",
    "PostgresPollingSource",
    "PostgresStreamingSource",
    "Progress",
    "Reading",
    "Source",
    "StreamingSource",
    "TableProgress",
    "ingest_once",
    "poll",
    "silent",
    "snapshot_stale",
    "stopped_reasons",
]
