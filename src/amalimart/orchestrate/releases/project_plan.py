"""What publishing the project as its files now stand would change, add and break; nothing is published.

Settings, mappings, models and metrics are read anew from the files; the published side is asked of the
engine. The assembled project of a plan lies apart from the one that the engine builds from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from amalimart.config.project import Project
from amalimart.core.clock import Clock
from amalimart.core.models import PublishedProject
from amalimart.core.names import TableRef
from amalimart.governance.personal_flow import PersonalFlow
from amalimart.lake.durable import guarded
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.orchestrate.engine import declared_rollups, model_settings
from amalimart.orchestrate.governance import Governance
from amalimart.orchestrate.lineage.tracing import graph_lineage
from amalimart.orchestrate.project.lake_opening import open_lake
from amalimart.orchestrate.project.mapping_files import load_mappings
from amalimart.orchestrate.project.own_files import in_own_files, own_file
from amalimart.orchestrate.releases.published_graph import published_graph
from amalimart.semantic.columns_read import read_by_datasets, read_by_dimension, read_by_metric
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.semantic.model import SemanticModel
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.lake_view import lake_state, landed_source
from amalimart.warehouse.planning.differences import (
    Break,
    CheckDifference,
    ModelDifference,
    breaks,
    check_differences,
    model_differences,
)
from amalimart.warehouse.planning.effects import Effect, effects
from amalimart.warehouse.planning.shapes import Shapes, shapes_of
from amalimart.warehouse.project.compiler import compile_project
from amalimart.warehouse.project.project_files import assemble


@dataclass(frozen=True, slots=True)
class Lost:
    """A metric, dimension or dataset that names a column which would be gone."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Questions:
    """What an edit means to who asks.

    metrics  that read a column which may hold other values
    *_lost   what names a column that would be gone; of datasets as table.column
    """

    metrics: tuple[str, ...] = ()
    metrics_lost: tuple[Lost, ...] = ()
    dimensions_lost: tuple[Lost, ...] = ()
    fields_lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProjectPlan:
    """What an edit would do.

    models   that differ by themselves or by their columns
    effects  on every model that is reached
    breaks   models that could not be built
    rows     that would be built anew, new models aside
    personal  columns of changed or affected models that would carry personal values and are not classed so
    """

    release_id: int
    published: str
    planned: str
    models: tuple[ModelDifference, ...] = ()
    effects: tuple[Effect, ...] = ()
    breaks: tuple[Break, ...] = ()
    checks: tuple[CheckDifference, ...] = ()
    questions: Questions = Questions()
    rows: int = 0
    personal: tuple[PersonalFlow, ...] = ()

    @property
    def is_breaking(self) -> bool:
        """Whether a model could not be built, or a question could not be answered any more."""
        asked = self.questions
        return bool(self.breaks or asked.metrics_lost or asked.dimensions_lost or asked.fields_lost)


def plan_project(
    project: Project, clock: Clock, published: PublishedProject, models: Path | None = None
) -> ProjectPlan:
    """The plan. `models` stands in for the project's own folder of models.

    Raises CompileFailed and UnsupportedFeature for models that cannot be compiled, ConfigError for a wrong
    file, WarehouseError where what is published is not known any more.
    """
    before = published_graph(project, published)
    mappings = load_mappings(project)
    lake = open_lake(project, clock)
    landed = [
        landed_source(lake, source, mapping)
        for source, mapping in mappings.items()
        if lake.latest(source) is not None
    ]
    settings = model_settings(project)
    folder = project.build / "plan" / "dbt"
    overlay = models or project.overlay("models")
    with (
        guarded("assembling the models", folder, lambda: "nothing was published"),
        in_own_files(overlay),
    ):
        rollups = tuple(rollup.made for rollup in declared_rollups(project))
        planned = assemble(folder, landed, settings, (overlay,), rollups=rollups)
        after = compile_project(folder, planned, project.compiled, settings)
    semantic = load_model([PACKAGED, project.overlay("metrics")])
    if planned == published.project_hash:
        return ProjectPlan(published.release_id, published.project_hash, planned)
    tables = lake_state(lake, _landed(mappings, [each.name for each in landed])).tables
    shapes = shapes_of(after, tables, {each.unique_id: each.columns for each in published.models})
    differences = model_differences(before, after, shapes, published)
    reached = effects(before, after, shapes, differences, published)
    broken = breaks(before, after, shapes, differences)
    personal: tuple[PersonalFlow, ...] = ()
    if not broken:  # what cannot be built cannot be followed
        changed = {each.model for each in differences} | {each.model for each in reached}
        flows = Governance(project, clock).planned_personal_flow(
            graph_lineage(after, shapes, mappings), after
        )
        personal = tuple(each for each in flows if each.column.rpartition(".")[0] in changed)
    return ProjectPlan(
        release_id=published.release_id,
        published=published.project_hash,
        planned=planned,
        models=tuple(replace(each, file=own_file(overlay, each.file)) for each in differences),
        effects=tuple(replace(each, file=own_file(overlay, each.file)) for each in reached),
        breaks=tuple(replace(each, file=own_file(overlay, each.file)) for each in broken),
        checks=check_differences(before, after),
        rows=sum(each.rows or 0 for each in reached),
        personal=personal,
        questions=_questions(semantic, after, shapes, published, reached),
    )


def _landed(mappings: dict[str, SourceMapping], names: list[str]) -> dict[str, SourceMapping]:
    return {name: mapping for name, mapping in mappings.items() if name in names}


def _questions(
    semantic: SemanticModel,
    after: CompiledGraph,
    shapes: Shapes,
    published: PublishedProject,
    reached: tuple[Effect, ...],
) -> Questions:
    tables = {str(model.table) for model in after.models}
    now = {
        (str(table), column.name)
        for table, columns in shapes.columns.items()
        if str(table) in tables
        for column in columns
    }
    was = {(model.relation, column.name) for model in published.models for column in model.columns}
    affected = {(effect.model, column) for effect in reached for column in effect.columns}
    gone = was - now

    def lost(name: str, reads: frozenset[tuple[TableRef, str]]) -> list[Lost]:
        columns = sorted(f"{table}.{column}" for table, column in reads if (str(table), column) in gone)
        return [Lost(name, tuple(columns))] if columns else []

    by_metric = {metric.name: read_by_metric(semantic, metric) for metric in semantic.metrics.values()}
    named = read_by_datasets(semantic)
    return Questions(
        metrics=tuple(
            sorted(
                name
                for name, reads in by_metric.items()
                if any((str(table), column) in affected for table, column in reads)
            )
        ),
        metrics_lost=tuple(each for name, reads in sorted(by_metric.items()) for each in lost(name, reads)),
        dimensions_lost=tuple(
            each
            for name, dimension in sorted(semantic.dimensions.items())
            for each in lost(name, read_by_dimension(semantic, dimension))
        ),
        fields_lost=tuple(
            sorted(f"{table}.{column}" for table, column in named if (str(table), column) in gone)
        ),
    )
