"""The compiled form of the project that is published, as it was kept when it was published."""

from __future__ import annotations

from amalimart.config.project import Project
from amalimart.core.errors import WarehouseError
from amalimart.core.models import PublishedProject
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.project.compiler import compiled_before


def published_graph(project: Project, published: PublishedProject) -> CompiledGraph:
    """The compiled form of what is published. Raises WarehouseError where it is gone."""
    found = compiled_before(published.project_hash, project.compiled)
    if found is None:
        raise WarehouseError(
            f"the compiled form of the published project ({published.project_hash}) is gone",
            where=str(project.compiled),
            expected="the file that was written when the project was published",
            next_step="publish the project once (amalimart up); the next plan compares with that",
        )
    return found
