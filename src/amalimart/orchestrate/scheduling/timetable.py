"""The jobs of a project together with their schedules: which there are, and which do not run and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from amalimart.core.errors import NotFound
from amalimart.core.jobs import JobSchedule
from amalimart.core.names import nearest
from amalimart.orchestrate.scheduling.job import Job


@dataclass(frozen=True, slots=True)
class Timetable:
    """Job by name, its schedule by the same name, and the zone that the schedules speak of."""

    jobs: Mapping[str, Job]
    schedules: Mapping[str, JobSchedule]
    zone: ZoneInfo

    def job(self, name: str) -> Job:
        """The job of a name. Raises NotFound."""
        if name not in self.jobs:
            raise NotFound(
                f"there is no job {name[:100]!r}",
                expected=", ".join(self.jobs),
                nearest=nearest(name[:100], self.jobs),
                next_step="amalimart schedule list",
            )
        return self.jobs[name]

    def off(self, name: str) -> str | None:
        """Why a job does not run by itself; None where it does."""
        return self.jobs[name].off or (None if self.schedules[name].enabled else "it is disabled")


def timetable(jobs: Sequence[Job], schedules: Mapping[str, JobSchedule], zone: ZoneInfo) -> Timetable:
    """Jobs and schedules that belong together."""
    return Timetable({job.name: job for job in jobs}, schedules, zone)
