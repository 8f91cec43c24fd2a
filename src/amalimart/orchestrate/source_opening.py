"""From a source's settings to something that can be read, and its progress in one line."""

from __future__ import annotations

from pathlib import Path

from amalimart.config.project import Project, SourceSettings
from amalimart.core.clock import SystemClock
from amalimart.core.errors import ConfigError
from amalimart.lake import Lake
from amalimart.observe.progress import Step
from amalimart.sources import FileDropSource, PostgresPollingSource, Progress, Source, TableProgress
from amalimart.sources.files.ledger import Ledger
from amalimart.sources.files.local import LocalFolder


def open_source(project: Project, name: str, settings: SourceSettings) -> Source:
    """The source of one entry of amalimart.yml. Raises ConfigError where a secret is not set."""
    where = f"{project.settings_file}: sources.{name}"
    if settings.kind == "postgres" and settings.url is not None:
        return PostgresPollingSource(project.secret(settings.url, where))
    if settings.folder is not None:
        ledger = Ledger(Lake(project.lake, SystemClock()), name)
        return FileDropSource(LocalFolder(in_project(project, settings.folder)), ledger)
    raise ConfigError("a source without a place to read from", where=where)


def in_project(project: Project, path: Path) -> Path:
    """A path of the settings, seen from the project folder."""
    return path if path.is_absolute() else project.home / path


def rows_in(shown: Step) -> Progress:
    """Progress of an ingest as rows of one running step, all tables together."""
    rows: dict[str, int] = {}
    estimates: dict[str, int] = {}

    def note(table: TableProgress) -> None:
        rows[table.table] = table.rows
        estimates[table.table] = max(table.estimate or 0, table.rows)
        complete = len(estimates) == table.of
        total = sum(estimates.values()) if complete else 0
        shown(sum(rows.values()), total, f"{table.table} ({table.number} of {table.of} tables)")
        for column, count in table.replaced.items():
            if table.done:
                shown.warn(f"{table.table}.{column}: {count:,} values without an exact form became null")

    return note
