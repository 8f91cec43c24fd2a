"""make bench-quality: how many seeded anomalies the volume model finds, and how often it cries wolf."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from amalimart.core.calendar import DayRange
from amalimart.core.quality import Verdict
from amalimart.quality.volume.judging import VolumeJudge
from amalimart.quality.volume.series import DailyCounts, History
from amalimart.quality.volume.tiers import Tier
from bench.alarm_score import Score
from bench.figures import Figure, report
from bench.seeded_counts import Seeded, Shop, foreign_shop, seeded, simulated_shop

LAST = date(2026, 9, 30)
_LENGTHS = (150, 420, 800, 1_200)
_SIMULATED_ORDERS = (6_000, 20_000, 400_000)
_SIMULATED_SERIES = 4
_JUDGED = 110
_LEAST = 60
_SIGMAS = 3.0
_SURE = (Seeded.EMPTY, Seeded.HALF, Seeded.DOUBLE)
_SEED = 20_260
_ENOUGH_ROWS = 100
_UNSEEN = "has not been seen yet"
# The least that counts as better.
_BETTER = 0.001


@dataclass
class Scores:
    """The model and the two rules it must beat, on the same series."""

    model: Score = field(default_factory=Score)
    fortnight: Score = field(default_factory=Score)
    weekday: Score = field(default_factory=Score)
    rows_a_day: list[float] = field(default_factory=list)
    tiers: set[Tier] = field(default_factory=set)
    missed: int = 0
    missed_unseen: int = 0

    def add(self, shop: Shop, dice: np.random.Generator) -> None:
        """Seed one shop's last days and let each judge them day after day."""
        first = shop.judged_from(_LEAST, _JUDGED)
        counts, anomalies = seeded(dice, shop, first)
        flagged, tiers, unseen = model_flags(shop, counts, first)
        missed = {each.first for each in anomalies if each.kind in _SURE} - flagged
        self.missed += len(missed)
        self.missed_unseen += len(missed & unseen)
        self.model.add(flagged, anomalies)
        self.fortnight.add(rule_flags(shop, counts, first, range(1, 15)), anomalies)
        self.weekday.add(rule_flags(shop, counts, first, range(7, 57, 7)), anomalies)
        self.rows_a_day.append(statistics.fmean(shop.counts[first:]))
        self.tiers |= tiers

    def tell(self, name: str) -> None:
        """Precision and recall, overall and by kind."""
        rows = f"{min(self.rows_a_day):,.0f} to {max(self.rows_a_day):,.0f} rows a day"
        tiers = ", ".join(tier.name for tier in sorted(self.tiers))
        print(f"{name}: {len(self.rows_a_day)} series, {rows}, tiers {tiers}")
        print(
            f"  of the {', '.join(_SURE)} seeded, {self.missed} are missed; "
            f"{self.missed_unseen} of them on events that the history had not seen"
        )
        for rule, score in (
            ("volume model", self.model),
            ("14-day z-score", self.fortnight),
            ("same-weekday z-score", self.weekday),
        ):
            shares = f"precision {score.precision:.2f}, recall {score.recall():.2f}"
            print(f"  {rule}: {shares}, {score.false_alarms} false alarms; {score.by_kind()}", flush=True)

    def figures(self, name: str) -> list[Figure]:
        """What must hold of them."""
        rules = {"the 14-day z-score": self.fortnight, "the same-weekday z-score": self.weekday}
        better = [
            Figure(f"{name}: {what} above {rule}", difference, "", _BETTER, at_most=False)
            for rule, score in rules.items()
            for what, difference in (
                ("precision", self.model.precision - score.precision),
                ("recall", self.model.recall() - score.recall()),
            )
        ]
        return [
            Figure(f"{name}: precision", self.model.precision, "", 0.75, at_most=False),
            Figure(f"{name}: recall", self.model.recall(), "", 0.5, at_most=False),
            Figure(
                f"{name}: recall of {', '.join(_SURE)}", self.model.recall(*_SURE), "", 0.98, at_most=False
            ),
            *better,
        ]


