"""Runs that have begun and were not yet told to have ended, remembered over the death of the process.

One small file a run, in the project's run folder. It need not outlive the machine: a run that nothing is
known of after that lacks its end, and nothing else is wrong.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from amalimart.catalog.openlineage.values import BuildRun


class OpenRuns:
    """The open runs of one project."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def remember(self, run: BuildRun) -> None:
        """Note a run before anything is told of it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._folder / f"{run.run_id}.{os.getpid()}.tmp"
        fresh.write_text(json.dumps({**asdict(run), "started_at": run.started_at.isoformat()}))
        fresh.replace(self._path(run))

    def forget(self, run: BuildRun) -> None:
        """Its end has been told."""
        self._path(run).unlink(missing_ok=True)

    def all(self) -> list[BuildRun]:
        """Every run without an end, the oldest first. A file that cannot be read is removed."""
        found = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                fields = json.loads(path.read_text())
                fields["started_at"] = datetime.fromisoformat(fields["started_at"])
                found.append(BuildRun(**fields))
            except (ValueError, KeyError, TypeError):
                path.unlink(missing_ok=True)
        return sorted(found, key=lambda run: run.started_at)

    def _path(self, run: BuildRun) -> Path:
        return self._folder / f"{run.run_id}.json"
