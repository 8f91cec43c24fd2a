"""How the house is used, as every room speaks of it: names of metrics and dashboards, roles and counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from amalimart.core.asked import AskedShape


@dataclass(frozen=True, slots=True)
class MetricUse:
    """How often a metric was asked for and answered; `by_role` and `by_door` add up to `asked`."""

    metric: str
    asked: int
    by_role: Mapping[str, int]
    by_door: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DashboardUse:
    """How often a dashboard was opened."""

    dashboard: str
    opened: int
    by_role: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Ended:
    """How calls of one role, or through one door, ended."""

    name: str
    answered: int = 0
    denied: int = 0
    refused: int = 0
    failed: int = 0

    @property
    def calls(self) -> int:
        return self.answered + self.denied + self.refused + self.failed


@dataclass(frozen=True, slots=True)
class RefusedQuestion:
    """What got no answer: how that ended, with which errors, what was asked by which role, how often."""

    outcome: str
    errors: tuple[str, ...]
    role: str
    door: str
    metrics: tuple[str, ...]
    by: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class SlowQuestion:
    """A shape of questions, how often it was answered anew, and how long that took on average."""

    shape: AskedShape
    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class KeptUse:
    """Of one kind of what is kept: how often it was there, and how often not, since the engine started."""

    kept: str
    hits: int
    misses: int


@dataclass(frozen=True, slots=True)
class Usage:
    """All of it for so many days, the last of which is today.

    used      metrics and dashboards that somebody asked for, the most used first
    unused    those that nobody did, by name
    """

    days: int
    since: date
    metrics: tuple[MetricUse, ...]
    unused_metrics: tuple[str, ...]
    dashboards: tuple[DashboardUse, ...]
    unused_dashboards: tuple[str, ...]
    roles: tuple[Ended, ...]
    doors: tuple[Ended, ...]
    slow: tuple[SlowQuestion, ...]
    refused: tuple[RefusedQuestion, ...]
    kept: tuple[KeptUse, ...]
