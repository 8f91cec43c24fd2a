"""What dropping a source's column would do to what is published: by lineage, and what mappings need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from amalimart.catalog.impact import Impact, Loss, impact_of_dropping
from amalimart.catalog.lineage import Kind
from amalimart.config.project import Project
from amalimart.core.clock import Clock
from amalimart.core.models import PublishedProject
from amalimart.mapping.entities import load_entities
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.orchestrate.lineage.tracing import Uses, published_checks, published_lineage
from amalimart.orchestrate.project.mapping_files import load_mappings
from amalimart.semantic.availability import missing_for_metric
from amalimart.semantic.loading import PACKAGED, load_model


def drop_impact(
    project: Project, clock: Clock, published: PublishedProject, pages: Uses, name: str
) -> Impact:
    """What breaks and changes if the source column of that name goes.

    Raises NotFound for an unknown name, RequestError for anything but a source's column, ConfigError for a
    wrong file, WarehouseError where what is published is not known any more.
    """
    lineage = published_lineage(project, clock, published, pages)
    node = lineage.find(name)
    loss = _loss(project, node.name) if node.kind is Kind.SOURCE else Loss()
    return impact_of_dropping(lineage, node, loss, published_checks(project, clock, published))


@dataclass(frozen=True, slots=True)
class _Dropped:
    """What the sources fill without one column of one table."""

    mappings: Mapping[str, SourceMapping]
    place: tuple[str, str, str]

    @property
    def source(self) -> str:
        return ", ".join(self.mappings)

    def provides(self, entity: str, column: str, value: str | None = None) -> bool:
        source, table, name = self.place
        return any(
            mapping.provides(entity, column, value)
            and any(
                part.entity == entity
                and column in part.columns
                and not (each == source and (column, table, name) in set(part.origins()))
                for part in mapping.parts
            )
            for each, mapping in self.mappings.items()
        )


def _loss(project: Project, name: str) -> Loss:
    mappings = load_mappings(project)
    head, _, column = name.rpartition(".")
    source, _, table = head.partition(".")
    mapping = mappings[source]
    semantic = load_model([PACKAGED, project.overlay("metrics")])
    dropped = _Dropped(mappings, (source, table, column))
    full = _Dropped(mappings, ("", "", ""))
    unavailable = frozenset(
        metric.name
        for metric in semantic.metrics.values()
        if missing_for_metric(semantic, metric, dropped) and not missing_for_metric(semantic, metric, full)
    )
    entities = load_entities()
    filled = sorted(
        (f"{part.entity}.{canonical}", entities[part.entity].columns[canonical].required)
        for part in mapping.parts
        for canonical, of_table, of_column in part.origins()
        if (of_table, of_column) == (table, column)
    )
    needed = [canonical for canonical, is_required in filled if is_required]
    is_key = column in mapping.key_columns(table)
    stops = []
    if (table, column) not in mapping.optional:
        stops.append(f"{source}.{table} is not followed any more until the mapping leaves {column} out")
    if needed:
        stops.append(
            f"no release can be built that has no {', no '.join(needed)}: every row would be rejected"
        )
    elif is_key:
        stops.append(f"rows of {source}.{table} cannot be told apart: {column} is part of their key")
    return Loss(tuple(stops), bool(needed) or is_key, unavailable)
