"""Where what is counted and traced goes: to nobody, until a process sets telemetry up.

Other rooms never see this: they use the instruments of `metrics` and the spans of `spans`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

AttributeValue = str | int | Sequence[str]
Look = Callable[[], Iterable[tuple[float, Mapping[str, str]]]]


class OpenSpan(Protocol):
    """A span that is under way."""

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        ...

    def set(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Add attributes to it."""
        ...

    def end(self, error: str | None, *, is_kept: bool) -> None:
        """End it, failed with the code of an error; one that is not kept goes nowhere."""
        ...


class Recorder(Protocol):
    """Takes in what a process counts and traces. Nothing here raises, waits, or grows without bounds."""

    def add(self, counter: str, amount: float, labels: Mapping[str, str]) -> None: ...

    def observe(self, histogram: str, value: float, labels: Mapping[str, str]) -> None: ...

    def watch(self, gauge: str, look: Look) -> None: ...

    def begin(self, span: str, *, is_root: bool) -> OpenSpan:
        """Begin a span; a root begins a trace of its own."""
        ...

    def told(self, span: str, began_ns: int, attributes: Mapping[str, AttributeValue]) -> None:
        """A span that is over: from a moment of `time.time_ns` until now."""
        ...


class _NoSpan:
    trace_id = ""

    def set(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Goes nowhere."""

    def end(self, error: str | None, *, is_kept: bool) -> None:
        """Goes nowhere."""


class _Nobody:
    """The recorder of a process that has not set telemetry up."""

    _SPAN = _NoSpan()

    def add(self, counter: str, amount: float, labels: Mapping[str, str]) -> None:
        """Goes nowhere."""

    def observe(self, histogram: str, value: float, labels: Mapping[str, str]) -> None:
        """Goes nowhere."""

    def watch(self, gauge: str, look: Look) -> None:
        """Goes nowhere."""

    def begin(self, span: str, *, is_root: bool) -> OpenSpan:  # noqa: ARG002 - as the protocol says
        return self._SPAN

    def told(self, span: str, began_ns: int, attributes: Mapping[str, AttributeValue]) -> None:
        """Goes nowhere."""


_NOBODY = _Nobody()
_recorder: Recorder = _NOBODY


def recorder() -> Recorder:
    """The one of this process."""
    return _recorder


def record_with(given: Recorder | None) -> None:
    """Let another one take over; None for nobody."""
    global _recorder  # noqa: PLW0603 - as logging has one root, a process has one place that counts
    _recorder = given or _NOBODY
