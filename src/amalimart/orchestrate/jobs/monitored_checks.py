"""The jobs `quality_batch` to `quality_year`: the monitored checks that are due as often as their word says.

A check that fails fails no job: what it found is kept, and is an incident of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from amalimart.core.errors import NothingPublished
from amalimart.orchestrate.quality.desk import QualityDesk
from amalimart.orchestrate.scheduling.job import JobContext, waits_for_a_release
from amalimart.quality.shapes import Every


class MonitoredChecksJob:
    """Runs the checks of one schedule word."""

    off = None

    def __init__(self, desk: QualityDesk, every: Every) -> None:
        self._desk = desk
        self._every = every
        self.name = f"quality_{every.value}"
        self.does = f"Runs the monitored checks that are due every {every.value}."

    def run(self, context: JobContext) -> Mapping[str, Any]:
        """Looks at nothing before there is a release."""
        context.check()
        try:
            found = self._desk.run(every=self._every)
        except NothingPublished:
            return waits_for_a_release()
        verdicts = Counter(result.verdict.value for result in found.results)
        return {"verdicts": dict(verdicts), "not_run": sorted(found.not_run)}
