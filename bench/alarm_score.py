"""How alarms are held against what was seeded: openly, by events and not by days.

A seeded anomaly is found if any of its days is flagged; a slow loss also if one of the two days after its end
is, for it is told of on the morning after. Flagged days outside every seeded anomaly are false: a run of
consecutive ones is one false alarm. Precision is what was found of what was found and false alarms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from bench.seeded_counts import Anomaly, Seeded

_GRACE = 2


@dataclass
class Score:
    """Counts over many series."""

    found: Counter[Seeded] = field(default_factory=Counter)
    seeded: Counter[Seeded] = field(default_factory=Counter)
    false_alarms: int = 0

    def add(self, flagged: Collection[int], anomalies: Iterable[Anomaly]) -> None:
        """Count one series in, by places in it."""
        excused: set[int] = set()
        for anomaly in anomalies:
            grace = _GRACE if anomaly.kind is Seeded.SLOW else 0
            places = range(anomaly.first, anomaly.last + grace + 1)
            excused |= set(places)
            self.seeded[anomaly.kind] += 1
            self.found[anomaly.kind] += any(place in flagged for place in places)
        false = set(flagged) - excused
        self.false_alarms += sum(place - 1 not in false for place in false)

    @property
    def precision(self) -> float:
        found = self.found.total()
        return found / max(found + self.false_alarms, 1)

    def recall(self, *kinds: Seeded) -> float:
        """Of these kinds together, or of all."""
        asked = kinds or tuple(Seeded)
        return sum(self.found[kind] for kind in asked) / max(sum(self.seeded[kind] for kind in asked), 1)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall: neither is bought with the other."""
        both = self.precision + self.recall()
        return 2 * self.precision * self.recall() / both if both else 0.0

    def by_kind(self) -> str:
        """`found/seeded` of each kind."""
        return ", ".join(f"{kind} {self.found[kind]}/{self.seeded[kind]}" for kind in Seeded)
