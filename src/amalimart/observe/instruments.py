"""What an instrument is: a name, a unit, a meaning, and the few labels it may have, declared as data.

A label holds one of a closed set of words, or the plain name of something the project's own settings name.
Anything else is counted as `other`, so that no value of a row, no person and no secret can become one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from amalimart.observe.recording import recorder

OTHER = "other"
PREFIX = "amalimart_"
_PLAIN_NAME = re.compile(r"[a-z][a-z0-9_-]{0,79}")


class Owner(StrEnum):
    """Whose process counts it."""

    ENGINE = "engine"
    INGEST = "ingest"
    BOTH = "engine, ingest"


@dataclass(frozen=True, slots=True)
class Label:
    """One label. Without `values` it takes plain names: those that the project's settings give."""

    name: str
    meaning: str
    values: tuple[str, ...] = ()

    def allowed(self, value: str) -> str:
        """The value itself, or `other`."""
        if self.values:
            return value if value in self.values else OTHER
        return value if _PLAIN_NAME.fullmatch(value) else OTHER


@dataclass(frozen=True, slots=True)
class _Instrument:
    """unit is that of Prometheus: seconds, rows, or empty for a plain number."""

    name: str
    unit: str
    meaning: str
    labels: tuple[Label, ...] = ()
    owner: Owner = Owner.ENGINE

    def labelled(self, given: Mapping[str, str]) -> dict[str, str]:
        """The labels as they may leave. Raises ValueError for others than are declared: a defect of ours."""
        if given.keys() != {label.name for label in self.labels}:
            raise ValueError(f"{self.name} has the labels {[each.name for each in self.labels]}")
        return {label.name: label.allowed(given[label.name]) for label in self.labels}


@dataclass(frozen=True, slots=True)
class Counter(_Instrument):
    """Only grows, from 0 at the start of its process."""

    kind = "counter"

    def add(self, amount: float = 1, /, **labels: str) -> None:
        recorder().add(self.name, amount, self.labelled(labels))


@dataclass(frozen=True, slots=True)
class Histogram(_Instrument):
    """How often a value was at most so large; `buckets` are the bounds."""

    buckets: tuple[float, ...] = ()
    kind = "histogram"

    def observe(self, value: float, /, **labels: str) -> None:
        recorder().observe(self.name, value, self.labelled(labels))


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of a gauge, and its labels."""

    value: float
    labels: Mapping[str, str]


def reading(value: float, /, **labels: str) -> Reading:
    """A value under these labels."""
    return Reading(value, labels)


@dataclass(frozen=True, slots=True)
class Gauge(_Instrument):
    """Looked at when somebody asks for it, so that it is true even where nothing happens any more."""

    kind = "gauge"

    def watch(self, look: Callable[[], Iterable[Reading]]) -> None:
        """Ask `look` from now on. Where it fails, there is no value until it works again."""
        recorder().watch(self.name, lambda: [(each.value, self.labelled(each.labels)) for each in look()])


Instrument = Counter | Histogram | Gauge
