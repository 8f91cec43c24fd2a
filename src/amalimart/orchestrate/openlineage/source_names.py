"""How OpenLineage names the tables of a project's sources: by the address of each, without what is secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from amalimart.catalog.openlineage.naming import SourceNaming, project_namespace
from amalimart.catalog.openlineage.values import Dataset
from amalimart.config.project import Project
from amalimart.config.source_settings import SourceSettings
from amalimart.core.errors import ConfigError
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.warehouse.staging.landed import bronze_view, history_view


def namespace_of(project: Project) -> str:
    """Where the project's jobs and tables are."""
    return project.settings.lineage.namespace or project_namespace(project.settings.name)


class BronzeNames:
    """Views over what landed -> the tables of the sources that landed it."""

    def __init__(self, project: Project, mappings: Mapping[str, SourceMapping]) -> None:
        self._datasets = {
            view: dataset
            for source, mapping in mappings.items()
            for table, dataset in _tables(project, source, mapping)
            for view in (bronze_view(source, table), history_view(source, table))
        }

    def __iter__(self) -> Iterator[Dataset]:
        return iter(sorted(set(self._datasets.values())))

    def dataset(self, view: str) -> Dataset | None:
        """The table behind a view of bronze; None where no mapping lands it any more."""
        return self._datasets.get(view)


def _tables(project: Project, source: str, mapping: SourceMapping) -> Iterator[tuple[str, Dataset]]:
    naming = _naming(project, source, project.settings.sources[source])
    for table in mapping.landed:
        yield table, naming.dataset(table)


def _naming(project: Project, source: str, settings: SourceSettings) -> SourceNaming:
    if settings.prefix is not None:
        return SourceNaming.of_bucket(settings.prefix)
    if settings.folder is not None:
        return SourceNaming.of_folder((project.home / settings.folder).resolve())
    try:
        address = project.secret(settings.url or "", f"{project.settings_file}: sources.{source}")
    except ConfigError:
        return SourceNaming.of_unknown(namespace_of(project), source)
    return SourceNaming.of_database(settings.kind, address)
