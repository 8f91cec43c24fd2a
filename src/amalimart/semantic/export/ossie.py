"""Datasets, relationships and metrics as an Apache Ossie document (core specification 0.2.0.dev0).

What that form has no place for goes into extensions of ours where it can be said of one thing, and into the
report where it is lost: policies, periods, steps per entity, additivity, availability.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from amalimart.semantic.defined import Dataset, Dimension, Field, Metric
from amalimart.semantic.export.sql_expressions import expression_of, reasons_against
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.shapes import FieldType, Unit

SPECIFICATION = "0.2.0.dev0"
VENDOR = "AMALIMART"
_TYPES = {
    FieldType.ID: "String",
    FieldType.TEXT: "String",
    FieldType.ENUM: "String",
    FieldType.INTEGER: "Integer",
    FieldType.DECIMAL: "Decimal",
    FieldType.MONEY: "Decimal",
    FieldType.BOOLEAN: "Boolean",
    FieldType.DATE: "Date",
}
_UNITS = {Unit.COUNT: "Integer", Unit.MONEY: "Decimal", Unit.DATE: "Date"}
_LOST = (
    ("policies", "who may see which rows, columns and metrics: whoever reads the tables sees all of them"),
    ("planning", "each fact at its own grain and date, refusals of wrong groupings, currencies kept apart"),
    ("additivity", "over which dimensions a metric does not add up is told in an extension alone"),
    (
        "availability",
        "what a source must provide is told in an extension alone; elsewhere 0 may stand for none",
    ),
    ("names in French", "labels in French are told in an extension alone"),
)


@dataclass(frozen=True, slots=True)
class NotCarried:
    """One thing that the document does not say, or only in an extension."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class OssieExport:
    """The document, and what it cannot carry."""

    document: dict[str, Any]
    not_carried: tuple[NotCarried, ...]


def ossie_export(model: SemanticModel, name: str) -> OssieExport:
    """The whole model as one semantic model of that name."""
    lost = [NotCarried(what, why) for what, why in _LOST]
    metrics = []
    for metric in model.metrics.values():
        if reasons := reasons_against(metric.formula):
            lost.append(NotCarried(f"metric {metric.name}", f"needs {' and '.join(reasons)}"))
        else:
            metrics.append(_metric(model, metric))
    lost += [
        NotCarried(f"dimension {each.name}", "is worked out from a date, and is no column")
        for each in model.dimensions.values()
        if each.bucket is not None or each.elapsed is not None
    ]
    found = {
        "name": name,
        "description": "Metrics of a marketplace, with the tables that they are counted over.",
        "datasets": [_dataset(model, dataset) for dataset in model.datasets.values()],
        "relationships": list(_relationships(model)),
        "metrics": metrics,
    }
    document = {
        "version": SPECIFICATION,
        "dialects": ["ANSI_SQL"],
        "vendors": [VENDOR],
        "semantic_model": [found],
    }
    return OssieExport(document, tuple(lost))


def _dataset(model: SemanticModel, dataset: Dataset) -> dict[str, Any]:
    read_by: dict[str, list[Dimension]] = {}
    for dimension in model.dimensions.values():
        if dimension.bucket is None and dimension.elapsed is None:
            for home, field in dimension.sources:
                if home == dataset.name:
                    read_by.setdefault(field, []).append(dimension)
    return {
        "name": dataset.name,
        "source": str(dataset.table),
        "primary_key": [dataset.key, dataset.time] if dataset.is_stock and dataset.time else [dataset.key],
        "description": dataset.description,
        "fields": [_field(dataset, field, read_by.get(field.name, [])) for field in dataset.fields.values()],
        "custom_extensions": [_extension({"time": dataset.time, "currency": dataset.currency})],
    }


def _field(dataset: Dataset, field: Field, dimensions: list[Dimension]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": field.name,
        "expression": _expression(field.name),
        "label": dimensions[0].label.en if dimensions else field.label,
        "datatype": _TYPES[field.type],
    }
    if field.type is FieldType.DATE or dimensions:
        found["dimension"] = {"is_time": field.type is FieldType.DATE}
    if dimensions:
        found["description"] = dimensions[0].description
        names = [name for each in dimensions for name in (each.name, *each.synonyms, each.label.fr)]
        found["ai_context"] = {"synonyms": list(dict.fromkeys(names))}
    told = {
        "class": field.data_class.value,
        "values": list(field.values),
        "dimensions": [each.name for each in dimensions],
        "is_date_of_the_fact": field.name == dataset.time,
    }
    found["custom_extensions"] = [_extension({key: value for key, value in told.items() if value})]
    return found


def _relationships(model: SemanticModel) -> Iterator[dict[str, Any]]:
    for dataset in model.datasets.values():
        for relationship in dataset.relationships.values():
            yield {
                "name": f"{dataset.name}_{relationship.name}",
                "from": dataset.name,
                "to": relationship.to,
                "from_columns": [relationship.column],
                "to_columns": [model.datasets[relationship.to].key],
            }


def _metric(model: SemanticModel, metric: Metric) -> dict[str, Any]:
    told = {
        "label": metric.label.en,
        "label_fr": metric.label.fr,
        "subject": metric.subject,
        "owner": metric.owner,
        "unit": metric.unit.value,
        "version": metric.version,
        "hash": metric.definition_hash,
        "non_additive": None if metric.non_additive is None else sorted(metric.non_additive),
        "needs": [[str(each) for each in group] for group in metric.needs],
        "notes": [note.en for note in metric.notes],
    }
    names = [metric.label.en, metric.label.fr, *metric.aliases]
    return {
        "name": metric.name,
        "expression": _expression(expression_of(model, metric.formula)),
        "description": metric.description,
        "datatype": _UNITS.get(metric.unit, "Float"),
        "ai_context": {"synonyms": list(dict.fromkeys(names))},
        "custom_extensions": [_extension(told)],
    }


def _expression(text: str) -> dict[str, Any]:
    return {"dialects": [{"dialect": "ANSI_SQL", "expression": text}]}


def _extension(told: dict[str, Any]) -> dict[str, str]:
    return {"vendor_name": VENDOR, "data": json.dumps(told, ensure_ascii=False)}
