"""The job `forget`: removes incidents that are over for long, and messages that are as old."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from amalimart.config.project import Project
from amalimart.control.incidents.trimming import IncidentTrimming
from amalimart.orchestrate.scheduling.job import JobContext


class ForgetJob:
    """Keeps what `notify.keep_days` says."""

    name = "forget"
    does = "Removes incidents that are over, and messages about them, when they are old enough."
    off = None

    def __init__(self, project: Project, trimming: IncidentTrimming) -> None:
        self._project = project
        self._trimming = trimming

    def run(self, context: JobContext) -> Mapping[str, Any]:
        """What was removed."""
        context.check()
        gone = self._trimming.trim(timedelta(days=self._project.settings.notify.keep_days))
        return {"incidents": gone.incidents, "messages": gone.messages}
