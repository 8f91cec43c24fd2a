"""One step of keeping a source and the lake together. Whoever calls it decides how often."""

from __future__ import annotations

from amalimart.lake import BATCH_COLUMNS, Commit, CommitKind, Lake
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.landing import landed_columns
from amalimart.sources.port import Progress, Source, silent


def ingest_once(
    lake: Lake,
    source_name: str,
    source: Source,
    mapping: SourceMapping,
    progress: Progress = silent,
) -> Commit | None:
    """Bring the lake one commit forward, or say by None that there is nothing new.

    Tables the lake does not have yet, tables whose mapped columns have grown and tables the source
    asks for anew are snapshotted, together in one commit; only where there are none, changes are
    polled, all tables in one commit. A table that holds a column which the mapping now calls secret
    is snapshotted without it, and its old files are discarded.

    Raises SourceError, LakeError (CommitConflict while another writer has the source open). After
    any error the lake is as it was.
    """
    latest = lake.latest(source_name)
    since = latest.position if latest else None
    landed = landed_columns(mapping, source.catalog())
    in_lake = {
        table: {column.name for column in files.columns} - set(BATCH_COLUMNS)
        for table, files in lake.live_files(source_name).items()
        if files.files
    }
    leaked = {table for table, columns in in_lake.items() if columns & set(mapping.secrets(table))}
    grown = {table for table, columns in landed.items() if not set(columns) <= in_lake.get(table, set())}
    stale = {*source.stale_tables(mapping, since), *grown, *(leaked & set(landed))} & set(landed)
    if stale or leaked:
        with lake.begin(source_name, CommitKind.SNAPSHOT) as writer:
            for table in leaked:
                writer.discard_history(table)
            reading = source.snapshot(mapping, writer, progress, tables=stale, since=since)
            return writer.commit(reading.position, reading.fresh_as_of)
    if since is None:
        return None
    with lake.begin(source_name, CommitKind.CHANGES) as writer:
        changes = source.poll(mapping, writer, progress, since=since)
        if changes is None or not writer.has_files:
            return None
        return writer.commit(changes.position, changes.fresh_as_of)
