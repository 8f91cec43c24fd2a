"""Daily counts with anomalies seeded into them, from two shops that know nothing of the volume model.

`foreign_shop` is of another family than the model: counts add up from parts that the model has no term for (a
level on the plain scale with a wandering slope and lasting shifts, trade on working days that does not grow),
weekdays drift, the year has lopsided peaks, holidays keep people away, sales burst and fade, days hang
together, and the spread has regimes. `simulated_shop` counts the orders of the demo's own simulator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from amalimart.demo.generator.scenario import Scenario
from amalimart.demo.generator.seasons import campaigns, orders_per_day
from amalimart.quality.volume.events import Event, EventCalendar, EventKind
from amalimart.quality.volume.public_holidays import public_holidays

Floats = NDArray[np.float64]
EPOCH = date(1970, 1, 1)


class Seeded(StrEnum):
    """What is done to the counts of a stretch of days."""

    EMPTY = "empty day"
    HALF = "half day"
    DOUBLE = "double day"
    MISSING = "missing day"
    DROP = "mild drop (20-30 % of a day)"
    SLOW = "slow loss (3-10 % over 2-6 weeks)"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One of them, with its first and last place in the series."""

    kind: Seeded
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Shop:
    """Days, their clean counts, and the events that the marketplace would tell of."""

    name: str
    days: tuple[date, ...]
    counts: tuple[int, ...]
    events: EventCalendar

    def judged_from(self, least: int, judged: int) -> int:
        """The first place to judge, after what there must be to learn from."""
        return max(least, len(self.days) - judged)


def foreign_shop(dice: np.random.Generator, length: int, last: date) -> Shop:
    """One shop of the other family, with about 300 to 6,000 rows a day."""
    days = tuple(last - timedelta(days=length - 1 - place) for place in range(length))
    level = _wandering(dice, length)
    trade = dice.uniform(0.0, 0.25) * np.array([float(day.weekday() < 5) for day in days])
    demand = (level * _weekdays(dice, days) * _year(dice, days) + trade) * _paydays(dice, days)
    lift, events = _events(dice, days)
    mean = np.exp(dice.uniform(np.log(300), np.log(6_000))) * demand * lift * _hanging_together(dice, length)
    size = 1 / (dice.uniform(0.03, 0.08) * _regimes(dice, length)) ** 2
    counts = dice.poisson(dice.gamma(size, mean / size))
    return Shop("foreign", days, tuple(counts.tolist()), events)


def simulated_shop(seed: int, orders: int, today: date) -> Shop:
    """The simulator's orders a day over its two years, with its campaigns and the country's holidays."""
    scenario = Scenario(orders=orders, seed=seed, today=today)
    counts = orders_per_day(scenario)
    days = tuple(EPOCH + timedelta(days=scenario.first_day + place) for place in range(len(counts)))
    own: dict[str, set[date]] = {}
    for campaign in campaigns(scenario):
        name = campaign.name.rpartition(" ")[0]
        span = range(campaign.first_day, campaign.last_day + 1)
        own.setdefault(name, set()).update(EPOCH + timedelta(days=number) for number in span)
    events = [Event(name, EventKind.CAMPAIGN, frozenset(on)) for name, on in own.items()]
    calendar = EventCalendar([*events, *public_holidays("GH", days[0].year, today.year)])
    return Shop(f"simulator, {orders:,} orders", days, tuple(counts.tolist()), calendar)


def seeded(
    dice: np.random.Generator, shop: Shop, first: int
) -> tuple[Mapping[date, int], tuple[Anomaly, ...]]:
    """The counts with anomalies from a place on, 6 to 14 clean days before each, all kinds as often."""
    counts: dict[date, int] = dict(zip(shop.days, shop.counts, strict=True))
    found = []
    place = first + int(dice.integers(6, 15))
    kinds = list(Seeded)
    waiting: list[Seeded] = []
    while place < len(shop.days):
        waiting = waiting or [kinds[each] for each in dice.permutation(len(kinds))]
        kind = waiting.pop()
        length = int(dice.integers(14, 43)) if kind is Seeded.SLOW else 1
        if place + length > len(shop.days):
            break
        share = _left(kind, dice)
        for offset in range(length):
            day = shop.days[place + offset]
            if kind is Seeded.MISSING:
                del counts[day]
            else:
                counts[day] = round(counts[day] * share)
        found.append(Anomaly(kind, place, place + length - 1))
        place += length + int(dice.integers(6, 15))
    return counts, tuple(found)


