"""How the checks stand that look at what an answer was made of: counted once for a release and a metric."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from amalimart.catalog.checks import checks_behind
from amalimart.catalog.lineage import Kind, Lineage, Node
from amalimart.core.errors import NotFound
from amalimart.core.recent import Recent
from amalimart.core.releases import CheckCounts, CheckState, ReleaseDetail, counted

_METRICS_KEPT = 1_000
_RELEASES_KEPT = 4

_Traced = tuple[Lineage, Mapping[str, frozenset[Node]]]


class TracedProjects(Protocol):
    """Knows what a published project is made of, or learns it meanwhile."""

    def traced(self, project_hash: str) -> _Traced | None: ...


class Releases(Protocol):
    """Knows what a release did."""

    def release(self, release_id: int) -> ReleaseDetail: ...


class StandingChecks:
    """Counts the checks behind metrics, as of a release. For many threads."""

    def __init__(self, projects: TracedProjects, releases: Releases) -> None:
        self._projects = projects
        self._releases = releases
        self._names: Recent[tuple[str, str], frozenset[str]] = Recent(_METRICS_KEPT)
        self._failing: Recent[int, tuple[str, Mapping[str, CheckState]]] = Recent(_RELEASES_KEPT)

    def of(self, metrics: Iterable[str], release_id: int) -> CheckCounts | None:
        """The counts; None where they are not known, or not yet."""
        known = self._of_release(release_id)
        if known is None:
            return None
        project_hash, failing = known
        traced = self._projects.traced(project_hash)
        if traced is None:
            return None
        names: set[str] = set()
        for metric in metrics:
            names |= self._of_metric(project_hash, metric, traced)
        return counted(names, failing)

    def _of_release(self, release_id: int) -> tuple[str, Mapping[str, CheckState]] | None:
        found = self._failing.get(release_id)
        if found is None:
            try:
                detail = self._releases.release(release_id)
            except NotFound:
                return None
            found = detail.release.project_hash, {each.name: each for each in detail.failing}
            self._failing.put(release_id, found)
        return found

    def _of_metric(self, project_hash: str, metric: str, traced: _Traced) -> frozenset[str]:
        key = (project_hash, metric)
        found = self._names.get(key)
        if found is None:
            found = checks_behind(Node(Kind.METRIC, metric), *traced)
            self._names.put(key, found)
        return found
