"""Which scheduled questions are due: of each the newest moment that has passed, however many were missed."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from amalimart.control.question_schedules import QuestionSchedule, QuestionSchedules
from amalimart.core.jobs import CatchUp, JobSchedule
from amalimart.orchestrate.scheduling.due import due
from amalimart.orchestrate.scheduling.moments import next_moment


class DueQuestions:
    """Looks at all schedules; what is not due before a moment is not computed again until then."""

    def __init__(self, schedules: QuestionSchedules, zone: ZoneInfo) -> None:
        self._schedules = schedules
        self._zone = zone
        self._coming: dict[str, tuple[str, datetime, datetime | None]] = {}

    def at(self, now: datetime) -> list[tuple[QuestionSchedule, datetime]]:
        """Each with its moment, the oldest moment first. A clock that was set back makes nothing due."""
        active = self._schedules.active()
        self._coming = {each.schedule_id: self._next(each) for each in active}
        found = []
        for each in active:
            coming = self._coming[each.schedule_id][2]
            if each.settled_until > now or (coming is not None and coming <= now):
                wanted = due(_as_job(each), self._zone, each.settled_until, None, now)
                if wanted.settled_until is not None:
                    self._schedules.settle(each.schedule_id, wanted.settled_until)
                if wanted.moment is not None:
                    found.append((each, wanted.moment))
        return sorted(found, key=lambda pair: (pair[1], pair[0].schedule_id))

    def _next(self, schedule: QuestionSchedule) -> tuple[str, datetime, datetime | None]:
        cron, settled = schedule.wish.recurrence.cron, schedule.settled_until
        known = self._coming.get(schedule.schedule_id)
        if known is not None and known[:2] == (cron, settled):
            return known
        return cron, settled, next_moment(cron, self._zone, settled)


def _as_job(schedule: QuestionSchedule) -> JobSchedule:
    """Tries of a moment are counted by its run, not here."""
    cron = schedule.wish.recurrence.cron
    return JobSchedule(schedule.schedule_id, cron, True, CatchUp.LATEST, 0, 60.0, 60.0)
