"""What is wrong with the sources: not read, stopped tables, lost changes, nothing new for too long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from amalimart.config.source_settings import SourceSettings
from amalimart.core.clock import Clock
from amalimart.core.errors import AmalimartError, CaptureLost, rebuilt
from amalimart.core.incidents import IncidentKind, Trouble
from amalimart.core.quality import Severity
from amalimart.orchestrate.watching.status import SourceStatus

_ABSENT = timedelta(minutes=2)
"""A process that is being started, or started again, is not missed before."""


class SourceTroubles:
    """Looks at the sources of a project. Remembers since when nothing reads one."""

    def __init__(
        self,
        settings: Mapping[str, SourceSettings],
        states: Callable[[], Iterable[SourceStatus]],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._states = states
        self._clock = clock
        self._absent_since: dict[str, datetime] = {}

    def find(self) -> Iterable[Trouble]:
        """Everything that is wrong with a source now. Raises LakeError."""
        for state in self._states():
            limit = self._settings[state.name].stale_minutes
            is_old = _is_old(state, limit)
            yield from _stopped_tables(state)
            if state.state == "failing":
                yield _failing(state, is_old=is_old)
            elif self._is_missed(state):
                yield _absent(state, is_old=is_old)
            elif state.state == "following" and is_old:
                yield _stale(state, limit)

    def _is_missed(self, state: SourceStatus) -> bool:
        if state.state != "stopped":
            self._absent_since.pop(state.name, None)
            return False
        now = self._clock.now()
        return abs(now - self._absent_since.setdefault(state.name, now)) >= _ABSENT


def _is_old(state: SourceStatus, limit: int | None) -> bool:
    return limit is not None and state.lag_seconds is not None and state.lag_seconds > limit * 60


def _failing(state: SourceStatus, *, is_old: bool) -> Trouble:
    error = rebuilt({"code": state.error_code})
    if isinstance(error, CaptureLost):
        return _source_trouble(
            state,
            "",
            Severity.ERROR,
            f"Changes of the source {state.name} are lost to it ({error.code})",
            f"amalimart source resnapshot {state.name}",
        )
    return _source_trouble(
        state,
        "",
        _severity(error, is_old=is_old),
        f"The source {state.name} cannot be read ({state.error_code})",
        f"amalimart source check {state.name}",
    )


def _severity(error: AmalimartError, *, is_old: bool) -> Severity:
    """What may pass by itself wakes nobody, until the figures have become old by it."""
    return Severity.WARNING if error.retryable and not is_old else Severity.ERROR


def _absent(state: SourceStatus, *, is_old: bool) -> Trouble:
    return _source_trouble(
        state,
        "",
        Severity.ERROR if is_old else Severity.WARNING,
        f"No process reads the source {state.name}",
        "amalimart status, then amalimart up",
    )


def _stopped_tables(state: SourceStatus) -> Iterable[Trouble]:
    for table in sorted(state.stopped):
        yield _source_trouble(
            state,
            f":{table}",
            Severity.ERROR,
            f"The table {table} of the source {state.name} stands still",
            f"amalimart status says why, then: amalimart source resnapshot {state.name} --table {table}",
        )


def _stale(state: SourceStatus, limit: int | None) -> Trouble:
    return Trouble(
        key=f"source_stale:{state.name}",
        kind=IncidentKind.SOURCE_STALE,
        severity=Severity.ERROR,
        title=f"The source {state.name} is followed, but brings nothing new",
        # The age itself grows with every look, and is no news.
        details=f"Its newest data is of {state.fresh_as_of}, which is older than {limit} minutes.",
        where=state.name,
        next_step=f"amalimart source check {state.name}",
    )


def _source_trouble(
    state: SourceStatus, part: str, severity: Severity, title: str, next_step: str
) -> Trouble:
    fresh = (
        f"Its newest data is of {state.fresh_as_of}." if state.fresh_as_of else "It has brought nothing yet."
    )
    return Trouble(
        key=f"source_failing:{state.name}{part}",
        kind=IncidentKind.SOURCE_FAILING,
        severity=severity,
        title=title,
        details=fresh,
        where=state.name,
        next_step=next_step,
    )
