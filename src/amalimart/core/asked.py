"""What was asked, without what was in it: the shape of a question, how often it came and how long it took.

Names of metrics and dimensions only: no value of a filter, no day, nobody who asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AskedShape:
    """One shape of a question.

    by, filters  dimensions, and grains of time among them, by name
    rollups      those that answered it
    time         the date by which it was counted, where it was asked for
    """

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    grain: str | None = None
    filters: tuple[str, ...] = ()
    has_days: bool = False
    compare: bool = False
    rollups: tuple[str, ...] = ()
    time: str | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How often, and how many seconds together."""

    count: int
    seconds: float

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.count + other.count, self.seconds + other.seconds)


class NotesQuestions(Protocol):
    """Takes note of an answered question."""

    def note(self, shape: AskedShape, seconds: float) -> None:
        """Count it. Must not fail, and must not keep the one who asked waiting."""
        ...


class Unnoted:
    """Takes no note."""

    def note(self, shape: AskedShape, seconds: float) -> None:
        """Nothing."""
