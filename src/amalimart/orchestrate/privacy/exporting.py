"""Everything that is held about one person, from the lake, the warehouse and the quarantine; and as files."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from amalimart.core.errors import ConfigError
from amalimart.core.privacy import PersonTable, TableCount
from amalimart.lake.durable import guarded
from amalimart.mapping.personal_rows import columns_naming_people
from amalimart.orchestrate.privacy.lake_rows import LakePeople, of_person
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.personal_rows import count_of, quarantined_of, rows_of, tables_naming

LAKE, WAREHOUSE, QUARANTINE = "lake", "warehouse", "quarantine"
SUMMARY = "export.json"


def held_about(people: LakePeople, hot_file: HotFile, person: str) -> Iterator[PersonTable]:
    """Every table with rows that refer to a person; of the lake every version of them."""
    for landed, versions in people.related(of_person(person)):
        names = tuple(versions.column_names)
        values = tuple(tuple(row[name] for name in names) for row in versions.to_pylist())
        yield PersonTable(LAKE, landed, names, values)
    if hot_file.latest_release() is None:
        return
    with hot_file.read() as transaction:
        naming = tables_naming(transaction, columns_naming_people())
        for table, columns in naming.items():
            found = rows_of(transaction, table, columns, person)
            if found.rows:
                yield PersonTable(WAREHOUSE, str(table), found.columns, found.rows)
        rejected = quarantined_of(transaction, naming, person)
        if rejected.rows:
            yield PersonTable(QUARANTINE, str(rejected.table), rejected.columns, rejected.rows)


def counted_in_warehouse(hot_file: HotFile, person: str) -> tuple[TableCount, ...]:
    """Tables of the warehouse with rows that refer to a person."""
    if hot_file.latest_release() is None:
        return ()
    with hot_file.read() as transaction:
        counts = [
            TableCount(str(table), count_of(transaction, table, columns, person), 1)
            for table, columns in tables_naming(transaction, columns_naming_people()).items()
        ]
    return tuple(each for each in counts if each.rows)


def write_export(folder: Path, person: str, tables: Sequence[Mapping[str, Any]]) -> tuple[Path, ...]:
    """Write tables as JSON and CSV, readable by their owner only, into a folder that is new or empty.

    Raises ConfigError for the folder, DiskFull.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise ConfigError(
            "what is held about a person is written into a new or empty folder only",
            where=str(folder),
            next_step="give another folder",
        )
    written: list[Path] = []
    with guarded("writing what is held about a person", folder, lambda: "nothing was changed"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for table in tables:
            stem = f"{table['layer']}.{table['table']}".replace("/", "_")
            columns, rows = table["columns"], table["rows"]
            listed = [dict(zip(columns, row, strict=True)) for row in rows]
            written.append(_write(folder / f"{stem}.json", json.dumps(listed, ensure_ascii=False, indent=1)))
            written.append(_write_csv(folder / f"{stem}.csv", columns, rows))
        summary = {
            "user": person,
            "tables": [
                {"layer": table["layer"], "table": table["table"], "rows": len(table["rows"])}
                for table in tables
            ],
        }
        written.append(_write(folder / SUMMARY, json.dumps(summary, ensure_ascii=False, indent=1)))
    return tuple(written)


def _write(path: Path, content: str) -> Path:
    with os.fdopen(_created(path), "w", encoding="utf-8") as stream:
        stream.write(content + "\n")
    return path


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    with os.fdopen(_created(path), "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def _created(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
