"""Reading a shop's own data into the lake: PostgreSQL by snapshot and polling, files by drop.

    commit = ingest_once(lake, "shop", PostgresPollingSource(address), mapping, progress)

Only the columns a mapping lands are ever asked for, so a secret never leaves its source. This room
interprets nothing: values arrive in bronze as they were, or as null with a count where no exact form
exists.
"""

from amalimart.sources.files.source import FileDropSource
from amalimart.sources.ingest import ingest_once
from amalimart.sources.port import Catalog, Position, Progress, Reading, Source, TableProgress, silent
from amalimart.sources.postgres.polling import PostgresPollingSource

__all__ = [
    "Catalog",
    "FileDropSource",
    "Position",
    "PostgresPollingSource",
    "Progress",
    "Reading",
    "Source",
    "TableProgress",
    "ingest_once",
    "silent",
]
