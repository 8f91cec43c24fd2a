"""When people buy: growth, weekday, time of year, campaigns, hour of the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from amalimart.demo.generator.rows import DAY, HOUR, Floats, Ints
from amalimart.demo.generator.scenario import DAYS, Scenario, day_number

GROWTH_OVER_HISTORY = 2.2
WEEKDAYS = (1.0, 0.95, 0.96, 1.02, 1.20, 1.26, 0.82)
MONTHS = (0.86, 0.93, 1.0, 1.01, 0.96, 0.94, 0.97, 0.99, 1.0, 1.03, 1.16, 1.30)
HOURS = (3, 1.5, 1, 0.7, 0.8, 1.6, 3, 5, 6, 6.5, 7, 7.6, 8.6, 8, 7, 6.6, 6.6, 7, 8, 9.6, 10.5, 9.6, 7.4, 5)

# name, first and last day of the year as (month, day), how much demand rises
_CAMPAIGNS = (
    ("Valentine Week", (2, 7), (2, 14), 1.25),
    ("Independence Sale", (3, 1), (3, 8), 1.45),
    ("Easter Market", (4, 8), (4, 18), 1.25),
    ("Mid-Year Deals", (6, 20), (7, 2), 1.35),
    ("Back to School", (8, 25), (9, 10), 1.30),
    ("Harvest Fair", (10, 1), (10, 7), 1.20),
    ("Black November", (11, 20), (11, 30), 1.90),
    ("Christmas Bazaar", (12, 8), (12, 24), 1.55),
)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign of one year; days are days since 1970, both included."""

    campaign_id: int
    name: str
    first_day: int
    last_day: int
    lift: float


def campaigns(scenario: Scenario) -> tuple[Campaign, ...]:
    """Every campaign that starts inside the history or in the 45 days after it."""
    found = []
    first = date(1970, 1, 1) + timedelta(days=scenario.first_day)
    for year in range(first.year, scenario.today.year + 2):
        for name, start, end, lift in _CAMPAIGNS:
            first_day, last_day = day_number(date(year, *start)), day_number(date(year, *end))
            if scenario.first_day <= first_day < scenario.first_day + DAYS + 45:
                found.append((first_day, last_day, f"{name} {year}", lift))
    return tuple(
        Campaign(number + 1, name, first_day, last_day, lift)
        for number, (first_day, last_day, name, lift) in enumerate(sorted(found))
    )


def expected_demand(scenario: Scenario) -> Floats:
    """Relative demand of each day of the history, without chance; sums to 1."""
    days = [date(1970, 1, 1) + timedelta(days=scenario.first_day + offset) for offset in range(DAYS)]
    demand = np.array([WEEKDAYS[day.weekday()] * MONTHS[day.month - 1] for day in days])
    demand *= GROWTH_OVER_HISTORY ** (np.arange(DAYS) / DAYS)
    for campaign in campaigns(scenario):
        first = campaign.first_day - scenario.first_day
        demand[max(first, 0) : max(campaign.last_day - scenario.first_day + 1, 0)] *= campaign.lift
    share: Floats = demand / demand.sum()
    return share


def orders_per_day(scenario: Scenario) -> Ints:
    """How many orders each day has; the sum is exactly the number asked for."""
    dice = scenario.dice("orders per day")
    demand = expected_demand(scenario) * dice.lognormal(0, 0.07, DAYS)
    exact = demand / demand.sum() * scenario.orders
    counts: Ints = np.floor(exact).astype(np.int64)
    missing = scenario.orders - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:missing]] += 1
    return counts


def times_of_day(count: int, dice: np.random.Generator) -> Ints:
    """Microseconds after midnight, by the hours people shop."""
    weights = np.cumsum(HOURS) / np.sum(HOURS)
    hours = np.searchsorted(weights, dice.random(count), side="right").clip(0, 23)
    return hours.astype(np.int64) * HOUR + dice.integers(0, HOUR, count)


def start_of_day(instants: Ints) -> Ints:
    """Midnight (UTC, which is Ghana's time) of each instant."""
    return instants - instants % DAY
