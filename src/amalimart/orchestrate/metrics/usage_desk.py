"""Who asks what, for whoever runs the house: by metric, dashboard, role and door, in figures alone.

It reads what was counted for other reasons: the audit log, the shapes of questions, visits, and what the
engine kept. Looked at no more often than once a minute.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

from amalimart.access.audit_record import Outcome
from amalimart.control.audit.summary import AskedGroup, AuditSummary
from amalimart.control.page_visits import PageVisits
from amalimart.control.question_log import QuestionLog
from amalimart.core.clock import Clock, business_day
from amalimart.core.usage import (
    DashboardUse,
    Ended,
    KeptUse,
    MetricUse,
    RefusedQuestion,
    SlowQuestion,
    Usage,
)

_LOOK_SECONDS = 60.0
_MOST_LISTED = 25
_UNKNOWN = "?"
Lookups = Callable[[], Mapping[tuple[str, str], float]]
"""(what is kept, hit or miss) -> how often, since the engine started."""


class UsageDesk:
    """Of one project. It knows all metrics, by each name that they are asked by, and all dashboards."""

    def __init__(
        self,
        summary: AuditSummary,
        questions: QuestionLog,
        visits: PageVisits,
        lookups: Lookups,
        metrics: Mapping[str, str],
        dashboards: Collection[str],
        clock: Clock,
        zone: ZoneInfo,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._summary, self._questions, self._visits, self._lookups = summary, questions, visits, lookups
        self._metrics, self._dashboards = dict(metrics), frozenset(dashboards)
        self._clock, self._zone, self._elapsed = clock, zone, elapsed
        self._lock = threading.Lock()
        self._kept: dict[int, tuple[float, Usage]] = {}

    def now(self, days: int) -> Usage:
        """The last so many days, as they are or were a minute ago."""
        with self._lock:
            found = self._kept.get(days)
            if found is None or self._elapsed() - found[0] >= _LOOK_SECONDS:
                found = self._kept[days] = (self._elapsed(), self._looked(days))
            return found[1]

    def _looked(self, days: int) -> Usage:
        first = business_day(self._clock, self._zone) - timedelta(days=days - 1)
        groups = self._summary.since(datetime.combine(first, clock_time(), self._zone))
        metrics = sorted(self._by_metric(groups), key=lambda each: (-each.asked, each.metric))
        dashboards = sorted(
            self._by_dashboard(self._visits.since(first)), key=lambda each: (-each.opened, each.dashboard)
        )
        slow = [
            SlowQuestion(shape, tally.count, tally.seconds / tally.count)
            for shape, tally in self._questions.since(first).items()
            if tally.count
        ]
        return Usage(
            days=days,
            since=first,
            metrics=tuple(metrics),
            unused_metrics=tuple(sorted({*self._metrics.values()} - {each.metric for each in metrics})),
            dashboards=tuple(dashboards),
            unused_dashboards=tuple(sorted(self._dashboards - {each.dashboard for each in dashboards})),
            roles=_ended(groups, lambda group: group.role),
            doors=_ended(groups, lambda group: group.door),
            slow=tuple(sorted(slow, key=lambda each: -each.seconds)[:_MOST_LISTED]),
            refused=tuple(_refused(groups, self._metrics)),
            kept=tuple(_kept(self._lookups())),
        )

    def _by_metric(self, groups: Iterable[AskedGroup]) -> Iterator[MetricUse]:
        roles: dict[str, Counter[str]] = defaultdict(Counter)
        doors: dict[str, Counter[str]] = defaultdict(Counter)
        for group in groups:
            if group.outcome == Outcome.ANSWERED:
                for name in {self._metrics[name] for name in _names(group, "metrics") & self._metrics.keys()}:
                    roles[name][group.role] += group.count
                    doors[name][group.door] += group.count
        for name, counts in roles.items():
            yield MetricUse(name, counts.total(), _sorted(counts), _sorted(doors[name]))

    def _by_dashboard(self, visits: Mapping[tuple[str, str], int]) -> Iterator[DashboardUse]:
        roles: dict[str, Counter[str]] = defaultdict(Counter)
        for (dashboard, role), count in visits.items():
            roles[dashboard][role] += count
        for name in roles.keys() & self._dashboards:
            yield DashboardUse(name, roles[name].total(), _sorted(roles[name]))


def _sorted(counts: Counter[str]) -> Mapping[str, int]:
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _names(group: AskedGroup, key: str) -> set[str]:
    """Names that the questions of a call hold; what nobody knows is not among them."""
    questions = (group.shape or {}).get("questions", ())
    return {name for each in questions for name in each.get(key, ())} - {_UNKNOWN}


def _ended(groups: Iterable[AskedGroup], name_of: Callable[[AskedGroup], str]) -> tuple[Ended, ...]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for group in groups:
        counts[name_of(group)][group.outcome] += group.count
    found = [Ended(name, *(ends[outcome.value] for outcome in Outcome)) for name, ends in counts.items()]
    return tuple(sorted(found, key=lambda each: (-each.calls, each.name)))


def _refused(groups: Iterable[AskedGroup], metrics: Mapping[str, str]) -> Iterator[RefusedQuestion]:
    """The most frequent first, as they come; each metric by its own name, whichever it was asked by."""
    listed = [group for group in groups if group.outcome != Outcome.ANSWERED][:_MOST_LISTED]
    for group in listed:
        yield RefusedQuestion(
            group.outcome,
            group.errors,
            group.role,
            group.door,
            tuple(sorted({metrics.get(name, name) for name in _names(group, "metrics")})),
            tuple(sorted(_names(group, "by"))),
            group.count,
        )


def _kept(lookups: Mapping[tuple[str, str], float]) -> Iterator[KeptUse]:
    for kept in dict.fromkeys(name for name, _ in lookups):
        yield KeptUse(kept, int(lookups.get((kept, "hit"), 0)), int(lookups.get((kept, "miss"), 0)))
