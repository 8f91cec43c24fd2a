"""What the lake holds, in the words of the warehouse: bronze views, landed types, positions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from pathlib import Path

from amalimart.lake.commit import Column, Commit, DataFile
from amalimart.lake.journal import JournalPart
from amalimart.lake.lake import Lake
from amalimart.lake.live import Replaced, TableFiles
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.warehouse.arrivals import LakeState
from amalimart.warehouse.bronze import BronzeFiles, BronzeJournal, BronzeRows, BronzeTable
from amalimart.warehouse.project.project_files import LandedSource, bronze_view
from amalimart.warehouse.releases.release_log import SourcePosition
from amalimart.warehouse.staging.landed import history_view
from amalimart.warehouse.staging.tracked import tables_with_history

_WHOLE = ("int8", "int16", "int32", "int64")
_FLOATING = ("float", "double")
_DECIMAL = re.compile(r"decimal128\((\d+), (\d+)\)")
_MOST_DIGITS = 38


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
        positions[source] = SourcePosition(lake.identity(source) or "", latest.version)
        if latest.fresh_as_of is not None:
            fresh.append(latest.fresh_as_of)
        tables += [_bronze_table(source, table, files) for table, files in landed.items()]
        past = tables_with_history(mapping) & landed.keys()
        tables += [_history(source, table, landed[table]) for table in sorted(past)]
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
    """The mapped tables that hold something; one whose files were all discarded has not landed."""
    return {
        table: files
        for table, files in sorted(lake.live_files(source).items())
        if mapping.may_land(table) and (files.files or files.journal)
    }


def _bronze_table(source: str, table: str, files: TableFiles) -> BronzeTable:
    return BronzeTable(
        source=source,
        view=bronze_view(source, table),
        version=files.last_batch,
        snapshot=files.snapshot_version,
        rows_of=lambda after: _bronze_rows(files.after(after), _types(files)),
    )


def _history(source: str, table: str, files: TableFiles) -> BronzeTable:
    """What snapshots replaced, as a view of its own; it never has news, because a snapshot builds anew."""
    return BronzeTable(
        source=source,
        view=history_view(source, table),
        version=0,
        snapshot=0,
        rows_of=lambda _after: _rows_of_history(files, _types(files)),
    )


def _rows_of_history(files: TableFiles, types: Mapping[str, str]) -> BronzeRows:
    """As far back as files are kept whose columns can be read as those of today."""
    kept: list[Replaced] = []
    for _, era in groupby(reversed(files.history), key=lambda replaced: replaced.by):
        replaced = list(era)
        if not all(each.file is not None and _fits(each.file, types) for each in replaced):
            break
        kept = [*replaced, *kept]
    past = tuple(each.file for each in kept if each.file is not None)
    found = _bronze_rows(replace(files, files=past, journal=()), types)
    marks = {each.by: each.moment for each in kept}
    return replace(found, replaced=tuple(marks.items()), columns=tuple(types))


def _fits(file: DataFile, types: Mapping[str, str]) -> bool:
    return all(
        _common_type({engine_type(column.type), types[column.name]} - {"null"} or {"null"})
        == types[column.name]
        for column in file.columns
        if column.name in types
    )


def _bronze_rows(files: TableFiles, types: Mapping[str, str]) -> BronzeRows:
    paths: dict[frozenset[str], list[Path]] = {}
    parts: dict[frozenset[str], list[JournalPart]] = {}
    for file, path in zip(files.files, files.paths, strict=True):
        paths.setdefault(_as_text(file.columns, types), []).append(path)
    for part in files.journal:
        parts.setdefault(_as_text(part.columns, types), []).append(part)
    return BronzeRows(
        files=tuple(BronzeFiles(tuple(alike), as_text) for as_text, alike in paths.items()),
        journal=tuple(BronzeJournal(tuple(alike), as_text) for as_text, alike in parts.items()),
    )


def _as_text(columns: tuple[Column, ...], types: Mapping[str, str]) -> frozenset[str]:
    """The columns that have another type elsewhere and are therefore read as text."""
    return frozenset(
        column.name
        for column in columns
        if types.get(column.name) == "varchar" and engine_type(column.type) not in {"varchar", "null"}
    )


def _types(files: TableFiles) -> dict[str, str]:
    """The type of each column over files and journal."""
    found: dict[str, set[str]] = {}
    for columns in [*(file.columns for file in files.files), *(part.columns for part in files.journal)]:
        for column in columns:
            found.setdefault(column.name, set()).add(engine_type(column.type))
    return {column: _common_type(types - {"null"} or types) for column, types in found.items()}


def _common_type(types: set[str]) -> str:
    """The type that holds every value: of numbers of one kind the widest, else text."""
    if len(types) == 1:
        return next(iter(types))
    for kinds in (_WHOLE, _FLOATING):
        if types <= set(kinds):
            return max(types, key=kinds.index)
    if all(match := [_DECIMAL.fullmatch(kind) for kind in types]):
        digits = max(int(found[1]) - int(found[2]) for found in match if found)
        scale = max(int(found[2]) for found in match if found)
        if digits + scale <= _MOST_DIGITS:
            return f"decimal128({digits + scale}, {scale})"
    return "varchar"


def engine_type(arrow_type: str) -> str:
    """The engine's name of a Parquet column's type, as far as casts tell types apart."""
    if arrow_type in {"string", "large_string", "string_view"} or "<values=string" in arrow_type:
        return "varchar"
    if arrow_type.startswith("timestamp"):
        return "timestamp with time zone" if "tz=" in arrow_type else "timestamp"
    if arrow_type.startswith("date"):
        return "date"
    return arrow_type
