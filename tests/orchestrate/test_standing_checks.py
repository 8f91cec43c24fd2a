"""How many checks behind the metrics of an answer pass, as of its release."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from amalimart.catalog.lineage import Lineage, Node
from amalimart.core.errors import NotFound
from amalimart.core.releases import CheckCounts, CheckState, ReleaseDetail, ReleaseSummary
from amalimart.orchestrate.metrics.standing_checks import StandingChecks
from tests.web.fake_lineage import FakeLineage

WARNS = CheckState("orders_are_whole", False, 2, 1)
FAILS = CheckState("totals_add_up", True, 3, 0)
ELSEWHERE = CheckState("returns", True, 5, 0)
NOON = datetime(2026, 3, 18, 12, tzinfo=UTC)


class Projects:
    """What was traced, and how often it was asked for."""

    is_traced = True

    def traced(self, project_hash: str) -> tuple[Lineage, Mapping[str, frozenset[Node]]] | None:
        fake = FakeLineage()
        return (fake.lineage(), fake.checks()) if self.is_traced and project_hash == "p" else None


class Releases:
    """Releases of one project by number, each with what some row breaks."""

    def __init__(self, failing: Mapping[int, tuple[CheckState, ...]]) -> None:
        self.failing = failing
        self.read: list[int] = []

    def release(self, release_id: int) -> ReleaseDetail:
        self.read.append(release_id)
        if release_id not in self.failing:
            raise NotFound(f"there is no release {release_id}")
        summary = ReleaseSummary(release_id, NOON, None, "p", {}, 1, 1, is_recorded=True)
        return ReleaseDetail(summary, (), self.failing[release_id])


def test_checks_are_counted_that_look_at_what_a_metric_is_made_of() -> None:
    releases = Releases({1: (), 2: (WARNS, ELSEWHERE), 3: (WARNS, FAILS)})
    checks = StandingChecks(Projects(), releases)
    found = {number: checks.of(["gmv", "item_gmv"], number) for number in releases.failing}
    assert found == {1: CheckCounts(2, 0, 0), 2: CheckCounts(1, 1, 0), 3: CheckCounts(0, 1, 1)}
    assert [each.state for each in found.values() if each] == ["passing", "warning", "failing"]
    assert checks.of(["gmv"], 3) == CheckCounts(0, 1, 1)
    assert releases.read == [1, 2, 3]


def test_what_is_not_known_is_not_counted() -> None:
    projects = Projects()
    projects.is_traced = False
    checks = StandingChecks(projects, Releases({1: ()}))
    assert checks.of(["gmv"], 1) is None
    assert checks.of(["gmv"], 9) is None
    projects.is_traced = True
    assert checks.of(["gmv"], 1) == CheckCounts(2, 0, 0)
    assert checks.of([], 1) == CheckCounts(0, 0, 0)
