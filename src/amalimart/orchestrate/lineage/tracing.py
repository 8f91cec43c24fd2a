"""The lineage of what is published: traced once for each project, joined with the metrics as they stand.

What the models make of columns is kept beside the project's compiled form, under its hash; metrics,
dimensions and pages are read anew, since an edit of them publishes no release.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from amalimart.catalog.lineage import Kind, Lineage, Node
from amalimart.config.project import Project
from amalimart.core.clock import Clock
from amalimart.core.models import PublishedProject
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.orchestrate.lineage.apart import TracingStopped, traced_apart
from amalimart.orchestrate.lineage.models import kept_name, written
from amalimart.orchestrate.project.lake_opening import open_lake
from amalimart.orchestrate.project.mapping_files import load_mappings
from amalimart.orchestrate.releases.published_graph import published_graph
from amalimart.semantic.columns_read import read_by_dimension, read_by_metric
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.semantic.model import SemanticModel
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.lake_view import lake_state
from amalimart.warehouse.planning.column_reads import column_reads
from amalimart.warehouse.planning.shapes import Shapes, shapes_of
from amalimart.warehouse.planning.tracing import ROWS, Read
from amalimart.warehouse.staging.landed import bronze_view, history_view

_tracing = threading.Lock()
_NEVER = threading.Event()
_LOOK_SECONDS = 0.2
_FORMAT = 2  # of the kept form; another number traces every project anew
_BRONZE = "bronze"
_RUN_CONTEXT = "meta"

Uses = Mapping[Node, frozenset[str]]
"""Pages, each with the metrics and dimensions that it names."""


def uses_of(dashboards: Mapping[str, Iterable[str]], scorecards: Mapping[str, Iterable[str]]) -> Uses:
    """What dashboards and scorecards name, by their own names."""
    pages = ((Kind.DASHBOARD, dashboards), (Kind.SCORECARD, scorecards))
    return {Node.page(kind, name): frozenset(names) for kind, named in pages for name, names in named.items()}


def published_lineage(project: Project, clock: Clock, published: PublishedProject, pages: Uses) -> Lineage:
    """From the sources to the pages.

    Raises WarehouseError where what is published is not known any more, ConfigError for a wrong file.
    """
    mappings = load_mappings(project)
    models = model_lineage(project, clock, published, mappings)
    places = _Places(mappings)
    made_of = {places.node(name): places.nodes(reads) for name, reads in models["made_of"].items()}
    semantic = load_model([PACKAGED, project.overlay("metrics")])
    made_of |= _of_questions(semantic, places)
    asked = _asked_by(semantic)
    for page, names in pages.items():
        made_of[page] = frozenset(asked[name] for name in names if name in asked)
    return Lineage(made_of, frozenset(models["untraced"]), asked)


def published_checks(
    project: Project, clock: Clock, published: PublishedProject
) -> dict[str, frozenset[Node]]:
    """The columns that each check of what is published looks at, and the rows. Raises WarehouseError."""
    mappings = load_mappings(project)
    places = _Places(mappings)
    kept = model_lineage(project, clock, published, mappings)["checks"]
    return {name: places.nodes(reads) for name, reads in kept.items()}


def graph_lineage(graph: CompiledGraph, shapes: Shapes, mappings: Mapping[str, SourceMapping]) -> Lineage:
    """What the models of a compiled project make of columns, published or not; takes seconds."""
    places, found = _Places(mappings), list(column_reads(graph, shapes))
    made_of = {places.node(name): places.nodes(reads) for model in found for name, reads in written(model)}
    return Lineage(made_of, frozenset(str(model.table) for model in found if not model.is_traced), {})


def model_lineage(
    project: Project,
    clock: Clock,
    published: PublishedProject,
    mappings: Mapping[str, SourceMapping],
    closing: threading.Event = _NEVER,
) -> dict[str, Any]:
    """What the models make of columns, as it is kept: `made_of`, `untraced`, and what `checks` read.

    Where nothing is kept yet it takes seconds, of another process; who asks meanwhile waits for the same.

    Raises WarehouseError where what is published is not known any more, TracingStopped once `closing` is set.
    """
    kept = project.compiled / f"{published.project_hash}.lineage-{_FORMAT}.json"
    with _one_at_a_time(closing):
        models = _kept(kept)
        if models is None:
            models = _traced(project, clock, published, mappings, closing)
            fresh = kept.with_suffix(f".{os.getpid()}")
            fresh.write_text(json.dumps(models))
            fresh.replace(kept)
    return models


@contextmanager
def _one_at_a_time(closing: threading.Event) -> Iterator[None]:
    while not _tracing.acquire(timeout=_LOOK_SECONDS):
        if closing.is_set():
            raise TracingStopped
    try:
        yield
    finally:
        _tracing.release()


def _kept(path: Path) -> dict[str, Any] | None:
    """What was traced before; None where nothing was, or where a crash left a broken file."""
    try:
        return dict(json.loads(path.read_text()))
    except (FileNotFoundError, ValueError):
        return None


def _traced(
    project: Project,
    clock: Clock,
    published: PublishedProject,
    mappings: Mapping[str, SourceMapping],
    closing: threading.Event,
) -> dict[str, Any]:
    graph = published_graph(project, published)
    lake = open_lake(project, clock)
    landed = {name: mapping for name, mapping in mappings.items() if lake.latest(name) is not None}
    columns = {each.unique_id: each.columns for each in published.models}
    shapes = shapes_of(graph, lake_state(lake, landed).tables, columns)
    return traced_apart(graph, shapes, closing)


class _Places:
    """Names as they are kept, as nodes: columns of bronze are those of the source that landed them."""

    def __init__(self, mappings: Mapping[str, SourceMapping]) -> None:
        self._sources = {
            view: f"{source}.{table}"
            for source, mapping in mappings.items()
            for table in mapping.landed
            for view in (bronze_view(source, table), history_view(source, table))
        }

    def node(self, kept: str) -> Node:
        """The node of `schema.table.column`, or of `schema.table.` where its rows are meant."""
        schema, table, column = kept.split(".", 2)
        place = f"{schema}.{table}"
        if schema == _BRONZE:
            place = self._sources.get(table, place)
        if column == ROWS:
            return Node(Kind.ROWS, place)
        return Node(Kind.SOURCE if schema == _BRONZE else Kind.COLUMN, f"{place}.{column}")

    def nodes(self, kept: Iterable[str]) -> frozenset[Node]:
        """The nodes that carry values; what landing adds to a row, and the clock, are not among them."""
        return frozenset(self.node(each) for each in kept if not _is_of_landing(each))


def _is_of_landing(kept: str) -> bool:
    schema, _, column = kept.split(".", 2)
    return schema == _RUN_CONTEXT or (schema == _BRONZE and column.startswith("_"))


def _of_questions(model: SemanticModel, places: _Places) -> dict[Node, frozenset[Node]]:
    def stands_on(reads: Iterable[Read]) -> frozenset[Node]:
        listed = list(reads)
        columns = {places.node(kept_name(*each)) for each in listed}
        return frozenset(columns | {Node(Kind.ROWS, str(table)) for table, _ in listed})

    found = {
        Node(Kind.METRIC, metric.name): stands_on(read_by_metric(model, metric))
        for metric in model.metrics.values()
    }
    return found | {
        Node(Kind.DIMENSION, name): stands_on(read_by_dimension(model, dimension))
        for name, dimension in model.dimensions.items()
    }


def _asked_by(model: SemanticModel) -> dict[str, Node]:
    """Every name of a metric or dimension, aliases and synonyms too."""
    dimensions = {
        name: Node(Kind.DIMENSION, dimension.name)
        for dimension in model.dimensions.values()
        for name in (dimension.name, *dimension.synonyms)
    }
    return dimensions | {name: Node(Kind.METRIC, model.metric(name).name) for name in model.metric_names}