def _left(kind: Seeded, dice: np.random.Generator) -> float:
    """Which share of the rows is left."""
    match kind:
        case Seeded.EMPTY | Seeded.MISSING:
            return 0.0
        case Seeded.HALF:
            return 0.5
        case Seeded.DOUBLE:
            return 2.0
        case Seeded.DROP:
            return float(dice.uniform(0.70, 0.80))
        case Seeded.SLOW:
            return float(dice.uniform(0.90, 0.97))


def _wandering(dice: np.random.Generator, length: int) -> Floats:
    """A level on the plain scale: its slope wanders, and now and then a shop really grows at once."""
    slope = np.cumsum(dice.normal(0, 2e-5, length)) + dice.uniform(-2e-4, 1.2e-3)
    level = 1 + np.cumsum(slope + dice.normal(0, dice.uniform(0.001, 0.004), length))
    for _ in range(dice.poisson(length / 400)):
        level[int(dice.integers(0, length)) :] *= dice.uniform(1.06, 1.25)
    return np.maximum(level, 0.3)


def _weekdays(dice: np.random.Generator, days: tuple[date, ...]) -> Floats:
    """Weights that drift from week to week."""
    weeks = len(days) // 7 + 2
    drift = np.cumsum(dice.normal(0, 0.006, (weeks, 7)), axis=0)
    weights = dice.gamma(60, 1 / 60, 7) * (1 + drift)
    return np.array([weights[place // 7, day.weekday()] for place, day in enumerate(days)])


def _year(dice: np.random.Generator, days: tuple[date, ...]) -> Floats:
    """Peaks that rise slowly and fall at once, and a lean stretch with edges."""
    place = np.array([day.timetuple().tm_yday for day in days])
    before = (358 - place) % 366
    peak = dice.uniform(0.15, 0.6) * np.exp(-before / dice.uniform(12, 25))
    start = int(dice.integers(120, 240))
    lean = dice.uniform(0.0, 0.12) * ((place >= start) & (place < start + 45))
    year: Floats = 1 + peak - lean
    return year


def _paydays(dice: np.random.Generator, days: tuple[date, ...]) -> Floats:
    """The last working day of the month and the two days after, for some shops."""
    lift = dice.uniform(0.0, 0.12)
    paid = set()
    for day in days:
        end = (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        while end.weekday() > 4:
            end -= timedelta(days=1)
        paid |= {end, end + timedelta(days=1), end + timedelta(days=2)}
    return np.array([1 + lift * (day in paid) for day in days])


def _events(dice: np.random.Generator, days: tuple[date, ...]) -> tuple[Floats, EventCalendar]:
    """Sales that burst and fade, of a few names, one in ten untold; holidays that mostly keep people away."""
    lift = np.ones(len(days))
    told: dict[str, set[date]] = {}
    usual = dice.uniform(0.25, 0.9, 3)
    place = int(dice.integers(5, 40))
    while place < len(days):
        length = int(dice.integers(2, 6))
        number = int(dice.integers(0, 3))
        name = f"sale {number + 1}"
        burst = usual[number] * dice.uniform(0.75, 1.25) if dice.random() > 0.1 else 0.0
        for offset in range(min(length, len(days) - place)):
            lift[place + offset] *= 1 + burst * np.exp(-offset / 4)
            if burst:
                told.setdefault(name, set()).add(days[place + offset])
        if not burst and place < len(days):
            lift[place] *= dice.uniform(1.1, 1.3)
        for offset in range(length, min(length + 2, len(days) - place)):
            lift[place + offset] *= 0.94
        place += int(dice.integers(40, 95))
    holidays = public_holidays("GH", days[0].year, days[-1].year)
    where = {day: number for number, day in enumerate(days)}
    for holiday in holidays:
        effect = dice.uniform(-0.35, 0.15)
        for day in sorted(holiday.days & where.keys()):
            lift[where[day]] *= 1 + effect + dice.normal(0, 0.05)
    own = [Event(name, EventKind.CAMPAIGN, frozenset(on)) for name, on in told.items()]
    return lift, EventCalendar([*own, *holidays])


def _hanging_together(dice: np.random.Generator, length: int) -> Floats:
    """Good days follow good days."""
    shocks = dice.normal(0, 0.02, length)
    state = np.zeros(length)
    for place in range(1, length):
        state[place] = 0.5 * state[place - 1] + shocks[place]
    return 1 + state


def _regimes(dice: np.random.Generator, length: int) -> Floats:
    """Quiet months and restless ones."""
    months = dice.uniform(0.7, 1.5, length // 30 + 1)
    return np.repeat(months, 30)[:length]
