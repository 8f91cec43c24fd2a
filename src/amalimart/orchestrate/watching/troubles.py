"""What is wrong at this moment, from what the house knows already: builds, sources, checks, jobs, reviews.

What is said of a trouble goes out to people by channels that are not ours. It is made of names, codes and
figures, and never of what an error or a row says: both may quote the data.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from amalimart.core.approvals import KeptReview
from amalimart.core.errors import AmalimartError, CheckFailed
from amalimart.core.incidents import IncidentKind, Look, Trouble
from amalimart.core.quality import QualityResult, Severity
from amalimart.core.releases import BlockedBuild

log = logging.getLogger(__name__)

Finder = Callable[[], Iterable[Trouble]]


class BuildState(Protocol):
    """What follows the lake, as far as it is asked here."""

    @property
    def has_looked(self) -> bool:
        """Whether it has tried to publish since it was started: before, no error means nothing."""
        ...

    @property
    def last_error(self) -> AmalimartError | None:
        """Why nothing is published; None while all is well."""
        ...


class FailingChecks(Protocol):
    """The monitored checks, as far as they are asked here."""

    def failing_results(self) -> Iterable[QualityResult]:
        """The last result of each check and subject that failed."""
        ...


@dataclass(frozen=True, slots=True)
class JobFailure:
    """A scheduled job that failed after all its tries; `code` is that of the error."""

    job: str
    code: str
    failed_at: datetime
    tries: int


class FailedJobs(Protocol):
    """The scheduled jobs, as far as they are asked here."""

    def failing(self) -> Iterable[JobFailure]:
        """Those whose last run failed."""
        ...


class WaitingReviews(Protocol):
    """The access reviews, as far as they are asked here."""

    def unsigned(self) -> KeptReview | None:
        """The newest review, while nobody has signed one off since it was made."""
        ...


class NotYetKnown(Exception):
    """What is asked for cannot be told yet."""


class TroubleFinder:
    """Looks for every kind of trouble. What cannot be looked for is a trouble itself."""

    def __init__(self, finders: Mapping[tuple[IncidentKind, ...], Finder]) -> None:
        self._finders = finders

    def look(self) -> Look:
        """Everything that is wrong now."""
        troubles: list[Trouble] = []
        unseen: set[IncidentKind] = set()
        for kinds, finder in self._finders.items():
            try:
                troubles += list(finder())  # all of them, or none where it fails on the way
            except NotYetKnown:
                unseen.update(kinds)
            except Exception as error:
                # Whoever watches must not stop watching the rest, and must not take blindness for health.
                log.exception("troubles not looked for", extra={"kinds": [kind.value for kind in kinds]})
                unseen.update(kinds)
                troubles.append(_blind(kinds[0], error))
        return Look(tuple(troubles), frozenset(unseen))


def _blind(kind: IncidentKind, error: Exception) -> Trouble:
    said = error.code if isinstance(error, AmalimartError) else type(error).__name__
    return Trouble(
        key=f"{kind.value}:unseen",
        kind=kind,
        severity=Severity.WARNING,
        title=f"It cannot be seen whether there is trouble of the kind {kind.value}",
        details=f"Looking for it fails: {said}.",
        next_step="see logs/engine.log",
    )


def build_troubles(state: BuildState, newest_blocked: Callable[[], BlockedBuild | None]) -> Iterable[Trouble]:
    """What keeps releases from being published. Raises NotYetKnown before the first try."""
    error = state.last_error
    if error is None:
        if not state.has_looked:
            raise NotYetKnown
        return ()
    if not isinstance(error, CheckFailed):
        return (_build_failed(error),)
    blocked = newest_blocked()
    if blocked is None or blocked.code != CheckFailed.code or not blocked.checks:
        return (_blocked("release_blocked", "A check holds the release back", "", blocked),)
    return tuple(
        _blocked(
            f"release_blocked:{check.name}",
            f"The check {check.name} holds the release back",
            f"It fails for {check.failing_rows} rows.",
            blocked,
        )
        for check in blocked.checks
    )


def _blocked(key: str, title: str, details: str, blocked: BlockedBuild | None) -> Trouble:
    serving = f"Release {blocked.serving} serves on." if blocked and blocked.serving else "No release serves."
    return Trouble(
        key=key,
        kind=IncidentKind.RELEASE_BLOCKED,
        severity=Severity.ERROR,
        title=title,
        details=f"{details} {serving}".strip() if blocked else details,
        where=f"blocked build {blocked.number}" if blocked else None,
        next_step=f"amalimart release show blocked:{blocked.number if blocked else 'latest'}",
    )


def _build_failed(error: AmalimartError) -> Trouble:
    return Trouble(
        key=f"build_failed:{error.code}",
        kind=IncidentKind.BUILD_FAILED,
        severity=Severity.WARNING if error.retryable else Severity.ERROR,
        title=f"The release could not be built ({error.code})",
        details="What was published before serves on; it is tried again.",
        next_step="amalimart status",
    )


def check_troubles(checks: FailingChecks) -> Iterable[Trouble]:
    """Monitored checks that fail."""
    for result in checks.failing_results():
        period = f" in {result.period}" if result.period else ""
        yield Trouble(
            # Each period is a matter of its own: a lost day stays lost when the next one is whole.
            key=f"check_failed:{result.check}:{result.subject}:{result.period or ''}",
            kind=IncidentKind.CHECK_FAILED,
            severity=result.severity,
            title=f"{result.check} fails for {result.subject}{period}",
            details=f"Expected {result.expected}; found {result.actual}.",
            where=result.subject,
        )


def job_troubles(jobs: FailedJobs) -> Iterable[Trouble]:
    """Scheduled jobs that failed after all their tries."""
    for failure in jobs.failing():
        yield Trouble(
            key=f"job_failed:{failure.job}",
            kind=IncidentKind.JOB_FAILED,
            severity=Severity.ERROR,
            title=f"The job {failure.job} failed ({failure.code})",
            details=f"Tried {failure.tries} times, last at {failure.failed_at:%Y-%m-%d %H:%M} UTC.",
            where=failure.job,
        )


def review_troubles(reviews: WaitingReviews) -> Iterable[Trouble]:
    """A review of access that waits for its sign-off, in figures: its names stay in the house."""
    review = reviews.unsigned()
    if review is None:
        return
    counts = review.report["figures"]
    yield Trouble(
        key=f"access_review:{review.number}",
        kind=IncidentKind.ACCESS_REVIEW,
        severity=Severity.WARNING,
        title=f"The access review of {review.made_at:%Y-%m-%d} waits to be signed off",
        details=f"People: {counts['people']}; not signed in for long: {counts['unused']}; without rows of "
        f"their own: {counts['without_rows']}; seeing personal data: {counts['personal_data']}. "
        f"Keys: {counts['keys']}.",
        where=f"access review {review.number}",
        next_step="amalimart governance access-review, then amalimart governance sign-off",
    )
