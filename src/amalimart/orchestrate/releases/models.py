"""The models of a project as its engine serves them: what is published, and building some of it anew."""

from __future__ import annotations

from amalimart.core.models import ModelRebuild, PublishedProject, Rebuilt
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.releases.refresh_loop import RefreshLoop
from amalimart.semantic.model import SemanticModel
from amalimart.warehouse.project.published import published_project
from amalimart.warehouse.requested import with_usual_days


class EngineModels:
    """What the interface asks of models."""

    def __init__(self, engine: Engine, loop: RefreshLoop, semantic: SemanticModel) -> None:
        self._engine = engine
        self._loop = loop
        self._times = {
            spelling: dataset.time
            for dataset in semantic.datasets.values()
            for spelling in (str(dataset.table), dataset.table.name)
        }

    def published(self) -> PublishedProject:
        """What the published release holds. Raises NothingPublished."""
        return published_project(self._engine.hot_file)

    def rebuild(self, wish: ModelRebuild, by: str) -> Rebuilt:
        """Build what is asked for anew, in a release of its own.

        Raises UnknownName, NotAvailable, InvalidFilter for the request; WarehouseError where the release is
        not published.
        """
        report, reason = self._engine.rebuild(with_usual_days(wish, self._times.get(wish.name)), by)
        self._loop.took(report)
        release = report.release
        return Rebuilt(
            release.release_id, release.published_at, reason, report.models, report.rows, report.seconds
        )
