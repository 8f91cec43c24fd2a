"""One step of keeping a source and the lake together. Whoever calls it decides how often."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from amalimart.lake import BATCH_COLUMNS, Commit, CommitKind, Lake, SourceWriter
from amalimart.mapping.catalog_check import misfits
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.landing import landed_columns
from amalimart.sources.port import (
    AddsColumns,
    Catalog,
    Position,
    Progress,
    SetsAside,
    Source,
    aside_reasons,
    silent,
)


def ingest_once(
    lake: Lake, source_name: str, source: Source, mapping: SourceMapping, progress: Progress = silent
) -> Commit | None:
    """Bring the lake one commit forward, or say by None that there is nothing new.

    Raises SourceError, LakeError (CommitConflict while another writer has the source open). After
    any error the lake is as it was.
    """
    with lake.writer(source_name) as writer:
        return snapshot_stale(writer, source, mapping, progress) or poll(writer, source, mapping, progress)


def snapshot_stale(
    writer: SourceWriter,
    source: Source,
    mapping: SourceMapping,
    progress: Progress = silent,
    *,
    again: Collection[str] = (),
    anew: bool = False,
) -> Commit | None:
    """Snapshot the tables that cannot be brought up to date otherwise, in one commit; None without any.

    These are tables the lake does not have yet, tables whose mapped columns have grown, tables the
    source asks for and those named in `again`; with `anew` all of them, as if the lake had none. A
    table that holds a column which the mapping now calls secret is snapshotted without it, and its
    old files are discarded. A table that the source has set aside waits.

    Raises SourceError, LakeError; the lake is then as it was.
    """
    since = None if anew or writer.latest is None else writer.latest.position
    in_lake = {
        table: {column.name for column in files.columns} - set(BATCH_COLUMNS)
        for table, files in writer.live_files().items()
        if files.files or files.journal
    }
    catalog = source.catalog()
    mapping = mapping.fitted(catalog)
    leaked = {table for table, columns in in_lake.items() if columns & set(mapping.secrets(table))}
    if isinstance(source, SetsAside):
        without = source.set_aside().keys() - leaked  # what must not be in the lake cannot wait
    else:
        without = _beyond_following(mapping, catalog, since) - set(again)
    landed = landed_columns(mapping, catalog, without=without)
    grown = {table for table, columns in landed.items() if not set(columns) <= in_lake.get(table, set())}
    if isinstance(source, AddsColumns):
        grown -= source.adding_columns().keys()
    stale = {*source.stale_tables(mapping, since), *grown, *again, *leaked} & set(landed)
    if not stale and not leaked:
        return None
    with writer.begin(CommitKind.SNAPSHOT) as batch:
        for table in leaked:
            batch.discard_history(table)
        reading = source.snapshot(mapping, batch, progress, tables=stale, since=since)
        # A source may set all of them aside.
        return batch.commit(reading.position, reading.fresh_as_of) if batch.has_files else None


def poll(
    writer: SourceWriter, source: Source, mapping: SourceMapping, progress: Progress = silent
) -> Commit | None:
    """Land what changed since the last commit, all tables in one commit; None where nothing did.

    Tables that the source has set aside, or has taken up again, are news as well: readers are told.
    Raises SourceError, LakeError; the lake is then as it was.
    """
    if writer.latest is None:
        return None
    since = writer.latest.position
    there: dict[str, Collection[str]] = {
        table: {column.name for column in files.columns} for table, files in writer.live_files().items()
    }
    if isinstance(source, AddsColumns):
        there |= source.adding_columns()
    mapping = mapping.fitted(there)
    with writer.begin(CommitKind.CHANGES) as batch:
        changes = source.poll(mapping, batch, progress, since=since)
        if changes is not None and batch.has_files:
            return batch.commit(changes.position, changes.fresh_as_of)
    if not isinstance(source, SetsAside):
        return None
    reasons = aside_reasons(source, mapping)
    if reasons == stopped_reasons(since):
        return None
    return writer.append((), {"stopped": reasons}, writer.latest.fresh_as_of)


def _beyond_following(mapping: SourceMapping, catalog: Catalog, since: Position | None) -> set[str]:
    """Tables that a stream stopped, or will stop at their next change; the others go on without them."""
    if since is None or "stopped" not in since:
        return set()
    return {*stopped_reasons(since), *misfits(mapping, catalog)}


def stopped_reasons(position: Position | None) -> Mapping[str, str]:
    """Table -> why it stands still: at a change its stream cannot follow, at a file that cannot be used."""
    return dict(position.get("stopped") or {}) if position else {}
