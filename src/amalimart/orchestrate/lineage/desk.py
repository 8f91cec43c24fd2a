"""The lineage of what is served, for whoever asks often: read once for each published project."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from amalimart.catalog.lineage import Lineage, Node
from amalimart.config.project import Project
from amalimart.core.clock import Clock
from amalimart.core.errors import AmalimartError, EngineUnavailable
from amalimart.core.models import PublishedProject
from amalimart.orchestrate.lineage.tracing import Uses, published_checks, published_lineage

_log = logging.getLogger(__name__)


class LineageDesk:
    """Lineage and checks of the published project, kept in memory until another is, or pages name others.

    The first question after a change of the project traces every model, which takes seconds.
    """

    def __init__(
        self,
        project: Project,
        clock: Clock,
        published: Callable[[], PublishedProject],
        pages: Callable[[], Uses],
    ) -> None:
        self._project = project
        self._clock = clock
        self._published = published
        self._pages = pages
        self._lock = threading.Lock()
        self._kept: tuple[str, Lineage, Mapping[str, frozenset[Node]]] | None = None
        self._kept_pages: Uses = {}
        self._begun: str | None = None

    def lineage(self) -> Lineage:
        """From the sources to the pages. Raises NothingPublished, WarehouseError."""
        return self._current()[1]

    def checks(self) -> Mapping[str, frozenset[Node]]:
        """Check -> what it reads. Raises NothingPublished, WarehouseError."""
        return self._current()[2]

    def traced(self, project_hash: str) -> tuple[Lineage, Mapping[str, frozenset[Node]]] | None:
        """Lineage and checks of a project, or None: then tracing it has been begun, once."""
        kept = self._kept
        if kept is not None and kept[0] == project_hash:
            return kept[1], kept[2]
        if self._begun != project_hash:
            self._begun = project_hash
            threading.Thread(target=self._trace, name="lineage", daemon=True).start()
        return None

    def _trace(self) -> None:
        try:
            self._current()
        except EngineUnavailable:
            _log.debug("the process ends before the lineage is traced")
        except AmalimartError as error:
            _log.warning("the lineage cannot be traced", extra={"error": error.what})

    def _current(self) -> tuple[str, Lineage, Mapping[str, frozenset[Node]]]:
        with self._lock:
            published, pages = self._published(), self._pages()
            kept = self._kept
            if kept is None or kept[0] != published.project_hash or pages != self._kept_pages:
                kept = (
                    published.project_hash,
                    published_lineage(self._project, self._clock, published, pages),
                    published_checks(self._project, self._clock, published),
                )
                self._kept, self._kept_pages = kept, pages
            return kept
