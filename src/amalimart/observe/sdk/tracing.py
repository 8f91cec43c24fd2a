"""Spans through the OpenTelemetry SDK: sent in the background where there is a receiver, else only ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON
from opentelemetry.trace import Span as SdkSpan
from opentelemetry.trace import Status, StatusCode, format_trace_id, set_span_in_context

from amalimart.observe.recording import AttributeValue


class _OpenSpan:
    """A span of the SDK, current in its context until it ends."""

    def __init__(self, span: SdkSpan) -> None:
        self._span = span
        self._token = attach(set_span_in_context(span))

    @property
    def trace_id(self) -> str:
        return format_trace_id(self._span.get_span_context().trace_id)

    def set(self, attributes: Mapping[str, AttributeValue]) -> None:
        self._span.set_attributes(attributes)

    def end(self, error: str | None, *, is_kept: bool) -> None:
        detach(self._token)
        if not is_kept:
            return  # a span that never ends is never sent
        if error is not None:
            self._span.set_attribute("error.type", error)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


class Tracing:
    """Begins spans. Without processors nothing is kept of them but their ids, which go into the logs."""

    def __init__(self, processors: Sequence[SpanProcessor], resource: Resource) -> None:
        self._provider = TracerProvider(
            ALWAYS_ON if processors else ALWAYS_OFF, resource, shutdown_on_exit=False
        )
        for processor in processors:
            self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("amalimart")

    def begin(self, span: str, *, is_root: bool) -> _OpenSpan:
        # Nothing but our own words may get into a span: an exception's text is not recorded.
        return _OpenSpan(
            self._tracer.start_span(
                span,
                Context() if is_root else None,
                record_exception=False,
                set_status_on_exception=False,
            )
        )

    def told(self, span: str, began_ns: int, attributes: Mapping[str, AttributeValue]) -> None:
        self._tracer.start_span(span, attributes=attributes, start_time=began_ns).end()

    def close(self) -> None:
        """Send what is left; that takes as long as the receiver lets it."""
        self._provider.shutdown()
