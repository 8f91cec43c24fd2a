"""The declared instruments as those of the OpenTelemetry SDK, read out in the form of Prometheus."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.metrics import Counter as SdkCounter
from opentelemetry.metrics import Histogram as SdkHistogram
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource

from amalimart.observe.instruments import Counter, Gauge, Histogram, Instrument
from amalimart.observe.recording import Look

_MOST_FROM_ZERO = 40
_STOP_MILLISECONDS = 1_000

_log = logging.getLogger(__name__)


class Meters:
    """Counts what the instruments are told. A look that fails is logged and gives no value."""

    def __init__(
        self, instruments: Sequence[Instrument], readers: Sequence[MetricReader], resource: Resource
    ) -> None:
        self._provider = MeterProvider(readers, resource, shutdown_on_exit=False)
        meter = self._provider.get_meter("amalimart")
        self._counters: dict[str, SdkCounter] = {}
        self._histograms: dict[str, SdkHistogram] = {}
        self._looks: dict[str, list[Look]] = {}
        self._lock = threading.Lock()
        for each in instruments:
            self._declare(meter, each)

    def _declare(self, meter: Meter, each: Instrument) -> None:
        unit = "s" if each.unit == "seconds" else ""
        match each:
            case Counter():
                self._counters[each.name] = meter.create_counter(each.name, unit, each.meaning)
                for labels in _from_zero(each):
                    self._counters[each.name].add(0, labels)
            case Histogram():
                self._histograms[each.name] = meter.create_histogram(
                    each.name, unit, each.meaning, explicit_bucket_boundaries_advisory=each.buckets
                )
            case Gauge():
                looks = self._looks.setdefault(each.name, [])
                meter.create_observable_gauge(
                    each.name, [self._looking(each.name, looks)], unit, each.meaning
                )

    def _looking(self, name: str, looks: list[Look]) -> _Looking:
        return _Looking(name, looks, self._lock)

    def add(self, counter: str, amount: float, labels: Mapping[str, str]) -> None:
        self._counters[counter].add(amount, dict(labels))

    def observe(self, histogram: str, value: float, labels: Mapping[str, str]) -> None:
        self._histograms[histogram].record(value, dict(labels))

    def watch(self, gauge: str, look: Look) -> None:
        with self._lock:
            self._looks[gauge].append(look)

    def close(self) -> None:
        """Let go of everything, the looks included."""
        with self._lock:
            for looks in self._looks.values():
                looks.clear()
        self._provider.shutdown(_STOP_MILLISECONDS)


class _Looking:
    """What the SDK calls whenever it collects."""

    def __init__(self, name: str, looks: list[Look], lock: threading.Lock) -> None:
        self._name = name
        self._looks = looks
        self._lock = lock

    def __call__(self, _options: CallbackOptions) -> Iterable[Observation]:
        with self._lock:
            looks = list(self._looks)
        found = []
        for look in looks:
            try:
                found += [Observation(value, dict(labels)) for value, labels in look()]
            except Exception as error:  # noqa: BLE001 - whoever reads the figures must still get the others
                _log.warning(
                    "a figure cannot be read", extra={"metric": self._name, "kind": type(error).__name__}
                )
        return found


def _from_zero(counter: Counter) -> Iterator[dict[str, str]]:
    """The labels it has from the start: who waits for the first failure needs the 0 before it."""
    if not all(label.values for label in counter.labels):
        return
    combined = list(product(*(label.values for label in counter.labels)))
    if len(combined) <= _MOST_FROM_ZERO:
        names = [label.name for label in counter.labels]
        yield from (dict(zip(names, values, strict=True)) for values in combined)
