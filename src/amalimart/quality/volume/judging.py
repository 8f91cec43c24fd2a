"""Judging periods of a series: a day, a week, a quarter, a year, weeks of slow loss, missing days.

Whatever is judged, nothing is learnt from its days nor from any later one, so that a judgement stays what it
is when more days come. Missing days are counted, not estimated.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.quality import Verdict
from amalimart.quality.volume.band import band
from amalimart.quality.volume.judgement import Judgement, Scope, cannot_tell
from amalimart.quality.volume.outlook import Outlook
from amalimart.quality.volume.regression import Fit, fit, reach_before
from amalimart.quality.volume.series import History, days_of
from amalimart.quality.volume.tiers import TERMS, Reach, Tier
from amalimart.quality.volume.verdicts import SIGMAS, over, verdict_on

SLOW_LOSS_DAYS = (14, 28)
# What lies further ahead needs more to be foreseen by.
_LEAST_TIER = {
    Scope.DAY: Tier.WEEKDAYS,
    Scope.WEEK: Tier.WEEKDAYS,
    Scope.QUARTER: Tier.QUARTERS,
    Scope.YEAR: Tier.YEARS,
}
_LEAST_SHARE = 0.5
_MOST_TELLING = (Verdict.CANNOT_TELL, Verdict.PASSED, Verdict.FAILED)


class VolumeJudge:
    """Judges one history; weights that were fitted for one judgement serve the others of the same week."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._subject = history.series.subject
        self._fits: dict[date, Fit] = {}

    def day(self, day: date) -> Judgement:
        """Whether one day has the rows that are expected of it."""
        return self._of_calendar(Scope.DAY, day)

    def week(self, day: date) -> Judgement:
        """Whether the week of that day has; it begins on a Monday."""
        return self._of_calendar(Scope.WEEK, day)

    def quarter(self, day: date) -> Judgement:
        """Whether the quarter of that day has what its days add up to, foreseen before it began."""
        return self._of_calendar(Scope.QUARTER, day)

    def year(self, day: date) -> Judgement:
        """Whether the year of that day has, likewise."""
        return self._of_calendar(Scope.YEAR, day)

    def slow_loss(self, day: date) -> Judgement:
        """Whether a few percent have been missing over the weeks that end with that day.

        The windows that the history allows are each held against a level from before them. Days that stand
        out by themselves are left out: they are told of on their own.
        """
        self._history.series.require(DayRange(day, day))
        windows = [DayRange(day - timedelta(days=length - 1), day) for length in SLOW_LOSS_DAYS]
        reaches = {window: reach_before(self._history, window.first) for window in windows}
        possible = [window for window in windows if reaches[window].tier is not Tier.NONE]
        if not possible:
            reach = reaches[windows[0]]
            return cannot_tell(Scope.SLOW_LOSS, self._subject, windows[0], reach, reach.lacking[0])
        fitted = self._fitted(possible[-1].first)
        found = [self._compared(Scope.SLOW_LOSS, window, fitted, reaches[window]) for window in possible]
        return max(found, key=lambda each: (_MOST_TELLING.index(each.verdict), each.days.days))

    def missing(self, days: DayRange) -> Judgement:
        """Whether each of these days has a count; acknowledged ones aside."""
        self._history.series.require(days)
        gaps = tuple(day for day in self._history.series.gaps(days) if day not in self._history.acknowledged)
        named = ", ".join(str(day) for day in gaps[:3]) + (", ..." if len(gaps) > 3 else "")
        told = f"has nothing of {len(gaps)} of the {days.days} days" if gaps else "has each day"
        return Judgement(
            Scope.MISSING,
            self._subject,
            days,
            Verdict.FAILED if gaps else Verdict.PASSED,
            Tier.NONE,
            (),
            f"{self._subject} {told} from {days.first} to {days.last}{': ' if gaps else ''}{named}.",
            expected=0,
            low=0,
            high=0,
            actual=len(gaps),
            left_out=gaps,
        )

    def _of_calendar(self, scope: Scope, day: date) -> Judgement:
        self._history.series.require(DayRange(day, day))
        start = scope.grain.start(day)
        days = DayRange(start, scope.grain.next_start(start) - timedelta(days=1))
        reach = reach_before(self._history, start)
        needed = _LEAST_TIER[scope]
        if days.last > self._history.series.last:
            why = f"it is not over before {days.last}"
        elif reach.tier is Tier.NONE:
            why = reach.lacking[0]
        elif reach.tier < needed:
            why = next(each for each in reach.lacking if each.startswith(TERMS[needed]))
        else:
            return self._compared(scope, days, self._fitted(start), reach)
        return cannot_tell(scope, self._subject, days, reach, why)

    def _fitted(self, before: date) -> Fit:
        """Weights from whole weeks, where that costs the history no tier."""
        monday = Grain.WEEK.start(before)
        if reach_before(self._history, monday).tier == reach_before(self._history, before).tier:
            before = monday
        if before not in self._fits:
            self._fits[before] = fit(self._history, before)
        return self._fits[before]

    def _compared(self, scope: Scope, days: DayRange, fitted: Fit, reach: Reach) -> Judgement:
        counted = self._counted(scope, days)
        known = [day for day in counted if day.weekday() in fitted.weekdays]
        outlook = Outlook(self._history, fitted, days.first)
        if scope is Scope.SLOW_LOSS:
            known = [day for day in known if self._is_ordinary(outlook, day)]
        if not known or len(known) < days.days * _LEAST_SHARE:
            why = f"only {len(known)} of {days.days} days can be compared"
            if scope is Scope.DAY:
                why = f"no {days.first:%A} is known" if counted else "it has no count"
            return cannot_tell(scope, self._subject, days, reach, why)
        found = verdict_on(scope, self._history, days, known, outlook.expected(known), reach)
        if scope is Scope.SLOW_LOSS and found.verdict is Verdict.FAILED and not self._goes_on(outlook, known):
            return over(found)
        return found

    def _goes_on(self, outlook: Outlook, days: Sequence[date]) -> bool:
        """Whether the newest week lacks at least half the share that the whole window does."""
        lacking = [self._missing_share(outlook, each) for each in (days, days[-7:])]
        return lacking[1] >= lacking[0] / 2

    def _missing_share(self, outlook: Outlook, days: Sequence[date]) -> float:
        return 1 - sum(self._history.series.counts[day] for day in days) / outlook.expected(days).total

    def _counted(self, scope: Scope, days: DayRange) -> Sequence[date]:
        """The days of a period to compare; a single day is asked for by name, acknowledged or not."""
        if scope is Scope.DAY:
            return [day for day in days_of(days) if day in self._history.series.counts]
        return self._history.usable(days)

    def _is_ordinary(self, outlook: Outlook, day: date) -> bool:
        low, high = band(outlook.expected([day]), SIGMAS[Scope.DAY])
        return low <= self._history.series.counts[day] <= high
