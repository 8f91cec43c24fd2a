"""Asking a source's ingest process to snapshot again: a request it finds in the run folder.

The request stays until the snapshot is committed, so a process that dies on the way takes it up again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from amalimart.config.project import Project
from amalimart.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Resnapshot:
    """What is to be snapshotted again: the tables named, or with none the whole source anew."""

    tables: tuple[str, ...]


def request_resnapshot(project: Project, source: str, tables: Sequence[str] = ()) -> None:
    """Ask for it; takes the place of an earlier request. Raises ConfigError for an unknown source."""
    if source not in project.settings.sources:
        raise ConfigError(
            f"this project has no source {source!r}",
            where=str(project.settings_file),
            expected=", ".join(project.settings.sources) or "a source",
            next_step="amalimart source list",
        )
    project.run.mkdir(parents=True, exist_ok=True)
    path = _path(project, source)
    fresh = path.with_suffix(f".{os.getpid()}.tmp")
    fresh.write_text(json.dumps({"tables": sorted(set(tables))}))
    fresh.replace(path)


def pending_resnapshot(project: Project, source: str) -> Resnapshot | None:
    """The request that is still open, if there is one. Raises ConfigError where it cannot be read."""
    path = _path(project, source)
    try:
        tables = json.loads(path.read_text())["tables"]
        return Resnapshot(tuple(str(table) for table in tables))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            "the request for a new snapshot cannot be read",
            where=str(path),
            next_step=f"amalimart source resnapshot {source}",
        ) from error


def resnapshot_done(project: Project, source: str) -> None:
    """Forget the request: its snapshot is committed."""
    _path(project, source).unlink(missing_ok=True)


def _path(project: Project, source: str) -> Path:
    return project.run / f"resnapshot-{source}.json"
