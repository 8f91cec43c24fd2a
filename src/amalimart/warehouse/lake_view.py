"""What the lake holds, in the words of the warehouse: bronze views, landed types, positions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from amalimart.lake.commit import Commit
from amalimart.lake.lake import Lake
from amalimart.lake.live import TableFiles
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.warehouse.executor import BronzeFiles, BronzeTable, LakeState
from amalimart.warehouse.project_files import LandedSource, bronze_view
from amalimart.warehouse.release_log import SourcePosition


def landed_source(lake: Lake, source: str, mapping: SourceMapping) -> LandedSource:
    """One source's landed tables with the engine's type of each column."""
    tables = {table: _types(files) for table, files in _landed_tables(lake, source, mapping).items()}
    return LandedSource(source, mapping, tables)


def lake_state(lake: Lake, mappings: Mapping[str, SourceMapping]) -> LakeState:
    """The committed state of every source that has landed."""
    positions: dict[str, SourcePosition] = {}
    tables: list[BronzeTable] = []
    fresh: list[datetime] = []
    for source, mapping in mappings.items():
        latest, landed = _at_one_commit(lake, source, mapping)
        if latest is None:
            continue
        positions[source] = SourcePosition(_log_identity(lake, source), latest.version)
        if latest.fresh_as_of is not None:
            fresh.append(latest.fresh_as_of)
        tables += [_bronze_table(source, table, files) for table, files in landed.items()]
    return LakeState(positions, tuple(tables), min(fresh, default=None))


def _at_one_commit(
    lake: Lake, source: str, mapping: SourceMapping
) -> tuple[Commit | None, Mapping[str, TableFiles]]:
    """The latest commit and the tables as of it: a release must not hold rows its position leaves out."""
    while True:
        before = lake.latest(source)
        landed = _landed_tables(lake, source, mapping)
        after = lake.latest(source)
        if before == after:
            return after, landed


def _landed_tables(lake: Lake, source: str, mapping: SourceMapping) -> dict[str, TableFiles]:
    """The mapped tables that have files; one whose files were all discarded has not landed."""
    return {
        table: files
        for table, files in sorted(lake.live_files(source).items())
        if table in mapping.landed and files.files
    }


def _log_identity(lake: Lake, source: str) -> str:
    """A log is told from one that was there before it by the moment of its first commit."""
    return next(lake.commits(source)).committed_at.isoformat()


def _bronze_table(source: str, table: str, files: TableFiles) -> BronzeTable:
    version = max(file.last_batch for file in files.files)
    types, parts = _types(files), dict[frozenset[tuple[str, str]], list[Path]]()
    for file, path in zip(files.files, files.paths, strict=True):
        odd = frozenset(
            (column.name, own)
            for column in file.columns
            if types[column.name] == "varchar"
            and (own := engine_type(column.type)) not in {"varchar", "null"}
        )
        parts.setdefault(odd, []).append(path)
    return BronzeTable(
        source,
        bronze_view(source, table),
        tuple(BronzeFiles(tuple(paths), frozenset(name for name, _ in odd)) for odd, paths in parts.items()),
        version,
    )


def _types(files: TableFiles) -> dict[str, str]:
    """The type of each column over all files; one whose type changed on the way is read as text."""
    found: dict[str, set[str]] = {}
    for file in files.files:
        for column in file.columns:
            found.setdefault(column.name, set()).add(engine_type(column.type))
    return {
        column: next(iter(known)) if len(known := types - {"null"} or types) == 1 else "varchar"
        for column, types in found.items()
    }


def engine_type(arrow_type: str) -> str:
    """The engine's name of a Parquet column's type, as far as casts tell types apart."""
    if arrow_type in {"string", "large_string", "string_view"} or "<values=string" in arrow_type:
        return "varchar"
    if arrow_type.startswith("timestamp"):
        return "timestamp with time zone" if "tz=" in arrow_type else "timestamp"
    if arrow_type.startswith("date"):
        return "date"
    return arrow_type
