"""Telemetry that a test reads: what was counted as Prometheus reads it, and every span that ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from amalimart.observe.instruments import Owner
from amalimart.observe.sdk.starting import Telemetry, TelemetryOptions


def values_of(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """(name, labels) -> value, of every sample of an exposition."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a process counted and traced."""

    telemetry: Telemetry
    exporter: InMemorySpanExporter

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]

    def value(self, name: str, **labels: str) -> float:
        """Of one sample; 0 where it is not there."""
        found = values_of(self.telemetry.exposition())
        return found.get((name, frozenset(labels.items())), 0.0)

    def everything(self) -> str:
        """All figures and all spans as one text."""
        return "\n".join([self.telemetry.exposition(), *(span.to_json() for span in self.spans)])


@contextmanager
def recorded(owner: Owner = Owner.ENGINE, process: str = "engine") -> Iterator[Recorded]:
    """Telemetry of this process while the block lasts."""
    exporter = InMemorySpanExporter()
    with Telemetry(TelemetryOptions(process, owner), processors=[SimpleSpanProcessor(exporter)]) as telemetry:
        yield Recorded(telemetry, exporter)
