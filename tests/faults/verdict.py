"""Lake against source: the same rows, each transaction once and whole, and no leftovers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import pytest

from tests.faults.disk_traces import Reader
from tests.faults.lake_oracle import SOURCE, current_rows, lake_digest, opened, rows_of, transactions
from tests.faults.shop import TABLES, Digest, Table, canonical_line

Figures = Callable[[str], None]
"""Prints one line."""


class Truth(Protocol):
    """The source, asked by SQL."""

    def digest(self, table: Table) -> Digest: ...
    def lines(self, table: Table) -> set[str]: ...
    def ledger(self) -> set[int]: ...


def same_rows(home: Path, truth: Truth, tables: Iterable[Table] = TABLES) -> int:
    """Assert that lake and source agree by hash; says how many rows that are."""
    rows = 0
    for table in tables:
        of_source, of_lake = truth.digest(table), lake_digest(home, table)
        if of_lake != of_source:
            pytest.fail(
                f"{table.name}: the lake has {of_lake}, the source {of_source}\n"
                + differences(home, table, truth.lines(table))
            )
        rows += of_source.rows
    return rows


def differences(home: Path, table: Table, in_source: set[str], most: int = 3) -> str:
    """A few rows that differ, and what the lake was told of each, for whoever has to find out why."""
    files = opened(home).live_files(SOURCE)[table.name]
    in_lake = {canonical_line(table, row) for row in current_rows(table, files)}
    only_lake, only_source = sorted(in_lake - in_source)[:most], sorted(in_source - in_lake)[:most]
    told = [f"only in the lake: {line}" for line in only_lake]
    told += [f"only in the source: {line}" for line in only_source]
    keys = {line.split("|")[0] for line in only_lake + only_source}
    for row in rows_of(files):
        if str(row[table.names[0]]) in keys:
            shown = {name: str(value)[:30] for name, value in row.items()}
            told.append(f"told: {shown}")
    return "\n".join(told)


def every_transaction_once(home: Path, truth: Truth, *, overlap: bool = False) -> int:
    """Assert that each transaction is told once, whole, and in one batch; says how many there are.

    With `overlap` a stream may tell again what a snapshot already has.
    """
    found, entries = transactions(home), truth.ledger()
    known = set(found.streamed) | set(found.copied)
    assert not entries - known, f"lost: {sorted(entries - known)[:10]}"
    assert not known - entries, f"never committed: {sorted(known - entries)[:10]}"
    twice = {number for number, count in {**found.copied, **found.streamed}.items() if count > 1}
    assert not twice, f"told twice: {sorted(twice)[:10]}"
    again = set(found.streamed) & set(found.copied)
    assert overlap or not again, f"in the snapshot and told again: {sorted(again)[:10]}"
    for number in found.streamed:
        promised, told = found.promised[number], found.told.get(number, 0)
        assert told == promised, f"transaction {number} wrote {promised} row versions, {told} are told"
    if not overlap:
        doubled = [number for number in found.copied if found.told.get(number)]
        assert not doubled, f"rows told again that a snapshot has: {doubled[:10]}"
    split = [number for number, batches in found.batches.items() if len(batches) > 1]
    assert not split, f"transactions cut by the end of a batch: {split[:10]}"
    cut = [position for position, batches in found.positions.items() if len(batches) > 1]
    assert not cut, f"positions cut by the end of a batch: {cut[:10]}"
    return len(entries)


def lake_is_whole(home: Path) -> None:
    """Assert that every file is what its commit says, and that no file is there which no commit names."""
    opened(home).verify(SOURCE)
    traces = Reader(home / "data" / "lake" / SOURCE).read()
    assert not traces.orphans, f"left behind: {traces.orphans}"
    assert not traces.temporary, f"left behind: {traces.temporary}"
    assert not traces.torn, "the journal ends in half a record"
