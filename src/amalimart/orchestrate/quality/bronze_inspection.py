"""Looking into the lake: what each table holds, and the history of one row. Reads, never changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amalimart.config.project import Project
from amalimart.core.clock import Clock
from amalimart.core.errors import ConfigError
from amalimart.core.names import nearest
from amalimart.lake import BATCH_COLUMNS, Lake, Operation, TableFiles
from amalimart.mapping.source_mapping import find_mapping, load_mapping
from amalimart.orchestrate.project.lake_opening import open_lake


@dataclass(frozen=True, slots=True)
class BronzeTableFacts:
    """What the lake holds of one table: versions of rows in files and in the journal, and how far they go."""

    table: str
    files: int
    bytes: int
    rows: int
    journal_rows: int
    snapshot_version: int
    last_batch: int


@dataclass(frozen=True, slots=True)
class BronzeSourceFacts:
    """What the lake holds of one source. `position` is where the source is read on from."""

    source: str
    identity: str
    version: int
    position: dict[str, Any]
    fresh_as_of: str | None
    tables: tuple[BronzeTableFacts, ...]


@dataclass(frozen=True, slots=True)
class BronzeFileFacts:
    """One live file, or the rows of one batch in the journal."""

    path: str
    rows: int
    bytes: int
    first_batch: int
    last_batch: int
    sha256: str | None


def inspect_source(project: Project, source: str, clock: Clock) -> BronzeSourceFacts:
    """The tables of one source. Raises ConfigError for an unknown source, DamagedLake."""
    lake = _lake(project, source, clock)
    latest = lake.latest(source)
    if latest is None:
        raise ConfigError(
            f"nothing of {source!r} has landed yet",
            where=str(lake.root / source),
            next_step="amalimart up",
        )
    tables = tuple(
        BronzeTableFacts(
            table=table,
            files=len(files.files),
            bytes=sum(file.bytes for file in files.files) + sum(part.length for part in files.journal),
            rows=files.rows,
            journal_rows=sum(part.rows for part in files.journal),
            snapshot_version=files.snapshot_version,
            last_batch=files.last_batch,
        )
        for table, files in lake.live_files(source).items()
    )
    fresh = latest.fresh_as_of
    return BronzeSourceFacts(
        source,
        lake.identity(source) or "",
        latest.version,
        dict(latest.position),
        fresh.isoformat() if fresh else None,
        tables,
    )


def inspect_table(project: Project, source: str, table: str, clock: Clock) -> tuple[BronzeFileFacts, ...]:
    """Everything one table's rows are in, oldest first. Raises ConfigError for an unknown name."""
    files = _table(_lake(project, source, clock), source, table)
    in_files = [
        BronzeFileFacts(str(path), file.rows, file.bytes, file.first_batch, file.last_batch, file.sha256)
        for file, path in zip(files.files, files.paths, strict=True)
    ]
    in_journal = [
        BronzeFileFacts(
            f"{part.segment} at byte {part.offset}", part.rows, part.length, part.version, part.version, None
        )
        for part in files.journal
    ]
    return (*in_files, *in_journal)


def row_history(
    project: Project, source: str, table: str, key: Sequence[str], clock: Clock
) -> tuple[dict[str, Any], ...]:
    """Every version of one row that the lake holds, oldest first, as column -> value.

    `key` gives the row key's values as text, in the mapping's order. Raises ConfigError for an unknown
    name or a key of another length.
    """
    settings = project.settings.sources[_known_source(project, source)]
    mapping = load_mapping(find_mapping(settings.mapping, (project.overlay("sources"),)))
    files = _table(_lake(project, source, clock), source, table)
    columns = mapping.key_columns(table)
    if len(columns) != len(key):
        raise ConfigError(
            f"the key of {table!r} has {len(columns)} values, {len(key)} are given",
            where=mapping.where,
            expected=f"values for {', '.join(columns) or 'a key, which the mapping does not name'}",
            next_step="give --key once for each, in that order",
        )
    wanted = dict(zip(columns, key, strict=True))
    found = [
        row
        for rows in _rows(files)
        if set(columns) <= set(rows.schema.names)
        for row in _about(rows, wanted).to_pylist()
    ]
    ordered = sorted(found, key=lambda row: (row["_batch"], row["_sequence"]))
    names = dict.fromkeys([*BATCH_COLUMNS, *(name for row in ordered for name in row)])
    return tuple({name: row.get(name) for name in names} for row in ordered)


def _rows(files: TableFiles) -> Iterator[pa.RecordBatch]:
    for path in files.paths:
        with pq.ParquetFile(path) as parquet:
            yield from parquet.iter_batches(batch_size=65_536)
    for part in files.journal:
        yield from part.read().to_batches()


def _about(rows: pa.RecordBatch, key: Mapping[str, str]) -> pa.RecordBatch:
    """The rows of one key, and the truncates that also mean it."""
    wanted = pc.equal(rows.column("_op"), Operation.TRUNCATE.value)
    same = pa.array([True] * rows.num_rows, pa.bool_())
    for column, value in key.items():
        same = pc.and_(same, pc.fill_null(pc.equal(pc.cast(rows.column(column), pa.string()), value), False))
    return rows.filter(pc.or_(wanted, same))


def _lake(project: Project, source: str, clock: Clock) -> Lake:
    _known_source(project, source)
    return open_lake(project, clock)


def _known_source(project: Project, source: str) -> str:
    if source not in project.settings.sources:
        raise ConfigError(
            f"this project has no source {source!r}",
            where=str(project.settings_file),
            expected=", ".join(project.settings.sources) or "a source",
            nearest=nearest(source, project.settings.sources),
            next_step="amalimart status lists the sources",
        )
    return source


def _table(lake: Lake, source: str, table: str) -> TableFiles:
    live = lake.live_files(source)
    if table not in live:
        raise ConfigError(
            f"the lake holds no table {table!r} of {source!r}",
            where=str(lake.root / source),
            expected=", ".join(live) or "a source that has landed something",
            nearest=nearest(table, live),
            next_step=f"amalimart bronze inspect {source}",
        )
    return live[table]
