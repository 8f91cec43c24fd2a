"""What the lake holds, in the words of the warehouse: bronze views, landed types, positions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from amalimart.lake.lake import Lake
from amalimart.lake.live import TableFiles
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.warehouse.executor import BronzeTable, LakeState
from amalimart.warehouse.project_files import LandedSource, bronze_view
from amalimart.warehouse.release_log import SourcePosition


def landed_source(lake: Lake, source: str, mapping: SourceMapping) -> LandedSource:
    """One source's landed tables with the engine's type of each column."""
    tables = {
        table: {column.name: engine_type(column.type) for column in files.columns}
        for table, files in lake.live_files(source).items()
        if table in mapping.landed
    }
    return LandedSource(source, mapping, tables)


def lake_state(lake: Lake, mappings: Mapping[str, SourceMapping]) -> LakeState:
    """The committed state of every source that has landed."""
    positions: dict[str, SourcePosition] = {}
    tables: list[BronzeTable] = []
    fresh: list[datetime] = []
    for source, mapping in mappings.items():
        latest = lake.latest(source)
        if latest is None:
            continue
        positions[source] = SourcePosition(_log_identity(lake, source), latest.version)
        if latest.fresh_as_of is not None:
            fresh.append(latest.fresh_as_of)
        tables += [
            _bronze_table(source, table, files)
            for table, files in sorted(lake.live_files(source).items())
            if table in mapping.landed
        ]
    return LakeState(positions, tuple(tables), min(fresh, default=None))


def _log_identity(lake: Lake, source: str) -> str:
    """A log is told from one that was there before it by the moment of its first commit."""
    return next(lake.commits(source)).committed_at.isoformat()


def _bronze_table(source: str, table: str, files: TableFiles) -> BronzeTable:
    version = max((file.last_batch for file in files.files), default=0)
    return BronzeTable(source, bronze_view(source, table), files.paths, version)


def engine_type(arrow_type: str) -> str:
    """The engine's name of a Parquet column's type, as far as casts tell types apart."""
    if arrow_type in {"string", "large_string", "string_view"}:
        return "varchar"
    if arrow_type.startswith("timestamp"):
        return "timestamp with time zone" if "tz=" in arrow_type else "timestamp"
    if arrow_type.startswith("date"):
        return "date"
    return arrow_type
