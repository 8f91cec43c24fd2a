"""The YAML beside the generated models of versions: what each holds, and each of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml

from amalimart.mapping.entities import Entity
from amalimart.warehouse.staging.landed import history_view
from amalimart.warehouse.staging.tracked import TRACKED, VersionedTable, tracked_entity
from amalimart.warehouse.staging.versions_sql import SPAN, span_names
from amalimart.warehouse.staging.versions_view import OF_A_VERSION, versions_view

Described = dict[str, object]


def versions_yaml(tables: Sequence[VersionedTable], entities: Mapping[str, Entity]) -> str:
    """The dbt description of the versions of rows and of entities."""
    past = [{"name": history_view(each.table.source, each.table.table)} for each in tables]
    models = [_rows(versioned) for versioned in tables]
    models += [_entity(name, tracked_entity(name, entities[name])) for name in TRACKED]
    bronze = {"name": "bronze", "schema": "bronze", "tables": past}
    document = {"version": 2, "sources": [bronze] if past else [], "models": models}
    return yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)


def _rows(versioned: VersionedTable) -> Described:
    table, own = versioned.table, span_names(versioned)
    columns = dict.fromkeys([*table.key, *versioned.columns])
    described: list[Described] = [
        {"name": column, "description": "As it landed.", "config": {"tags": ["internal"]}}
        for column in columns
    ]
    described += [{"name": own[name], "description": text} for name, (_, text) in SPAN.items()]
    return {
        "name": versioned.model,
        "description": f"The versions of the rows of {table.table} of {table.source}, as far as tracked.",
        "columns": described,
    }


def _entity(name: str, entity: Entity) -> Described:
    columns: list[Described] = [
        {"name": column, "description": spec.description, "config": {"tags": [spec.sensitivity]}}
        for column, spec in entity.columns.items()
    ]
    columns += [{"name": column, "description": text} for column, (_, text) in OF_A_VERSION.items()]
    return {
        "name": versions_view(name),
        "description": f"What each of {name} was, from when to when, as far as tracked.",
        "config": {"meta": {"key": list(entity.key), "is_one_row": False}},
        "columns": columns,
    }
