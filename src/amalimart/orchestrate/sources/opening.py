"""From a source's settings to something that can be read, and its progress in one line."""

from __future__ import annotations

from collections.abc import Callable

from amalimart.config.project import Project
from amalimart.config.source_settings import SourceSettings
from amalimart.core.clock import SystemClock
from amalimart.observe.progress import Step
from amalimart.orchestrate.project.lake_opening import open_lake
from amalimart.orchestrate.sources.file_stores import file_store
from amalimart.sources import (
    FileDropSource,
    PostgresPollingSource,
    PostgresStreamingSource,
    Progress,
    Source,
    TableProgress,
)
from amalimart.sources.files.ledger import Ledger
from amalimart.sources.landed_rows import LakeRows
from amalimart.sources.mysql.source import MySQLSource


def open_source(project: Project, name: str, settings: SourceSettings) -> Source:
    """The source of one entry of amalimart.yml. Raises ConfigError where a secret is not set."""
    where = f"{project.settings_file}: sources.{name}"
    lake = open_lake(project, SystemClock())
    if settings.url is not None:
        address = project.secret(settings.url, where)
        if settings.kind == "mysql":
            return MySQLSource(address)
        if settings.capture == "poll":
            return PostgresPollingSource(
                address,
                deletes_every=settings.deletes_every_minutes * 60.0,
                landed=LakeRows(lake, name),
            )
        own = capture_name(name, lake.identity(name))
        return PostgresStreamingSource(address, slot=own, publication=own)
    return FileDropSource(file_store(project, name, settings), Ledger(lake, name))


def capture_name(source: str, identity: str | None) -> str:
    """Name of the slot and the publication that a source's lake owns in the shop's database.

    Two lakes that follow one database must not share a slot. Before its first writer a lake has no
    identity yet, and nothing there either.
    """
    return f"amalimart_{source[:40]}_{(identity or 'new')[:8]}"


RowsRead = Callable[[int, int, str], None]
"""Rows so far, rows that there are believed to be (0: unknown), and the table that is read."""


def _nobody(_done: int, _total: int, _table: str) -> None:
    """Nobody listens."""


def rows_in(shown: Step, told: RowsRead = _nobody) -> Progress:
    """Progress of an ingest as rows of one running step, all tables together; `told` hears of them too."""
    rows: dict[str, int] = {}

    def note(table: TableProgress) -> None:
        rows[table.table] = table.rows
        done = sum(rows.values())
        known = table.estimate is not None and table.left is not None
        total = done - table.rows + max(table.estimate or 0, table.rows) + (table.left or 0) if known else 0
        rate = f"{table.rows_per_second:,.0f} rows/s"
        shown(done, total, f"{table.table} ({table.number} of {table.of} tables) · {rate}")
        told(done, total, table.table)
        for column, count in table.replaced.items():
            if table.done:
                shown.warn(f"{table.table}.{column}: {count:,} values without an exact form became null")

    return note
