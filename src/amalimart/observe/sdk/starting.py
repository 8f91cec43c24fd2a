"""Sets telemetry up in a process, and takes it down: what counts, what traces, and whom it is sent to."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import CollectorRegistry, generate_latest

from amalimart import __version__
from amalimart.observe.instruments import Owner
from amalimart.observe.metrics import INSTRUMENTS, PROCESS_START
from amalimart.observe.recording import AttributeValue, Look, record_with
from amalimart.observe.sdk.meters import Meters
from amalimart.observe.sdk.tracing import Tracing, _OpenSpan

_SEND_SECONDS = 3.0
_STOP_SECONDS = 2.0
_EVERY_MILLISECONDS = 30_000
_QUEUE = 2_048


@dataclass(frozen=True, slots=True)
class TelemetryOptions:
    """What a process says of itself, and the receiver of OTLP over HTTP where there is one.

    process  the engine, or the ingest of a source, as its log file is named
    """

    process: str
    owner: Owner
    otlp_endpoint: str | None = None


class Telemetry:
    """The telemetry of this process while the block lasts."""

    def __init__(
        self,
        options: TelemetryOptions,
        *,
        processors: Sequence[SpanProcessor] = (),
        readers: Sequence[MetricReader] = (),
    ) -> None:
        """`processors` and `readers` see everything beside those that the options name."""
        resource = Resource.create(
            {SERVICE_NAME: "amalimart", SERVICE_VERSION: __version__, "amalimart.process": options.process}
        )
        self._registry = CollectorRegistry()
        self._reading = threading.Lock()
        of_prometheus = PrometheusMetricReader(
            disable_target_info=True, scope_info_enabled=False, registry=self._registry
        )
        declared = [each for each in INSTRUMENTS if each.owner in {options.owner, Owner.BOTH}]
        self._meters = Meters(declared, [of_prometheus, *_sent_metrics(options), *readers], resource)
        self._tracing = Tracing([*_sent_spans(options), *processors], resource)
        self._names = {each.name for each in declared}
        started = time.time()
        self.watch(PROCESS_START.name, lambda: [(started, {"process": options.process})])

    def exposition(self) -> str:
        """Everything counted so far, as text for Prometheus."""
        with self._reading:
            return generate_latest(self._registry).decode()

    def add(self, counter: str, amount: float, labels: Mapping[str, str]) -> None:
        if counter in self._names:
            self._meters.add(counter, amount, labels)

    def observe(self, histogram: str, value: float, labels: Mapping[str, str]) -> None:
        if histogram in self._names:
            self._meters.observe(histogram, value, labels)

    def watch(self, gauge: str, look: Look) -> None:
        if gauge in self._names:
            self._meters.watch(gauge, look)

    def begin(self, span: str, *, is_root: bool) -> _OpenSpan:
        return self._tracing.begin(span, is_root=is_root)

    def told(self, span: str, began_ns: int, attributes: Mapping[str, AttributeValue]) -> None:
        self._tracing.told(span, began_ns, attributes)

    def __enter__(self) -> Self:
        record_with(self)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Send what is left, for two seconds at most: a receiver that is away must not keep a process."""
        record_with(None)
        ending = threading.Thread(target=self._close, name="end of telemetry", daemon=True)
        ending.start()
        ending.join(_STOP_SECONDS)

    def _close(self) -> None:
        self._tracing.close()
        self._meters.close()


def _sent_spans(options: TelemetryOptions) -> list[SpanProcessor]:
    """A queue that is bounded: what does not fit is dropped, and the process never waits for the receiver."""
    if options.otlp_endpoint is None:
        return []
    exporter = OTLPSpanExporter(f"{options.otlp_endpoint.rstrip('/')}/v1/traces", timeout=_SEND_SECONDS)
    return [BatchSpanProcessor(exporter, max_queue_size=_QUEUE)]


def _sent_metrics(options: TelemetryOptions) -> list[MetricReader]:
    if options.otlp_endpoint is None:
        return []
    exporter = OTLPMetricExporter(f"{options.otlp_endpoint.rstrip('/')}/v1/metrics", timeout=_SEND_SECONDS)
    return [PeriodicExportingMetricReader(exporter, _EVERY_MILLISECONDS, _SEND_SECONDS * 1000)]
