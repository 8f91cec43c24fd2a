"""What is asked for, and the sizes and random streams that follow from it."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np

from amalimart.demo.generator.rows import DAY

MONTHS = 24
DAYS = 730


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 of an aware instant."""
    elapsed = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000 + elapsed.microseconds


@dataclass(frozen=True, slots=True)
class Scenario:
    """A marketplace of `orders` orders over the 730 days before `today`.

    The history ends at midnight when `today` starts: what had not happened by then is still open.
    The same scenario always gives the same rows. Raises ValueError for fewer than 50 orders, below
    which the shares of a marketplace mean nothing.
    """

    orders: int
    seed: int
    today: date

    def __post_init__(self) -> None:
        if self.orders < 50:
            raise ValueError(f"a marketplace needs at least 50 orders, not {self.orders}")

    @property
    def first_day(self) -> int:
        """The first day with orders, in days since 1970."""
        return day_number(self.today) - DAYS

    @property
    def start(self) -> int:
        """The first instant of the history, in microseconds since 1970."""
        return self.first_day * DAY

    @property
    def end(self) -> int:
        """The instant the history stops (excluded), in microseconds since 1970."""
        return day_number(self.today) * DAY

    @property
    def customers(self) -> int:
        return max(40, round(self.orders * 0.36))

    @property
    def vendors(self) -> int:
        return max(14, round(0.85 * math.sqrt(self.orders)))

    @property
    def products(self) -> int:
        return max(160, round(12 * math.sqrt(self.orders)))

    def dice(self, stream: str, part: int = 0) -> np.random.Generator:
        """The random stream of one purpose; streams do not disturb each other."""
        return np.random.default_rng([self.seed & 0xFFFFFFFF, zlib.crc32(stream.encode()), part])
