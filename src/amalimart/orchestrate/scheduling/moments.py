"""The moments of a cron expression in a time zone, with its daylight-saving rules.

A fixed time (neither minute nor hour starts with `*`) that does not exist on a day comes at the first minute
that does; one that exists twice comes the first time. Every other expression follows the clock on the wall:
an hour that is left out has no moment, one that comes twice has its moments twice. This holds where clocks
change by whole hours, which is everywhere but on Lord Howe Island.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim

# The library counts on from the clock on the wall; begun well before, no change of that clock lies between.
_AHEAD = timedelta(hours=26)
_FIRST_WINDOW = timedelta(days=1)


def moments(cron: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Every moment after an instant, as UTC instants in their order; ends where none comes for 50 years."""
    last = after
    for local in CronSim(cron, (after - _AHEAD).astimezone(zone)):
        moment = local.astimezone(UTC)
        if moment > last:  # none twice, where two times of a day fall on one
            last = moment
            yield moment


def next_moment(cron: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first moment after an instant."""
    return next(moments(cron, zone, after), None)


def newest(cron: str, zone: ZoneInfo, after: datetime, until: datetime, at_most: int) -> list[datetime]:
    """The newest moments after one instant up to another, oldest first, without a look at all of them."""
    window = _FIRST_WINDOW
    while True:
        start = max(after, until - window)
        found = list(takewhile(lambda moment: moment <= until, moments(cron, zone, start)))
        if len(found) >= at_most or start == after:
            return found[-at_most:]
        window *= 8
