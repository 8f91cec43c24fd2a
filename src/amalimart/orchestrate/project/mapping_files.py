"""The mappings of a project's sources, and what these can fill; apart from the engine.

A process that reads a source, or checks a mapping, need not load what builds a warehouse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from amalimart.config.project import Project
from amalimart.mapping.source_mapping import SourceMapping, find_mapping, load_mapping


def load_mappings(project: Project) -> dict[str, SourceMapping]:
    """Source name -> mapping, for every source of the project. Raises ConfigError."""
    folder = project.overlay("sources")
    return {
        name: load_mapping(find_mapping(source.mapping, (folder,)))
        for name, source in project.settings.sources.items()
    }


@dataclass(frozen=True, slots=True)
class MappedAvailability:
    """What the project's sources can fill; the semantic layer asks before it answers."""

    mappings: Callable[[], Mapping[str, SourceMapping]]

    @property
    def source(self) -> str:
        """The sources by name, for messages."""
        return ", ".join(self.mappings()) or "none"

    def provides(self, entity: str, column: str, value: str | None = None) -> bool:
        """Whether any source, as far as it has landed, can fill this canonical column (with this value)."""
        return any(mapping.provides(entity, column, value) for mapping in self.mappings().values())
