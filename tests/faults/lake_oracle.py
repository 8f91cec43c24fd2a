"""What the lake says, worked out in plain Python: the oracle that every test compares the source with.

Reads rows through the lake's front door and applies what each row means by itself: the latest of a key
by (_batch, _sequence), deletes and truncates obeyed, a value that the source did not repeat taken from
the row before.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from amalimart.core.clock import SystemClock
from amalimart.lake import Lake, TableFiles
from tests.faults.shop import STAMPED, Digest, Table, digest_of

SOURCE = "shop"
_OWN = ("_op", "_batch", "_sequence", "_position", "_committed_at", "_unchanged")


def opened(home: Path) -> Lake:
    """A fresh reader of a project's lake."""
    return Lake(home / "data" / "lake", SystemClock())


def pieces(files: TableFiles) -> Iterator[pa.Table]:
    """The rows of one table, file by file and batch by batch."""
    for path in files.paths:
        yield pq.ParquetFile(path).read()
    for part in files.journal:
        yield part.read()


def what_is_live(lake: Lake) -> Mapping[str, tuple[object, ...]]:
    """Table -> its files and the batches of it in the journal, as one reader has them in mind."""
    return {
        table: (files.files, [(part.version, part.rows) for part in files.journal])
        for table, files in lake.live_files(SOURCE).items()
    }


def rows_of(files: TableFiles) -> list[dict[str, Any]]:
    """Every row in the order of the source. A column a piece lacks is absent from its rows."""
    rows = [row for piece in pieces(files) for row in piece.to_pylist()]
    rows.sort(key=lambda row: (row["_batch"], row["_sequence"]))
    return rows


def current_rows(table: Table, files: TableFiles | None) -> list[dict[str, Any]]:
    """The rows as they stand after everything that was said."""
    current: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows_of(files) if files is not None else ():
        operation = row["_op"]
        if operation == "truncate":
            current.clear()
            continue
        key = tuple(row[column] for column in table.key)
        if operation == "delete":
            current.pop(key, None)
            continue
        values = {column: row.get(column) for column in table.names}
        for column in row["_unchanged"] or ():
            assert key in current, f"{table.name} {key}: {column} is unchanged, and no row stands before"
            values[column] = current[key][column]
        current[key] = values
    return list(current.values())


def lake_digest(home: Path, table: Table) -> Digest:
    """The digest of a table as the lake has it."""
    files = opened(home).live_files(SOURCE).get(table.name)
    return digest_of(table, current_rows(table, files))


def holds_entry(lake: Lake, number: int) -> bool:
    """Whether the ledger's row of a transaction has arrived, as a reader that looks now and then sees it."""
    files = lake.live_files(SOURCE).get("ledger")
    if files is None:
        return False
    for part in reversed(files.journal):
        if number in part.read().column("entry_id").to_pylist():
            return True
    return any(
        number in pq.read_table(path, columns=["entry_id"])["entry_id"].to_pylist() for path in files.paths
    )


@dataclass(frozen=True)
class Transactions:
    """How the lake tells the source's transactions.

    streamed     ledger entry -> in how many upserts it is told
    copied       ledger entry -> in how many rows of a snapshot
    promised     ledger entry -> row versions it says its transaction wrote
    told         transaction number -> upserts stamped with it
    batches      transaction number -> the batches its upserts are in
    positions    the source's position -> the batches that hold rows of it
    """

    streamed: Mapping[int, int]
    copied: Mapping[int, int]
    promised: Mapping[int, int]
    told: Mapping[int, int]
    batches: Mapping[int, set[int]]
    positions: Mapping[str, set[int]]


def transactions(home: Path) -> Transactions:
    """Read what live rows say of transactions."""
    live = opened(home).live_files(SOURCE)
    counts: dict[str, Counter[int]] = {"upsert": Counter(), "snapshot": Counter()}
    promised: dict[int, int] = {}
    told: Counter[int] = Counter()
    batches: dict[int, set[int]] = defaultdict(set)
    positions: dict[str, set[int]] = defaultdict(set)
    for entry, wrote, operation, batch in _columns(
        live, "ledger", "entry_id", "rows_written", "_op", "_batch"
    ):
        counts[operation][entry] += 1
        promised[entry] = wrote
        if operation == "upsert":
            batches[entry].add(batch)
    for table in STAMPED:
        for number, operation, batch in _columns(live, table.name, "transaction_no", "_op", "_batch"):
            if operation == "upsert":
                told[number] += 1
                batches[number].add(batch)
    for table_name in live:
        for position, operation, batch in _columns(live, table_name, "_position", "_op", "_batch"):
            if operation != "snapshot":
                positions[position].add(batch)
    return Transactions(counts["upsert"], counts["snapshot"], promised, told, batches, positions)


def _columns(live: Mapping[str, TableFiles], table: str, *names: str) -> Iterator[tuple[Any, ...]]:
    """Some columns of every row of a table, row by row."""
    for piece in pieces(live[table]) if table in live else ():
        yield from zip(*(piece.column(name).to_pylist() for name in names), strict=True)


__all__ = [
    "SOURCE",
    "Transactions",
    "current_rows",
    "holds_entry",
    "lake_digest",
    "opened",
    "rows_of",
    "transactions",
    "what_is_live",
]
