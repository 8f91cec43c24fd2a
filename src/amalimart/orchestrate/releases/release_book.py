"""Looking at releases and blocked builds, and accepting a blocked one: the use cases behind every door.

Who may do so is for the door to say; that it is recorded who did is seen to here and below.
"""

from __future__ import annotations

from amalimart.control.deciding import Decider
from amalimart.core.errors import CheckFailed, RequestError
from amalimart.core.releases import (
    Acceptance,
    BlockedBuild,
    ReleaseDetail,
    ReleaseDifference,
    ReleaseSummary,
)
from amalimart.orchestrate.releases.acceptance_ledger import AcceptanceLedger
from amalimart.orchestrate.sources.notes import SourceNote
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.releases.blocked_builds import blocked_builds
from amalimart.warehouse.releases.release_reading import (
    known_blocked_build,
    release_detail,
    release_difference,
    releases,
)


class ReleaseBook:
    """The releases of one hot file, and what was accepted of its blocked builds."""

    def __init__(self, hot_file: HotFile, ledger: AcceptanceLedger) -> None:
        self._hot_file = hot_file
        self._ledger = ledger

    def releases(self, limit: int) -> tuple[ReleaseSummary, ...]:
        """The newest ones, newest first."""
        with self._hot_file.records() as cursor:
            return releases(cursor, limit)

    def release(self, release_id: int) -> ReleaseDetail:
        """What one release did. Raises NotFound."""
        with self._hot_file.records() as cursor:
            return release_detail(cursor, release_id)

    def difference(self, one: int, other: int) -> ReleaseDifference:
        """What happened from the earlier of two releases to the later. Raises NotFound."""
        with self._hot_file.records() as cursor:
            return release_difference(cursor, one, other)

    def blocked(self, limit: int) -> tuple[BlockedBuild, ...]:
        """The newest builds that were rolled back, newest first."""
        with self._hot_file.records() as cursor:
            return blocked_builds(cursor, limit)

    def blocked_build(self, number: int | None) -> BlockedBuild:
        """One build that was rolled back, or of None the newest. Raises NotFound."""
        with self._hot_file.records() as cursor:
            return known_blocked_build(cursor, number)

    def accepted(self) -> tuple[Acceptance, ...]:
        """What may fail by somebody's word now, the oldest first."""
        return self._ledger.standing()

    def notes(self) -> tuple[SourceNote, ...]:
        """What a reader of the numbers should know of it."""
        words = [
            f"{each.check} may fail for {each.failing_rows} rows, accepted by {each.accepted_by}"
            f" (blocked build {each.blocked_number}): {each.reason}"
            for each in self.accepted()
        ]
        if not words:
            return ()
        told = "These numbers may hold rows that a check found wrong; an admin accepted them."
        return (SourceNote(told, "; ".join(words)),)

    def accept(self, number: int, decider: Decider, reason: str) -> tuple[Acceptance, ...]:
        """Let the checks that held a build back fail, for as many rows as then; the next build publishes.

        Raises NotFound, and RequestError for a build that no check held back, one that is not held back any
        more, one that is accepted already, and without a reason.
        """
        build = self.blocked_build(number)
        if build.code != CheckFailed.code or not build.checks:
            raise RequestError(
                f"the blocked build {number} cannot be accepted: {build.what}",
                where=build.where,
                expected="a build that failing checks held back",
                next_step=f"correct what amalimart release show blocked:{number} says",
            )
        latest = self._hot_file.latest_release()
        serving = latest.release_id if latest else None
        if serving != build.serving:
            raise RequestError(
                f"the blocked build {number} is over: release {serving} was published since",
                expected="the build that holds publication back now, if one does",
                next_step="amalimart release list --blocked, then show the newest",
            )
        return self._ledger.accept(
            number, {check.name: check.failing_rows for check in build.checks}, decider, reason
        )

    def revoke(self, number: int, decider: Decider, reason: str | None) -> tuple[Acceptance, ...]:
        """Take back what was accepted of a blocked build: while its checks fail, no build publishes.

        Raises NotFound where nothing of it stands.
        """
        return self._ledger.revoke(number, decider, reason)
