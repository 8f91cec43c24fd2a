"""Which run a schedule wants next, given what is settled and what became of its last moment. Runs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from amalimart.control.job_runs import Tries
from amalimart.core.jobs import CatchUp, JobSchedule, RunState
from amalimart.orchestrate.scheduling.moments import newest, next_moment

MOST_CAUGHT_UP = 100
"""So many missed moments are run after one another at most; older ones are passed over."""

MOST_ABANDONED = 5
"""A moment whose runs never end, because each takes the whole process with it, is given up after so many."""

PUNCTUAL = timedelta(minutes=10)
"""A moment is not missed before it is that long ago: another job may have been running."""

_LONGEST_PAUSE = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Due:
    """What to do for a schedule now.

    moment         to be run; None where nothing is due
    settled_until  older moments are passed over, and this is to be noted; None where it stands
    is_bounded     older ones would be run as well if there were no bound
    """

    moment: datetime | None
    settled_until: datetime | None = None
    is_bounded: bool = False


def due(
    schedule: JobSchedule, zone: ZoneInfo, settled: datetime | None, tries: Tries | None, now: datetime
) -> Due:
    """What a schedule wants at a moment.

    A job that is seen for the first time has missed nothing. A clock that was set back lets moments come
    again; that one which succeeded does not run twice is seen to where runs begin.
    """
    if settled is None or settled > now:
        return Due(None, settled_until=now)
    begun = tries.newest.scheduled_for if tries else None
    missed = [
        moment for moment in newest(schedule.cron, zone, settled, now, MOST_CAUGHT_UP + 1) if moment != begun
    ]
    again = retry_at(schedule, tries, now)
    if again is not None and (not missed or schedule.catch_up is CatchUp.ALL):
        return Due(begun if again <= now else None)
    if not missed:
        return Due(None)
    if schedule.catch_up is CatchUp.ALL:
        return Due(missed[-MOST_CAUGHT_UP:][0], is_bounded=len(missed) > MOST_CAUGHT_UP)
    last = missed[-1]
    if schedule.catch_up is CatchUp.NONE and now - last > PUNCTUAL:
        return Due(None, settled_until=last)
    return Due(last)


def retry_at(schedule: JobSchedule, tries: Tries | None, now: datetime) -> datetime | None:
    """When the last moment is to be tried again; None where it has succeeded, runs, or is given up."""
    if tries is None or tries.newest.state in {RunState.SUCCEEDED, RunState.RUNNING}:
        return None
    if tries.failed > schedule.retries or tries.abandoned > MOST_ABANDONED:
        return None
    ended = tries.newest.ended_at or tries.newest.started_at
    if tries.newest.state is RunState.ABANDONED or ended > now:  # the clock was set back
        return now
    pause = schedule.retry_after_seconds * 2.0 ** (tries.failed - 1)
    return ended + min(timedelta(seconds=pause), _LONGEST_PAUSE)


def is_given_up(schedule: JobSchedule, tries: Tries | None, now: datetime) -> bool:
    """Whether the last moment has failed and is not tried again."""
    has_failed = tries is not None and tries.newest.state in {RunState.FAILED, RunState.ABANDONED}
    return has_failed and retry_at(schedule, tries, now) is None


def next_run(
    schedule: JobSchedule, zone: ZoneInfo, settled: datetime | None, tries: Tries | None, now: datetime
) -> datetime | None:
    """When it runs next, as far as can be said now; for people."""
    again = retry_at(schedule, tries, now)
    coming = next_moment(schedule.cron, zone, min(settled, now) if settled else now)
    known = [each for each in (again, coming) if each is not None]
    return min(known, default=None)
