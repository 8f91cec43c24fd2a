"""What the engine process watches for trouble, put together."""

from __future__ import annotations

from amalimart.config.project import Project
from amalimart.core.clock import Clock
from amalimart.core.incidents import IncidentKind
from amalimart.core.releases import BlockedBuild
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.project.policy_files import PolicyKeeper
from amalimart.orchestrate.releases.refresh_loop import RefreshLoop
from amalimart.orchestrate.releases.release_book import ReleaseBook
from amalimart.orchestrate.sources.troubles import SourceTroubles
from amalimart.orchestrate.watching.status import source_statuses
from amalimart.orchestrate.watching.troubles import (
    FailedJobs,
    FailingChecks,
    Finder,
    TroubleFinder,
    WaitingReviews,
    build_troubles,
    check_troubles,
    job_troubles,
    review_troubles,
)


def trouble_finder(
    project: Project,
    engine: Engine,
    loop: RefreshLoop,
    clock: Clock,
    checks: FailingChecks,
    jobs: FailedJobs,
    policies: PolicyKeeper,
    reviews: WaitingReviews,
) -> TroubleFinder:
    """Looks at builds, sources, monitored checks, policies, jobs and access reviews."""
    book = ReleaseBook(engine.hot_file, engine.acceptances)
    sources = SourceTroubles(
        project.settings.sources, lambda: source_statuses(project, engine.lake, clock), clock
    )

    def newest_blocked() -> BlockedBuild | None:
        return next(iter(book.blocked(1)), None)

    finders: dict[tuple[IncidentKind, ...], Finder] = {
        (IncidentKind.BUILD_FAILED, IncidentKind.RELEASE_BLOCKED): lambda: build_troubles(
            loop, newest_blocked
        ),
        (IncidentKind.SOURCE_FAILING, IncidentKind.SOURCE_STALE): sources.find,
        (IncidentKind.CHECK_FAILED,): lambda: check_troubles(checks),
        (IncidentKind.POLICY_BROKEN,): policies.troubles,
        (IncidentKind.JOB_FAILED,): lambda: job_troubles(jobs),
        (IncidentKind.ACCESS_REVIEW,): lambda: review_troubles(reviews),
    }
    return TroubleFinder(finders)
