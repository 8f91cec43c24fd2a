"""Releases as every room speaks of them: plain values, without an engine and without a server.

The warehouse writes and reads them, the control database keeps who accepted what, the interface shows them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ModelFate(StrEnum):
    """What a release did to a model."""

    CHANGED = "changed"  # which rows came and went is known
    REBUILT = "rebuilt"  # built anew and not compared with what it was
    DROPPED = "dropped"  # the project holds it no more


@dataclass(frozen=True, slots=True)
class ModelChange:
    """One model that a release changed.

    came, went  rows; None where it was built anew and not compared
    rows        rows it has now; None for a view
    """

    model: str
    fate: ModelFate
    came: int | None
    went: int | None
    rows: int | None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Somebody's word that a check may fail: for so many rows, until it is revoked or the check passes whole.

    blocked_number  the blocked build it was said of
    failing_rows    how many rows failed then; more of them block again
    accepted_by     the name given
    subject         who was signed in, or the local operator
    """

    acceptance_id: str
    check: str
    blocked_number: int
    failing_rows: int
    accepted_by: str
    subject: str
    reason: str
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class CheckState:
    """What is known of a check as of a release.

    failing_rows     of all rows, when it last ran whole
    failing_changes  of the rows that changed since
    acceptance       by whose word it may fail, if it holds the release back otherwise
    """

    name: str
    is_error: bool
    failing_rows: int
    failing_changes: int
    acceptance: Acceptance | None = None

    @property
    def passes(self) -> bool:
        """Whether no row is known to break it."""
        return self.failing_rows + self.failing_changes == 0


@dataclass(frozen=True, slots=True)
class CheckCounts:
    """How many checks passed, how many broke that only warn, and how many that hold a release back."""

    passed: int
    warned: int
    failed: int

    @property
    def state(self) -> str:
        """All of them in a word."""
        return "failing" if self.failed else "warning" if self.warned else "passing"


def counted(names: Collection[str], failing: Mapping[str, CheckState]) -> CheckCounts:
    """The counts of these checks, given those that some row breaks."""
    broken = [failing[name] for name in names if name in failing]
    failed = sum(each.is_error for each in broken)
    return CheckCounts(len(names) - len(broken), len(broken) - failed, failed)


@dataclass(frozen=True, slots=True)
class ReleaseSummary:
    """One published release.

    positions    source -> which commit of it was built
    is_recorded  whether what it did is known; releases of older versions did not keep it
    """

    release_id: int
    published_at: datetime
    fresh_as_of: datetime | None
    project_hash: str
    positions: Mapping[str, int]
    models_built: int
    rows_built: int
    is_recorded: bool


@dataclass(frozen=True, slots=True)
class ReleaseDetail:
    """One published release, the models it changed, and the checks that some row broke as of it.

    reason  who asked for it and for what; None where it follows from what landed, the project or the day
    """

    release: ReleaseSummary
    models: tuple[ModelChange, ...]
    failing: tuple[CheckState, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SampleRows:
    """A few rows that break a check, as text; None is null. Values of the columns `masked` are not shown."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    masked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BlockedCheck:
    """One check that held a build back, and how many of all rows break it."""

    name: str
    failing_rows: int
    sample: SampleRows


@dataclass(frozen=True, slots=True)
class BlockedBuild:
    """One build that was rolled back, however often it was tried.

    serving       the release that served then, and still does while it stays blocked
    positions     source -> which commit of it was to be built
    project_hash  None where the project did not compile
    """

    number: int
    attempted_at: datetime
    last_attempted_at: datetime
    attempts: int
    code: str
    what: str
    where: str | None
    project_hash: str | None
    serving: int | None
    positions: Mapping[str, int]
    checks: tuple[BlockedCheck, ...]


@dataclass(frozen=True, slots=True)
class SourceMove:
    """How far a source was built at two releases; None where a release knows nothing of it."""

    source: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class ModelDifference:
    """What became of a model from one release to another: rows that came and went, summed over all between.

    came, went     None where it was built anew in between and not compared
    before, after  rows it had and has; None for a view, and where it is not known
    """

    model: str
    releases: int
    came: int | None
    went: int | None
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A check of which other is known than before; None where it was not known, or is no longer there."""

    name: str
    before: CheckState | None
    after: CheckState | None


@dataclass(frozen=True, slots=True)
class ReleaseDifference:
    """What happened from one release to a later one.

    unrecorded  how many releases between did not keep what they did: the rows are then not all counted
    """

    before: ReleaseSummary
    after: ReleaseSummary
    sources: tuple[SourceMove, ...]
    models: tuple[ModelDifference, ...]
    checks: tuple[VerdictChange, ...]
    unrecorded: int

    @property
    def project_changed(self) -> bool:
        """Whether another project built the later one."""
        return self.before.project_hash != self.after.project_hash