def model_flags(shop: Shop, counts: Mapping[date, int], first: int) -> tuple[set[int], set[Tier], set[int]]:
    """Places of days of which a judgement failed: missing, itself off, or at the end of weeks of loss.

    Also the tiers, and the places of days of an event whose effect was not known.
    """
    judge = VolumeJudge(History(DailyCounts(shop.name, shop.days[0], shop.days[-1], counts), shop.events))
    flagged, tiers, unseen = set(), set(), set()
    for place in range(first, len(shop.days)):
        day = shop.days[place]
        judgements = (judge.day(day), judge.slow_loss(day), judge.missing(DayRange(day, day)))
        tiers.add(judgements[0].tier)
        if any(told.endswith(_UNSEEN) for told in judgements[0].not_estimated):
            unseen.add(place)
        if any(judgement.verdict is Verdict.FAILED for judgement in judgements):
            flagged.add(place)
    return flagged, tiers, unseen


def rule_flags(shop: Shop, counts: Mapping[date, int], first: int, days_back: range) -> set[int]:
    """Places more than three standard deviations off the mean of those days; a missing day counts as 0."""
    values = np.array([counts.get(day, 0) for day in shop.days], dtype=np.float64)
    flagged = set()
    for place in range(first, len(values)):
        known = values[[place - back for back in days_back if back <= place]]
        spread = known.std()
        if spread > 0 and abs(values[place] - known.mean()) > _SIGMAS * spread:
            flagged.add(place)
    return flagged


def foreign_scores(series: int, seed: int) -> Scores:
    """Shops of the other family, of every length in turn, ending at many times of the year."""
    dice = np.random.default_rng(seed)
    scores = Scores()
    for number in range(series):
        last = LAST - timedelta(days=37 * number)
        scores.add(foreign_shop(dice, _LENGTHS[number % len(_LENGTHS)], last), dice)
    return scores


def simulated_scores(orders: int, series: int, seed: int) -> Scores:
    """The simulator's shop of so many orders, ending at several times of the year."""
    dice = np.random.default_rng(seed)
    scores = Scores()
    for number in range(series):
        scores.add(simulated_shop(seed + number, orders, LAST - timedelta(days=61 * number)), dice)
    return scores


def milliseconds_a_fit() -> float:
    """Processor time to judge one day of three years from nothing: fit, level, events, band."""
    shop = foreign_shop(np.random.default_rng(1), 1_200, LAST)
    counts = dict(zip(shop.days, shop.counts, strict=True))
    history = History(DailyCounts(shop.name, shop.days[0], shop.days[-1], counts), shop.events)
    VolumeJudge(history).day(LAST)
    taken = []
    for back in range(15):
        started = time.process_time()
        VolumeJudge(history).day(LAST - timedelta(days=back))
        taken.append(1_000 * (time.process_time() - started))
    return statistics.median(taken)


def main() -> None:
    """Entry of `python bench/quality.py`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--series", type=int, default=60, help="shops of the other family")
    parser.add_argument("--seed", type=int, default=_SEED)
    arguments = parser.parse_args()
    figures = [Figure("one series of three years", milliseconds_a_fit(), "ms of one processor", 50)]
    scores = foreign_scores(arguments.series, arguments.seed)
    scores.tell("shops of another family")
    figures += scores.figures("another family")
    for orders in _SIMULATED_ORDERS:
        scores = simulated_scores(orders, _SIMULATED_SERIES, arguments.seed)
        scores.tell(f"simulated shop of {orders:,} orders in two years")
        if min(scores.rows_a_day) >= _ENOUGH_ROWS:
            figures += scores.figures("simulator")
        else:
            print(f"  fewer than {_ENOUGH_ROWS} rows a day: half of them may be chance, so no target is set")
    sys.exit(report(figures))


if __name__ == "__main__":
    main()
