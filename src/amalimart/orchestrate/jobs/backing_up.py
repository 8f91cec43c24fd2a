"""The job `backup`: a backup into a folder of its own under the one that the settings name, and only so many.

Only what this job has made is ever removed, and nothing before the new backup is whole.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

from amalimart.config.project import Project
from amalimart.control.database import open_database
from amalimart.control.privacy.erasures import forget_backup
from amalimart.core.clock import Clock
from amalimart.orchestrate.backups.manifest import MANIFEST
from amalimart.orchestrate.backups.taking import back_up
from amalimart.orchestrate.scheduling.job import JobContext

_OURS = re.compile(r"scheduled-\d{8}T\d{12}Z")
_NAMED = "scheduled-%Y%m%dT%H%M%S%fZ"


class BackupJob:
    """Backs one project up."""

    name = "backup"
    does = "Copies everything that cannot be made again, and keeps the newest copies."

    def __init__(self, project: Project, clock: Clock) -> None:
        self._project = project
        self._clock = clock

    @property
    def off(self) -> str | None:
        """Why it cannot run."""
        if self._project.settings.backups.folder is not None:
            return None
        return "no folder is set for it (backups.folder of amalimart.yml)"

    def run(self, context: JobContext) -> Mapping[str, Any]:
        """Raises ConfigError for the folder, DamagedLake, DiskFull, JobTimedOut."""
        settings = self._project.settings.backups
        if settings.folder is None:
            raise AssertionError("a job that is off is not run")
        folder = self._project.home / settings.folder
        target = folder / self._clock.now().astimezone(UTC).strftime(_NAMED)
        try:
            manifest = back_up(self._project, target, self._clock, lambda *_: context.check())
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise
        gone = _beyond(folder, target, settings.keep)
        for old in gone:
            shutil.rmtree(old)
            self._forget(old)
        return {
            "folder": str(target),
            "files": len(manifest.files),
            "bytes": manifest.total_bytes,
            "removed": len(gone),
        }

    def _forget(self, folder: Path) -> None:
        """Nobody has to be told of it any more."""
        database = open_database(self._project.control_database)
        forget_backup(database, folder)
        database.dispose()


def _beyond(folder: Path, newest: Path, keep: int) -> list[Path]:
    """Backups of this job older than those to keep, and what a run that was killed has left."""
    ours = sorted(path for path in folder.iterdir() if _OURS.fullmatch(path.name) and path != newest)
    whole = [path for path in ours if (path / MANIFEST).is_file()]
    beyond = set(whole[: max(0, len(whole) - (keep - 1))])
    return [path for path in ours if path in beyond or path not in whole]
