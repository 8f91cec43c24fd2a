"""Folders of YAML to one SemanticModel, with every cross-reference checked.

Each folder may hold `datasets/`, `dimensions/` and `metrics/`; YAML files in the folder itself are
metrics too, so that a project's own folder of metrics is one. A later folder (the user's project)
replaces a dataset, dimension or metric of an earlier one by name. A mistake is one ConfigError with
file, line and the nearest known name.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from amalimart.core.fiscal import Calendar
from amalimart.semantic.defined import Label
from amalimart.semantic.definition_files import DATASETS, DIMENSIONS, METRICS, DefinitionFiles, files_of
from amalimart.semantic.definitions.datasets import dataset_of
from amalimart.semantic.definitions.dimensions import dimension_names_of, dimension_of
from amalimart.semantic.definitions.entries import Entry, label_of, one_meaning, unique
from amalimart.semantic.definitions.metrics import MetricBuilder, check_metrics
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.shapes import DatasetShape, DimensionsFile, DimensionShape, MetricsFile, MetricShape

PACKAGED = Path(__file__).parents[1] / "marketplace" / "semantic"
"""The folder of the packaged datasets, dimensions and metrics."""


def load_model(folders: Sequence[Path], calendar: Calendar | None = None) -> SemanticModel:
    """The model of these folders, later ones over earlier ones. Raises ConfigError.

    Without a calendar of the project its fiscal year is the calendar year.
    """
    return model_of([files_of(folder) for folder in folders], calendar)


def model_of(sets: Sequence[DefinitionFiles], calendar: Calendar | None = None) -> SemanticModel:
    """The model of these sets of files, later ones over earlier ones. Raises ConfigError."""
    calendar = calendar or Calendar()
    datasets: dict[str, Entry[DatasetShape]] = {}
    dimensions: dict[str, Entry[DimensionShape]] = {}
    metrics: dict[str, Entry[MetricShape]] = {}
    subjects: dict[str, Label] = {}
    for files in sets:
        datasets |= unique(_datasets_of(files))
        dimensions |= unique(_dimensions_of(files))
        found, areas = _metrics_of(files)
        metrics |= unique(found)
        subjects |= areas
    loaded = {name: dataset_of(entry, datasets) for name, entry in datasets.items()}
    known_dimensions = {name: dimension_of(entry, loaded, dimensions) for name, entry in dimensions.items()}
    one_meaning(
        dimensions, lambda shape: dimension_names_of(shape.synonyms, shape.lookup is not None), "dimension"
    )
    one_meaning(metrics, lambda shape: tuple(shape.aliases), "metric")
    builder = MetricBuilder(metrics, loaded)
    model = SemanticModel(
        loaded.values(),
        known_dimensions.values(),
        (builder.metric(name) for name in metrics),
        subjects,
        calendar,
    )
    check_metrics(model, metrics)
    for dataset in model.datasets:
        for dimension in model.dimensions.values():
            model.reach(dataset, dimension)
    return model


def metric_places(files: DefinitionFiles) -> dict[str, str]:
    """The metrics that a set of files defines, each with its file and line. Raises ConfigError."""
    entries, _ = _metrics_of(files)
    return {entry.name: entry.document.where(*entry.path) for entry in entries}


def _datasets_of(files: DefinitionFiles) -> list[Entry[DatasetShape]]:
    return [
        Entry(document.path.stem, document.parse(DatasetShape), document, ())
        for document in files.documents(DATASETS)
    ]


def _dimensions_of(files: DefinitionFiles) -> list[Entry[DimensionShape]]:
    entries = []
    for document in files.documents(DIMENSIONS):
        file = document.parse(DimensionsFile)
        entries += [
            Entry(name, shape, document, ("dimensions", name)) for name, shape in file.dimensions.items()
        ]
    return entries


def _metrics_of(files: DefinitionFiles) -> tuple[list[Entry[MetricShape]], dict[str, Label]]:
    entries, subjects = [], {}
    for document in files.documents(METRICS):
        file = document.parse(MetricsFile)
        subjects[file.subject.name] = label_of(file.subject.label)
        entries += [
            Entry(name, shape, document, ("metrics", name), file.subject.name)
            for name, shape in file.metrics.items()
        ]
    return entries, subjects
