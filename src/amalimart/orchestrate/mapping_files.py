"""The mapping of every source of a project; apart from the engine, which an ingest process need not load."""

from __future__ import annotations

from amalimart.config.project import Project
from amalimart.mapping.source_mapping import SourceMapping, find_mapping, load_mapping


def load_mappings(project: Project) -> dict[str, SourceMapping]:
    """Source name -> mapping, for every source of the project. Raises ConfigError."""
    folder = project.overlay("sources")
    return {
        name: load_mapping(find_mapping(source.mapping, (folder,)))
        for name, source in project.settings.sources.items()
    }
