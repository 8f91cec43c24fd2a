"""The YAML beside the generated models: what each holds, and each of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml

from amalimart.mapping.entities import Entity
from amalimart.warehouse.staging.entity_sql import OWN_COLUMNS
from amalimart.warehouse.staging.enum_drift_sql import COLUMNS as DRIFT
from amalimart.warehouse.staging.enum_drift_sql import shows_personal
from amalimart.warehouse.staging.landed import LandedSource, bronze_view
from amalimart.warehouse.staging.reconciliation_sql import ACCOUNT, account_model
from amalimart.warehouse.staging.staged import StagedPart, StagedTable

_OF_ROWS = {
    "_op": "What brought the row: snapshot or upsert; duplicate where the same snapshot holds it again.",
    "_batch": "Commit of the source's lake that brought the row.",
    "_sequence": "Row number inside that commit.",
    "_unchanged": "Columns of the row that the source never told; null where it told all.",
}
_OF_QUARANTINE = {
    "entity": "The entity.",
    "entity_key": "The key of the row, as far as it could be read.",
    "reason": "Why the row cannot be used.",
    "_source": "The source that the row is of.",
    "_batch": "Commit of the source's lake that brought the row.",
    "_sequence": "Row number inside that commit.",
}
Described = dict[str, object]


def staging_yaml(
    sources: Sequence[LandedSource],
    tables: Sequence[StagedTable],
    staged: Mapping[str, Sequence[StagedPart]],
    entities: Mapping[str, Entity],
) -> str:
    """The dbt description of bronze and of every generated model."""
    bronze = [
        {"name": bronze_view(source.name, table)} for source in sources for table in sorted(source.tables)
    ]
    models = [_rows(table) for table in tables]
    models += [_entity(f"stg_{name}", entity.description, entity) for name, entity in entities.items()]
    for name, parts in sorted(staged.items()):
        for part in parts:
            if len(parts) > 1:
                detail = (
                    f"{entities[name].description} The rows of {part.table.table} of {part.table.source}."
                )
                models.append(_entity(part.model, detail, entities[name]))
            account = account_model(part, parts)
            models.append(_model(account, f"Where the landed rows of {name} went.", _told(ACCOUNT)))
    models += [
        _model("quarantine", "Every rejected row with its reason.", _OF_QUARANTINE),
        _model("reconciliation", "Where every landed row of every entity went.", _told(ACCOUNT)),
        _enum_drift([part for parts in staged.values() for part in parts]),
    ]
    document = {
        "version": 2,
        "sources": [
            {"name": "bronze", "schema": "bronze", "tables": bronze},
            {"name": "meta", "schema": "meta", "tables": [{"name": "run_context"}]},
        ],
        "models": models,
    }
    return yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)


def _told(columns: Mapping[str, tuple[str, str]]) -> Mapping[str, str]:
    return {name: text for name, (_, text) in columns.items()}


def _model(name: str, description: str, columns: Mapping[str, str]) -> Described:
    described = [{"name": column, "description": text} for column, text in columns.items()]
    return {"name": name, "description": description, "columns": described}


def _enum_drift(parts: Sequence[StagedPart]) -> Described:
    described = _model("enum_drift", "Values of enum columns that the mapping does not know.", _told(DRIFT))
    if shows_personal(parts):
        columns = [
            {"name": column, "description": text}
            | ({"config": {"tags": ["personal"]}} if column == "written" else {})
            for column, text in _told(DRIFT).items()
        ]
        described["columns"] = columns
    return described


def _rows(table: StagedTable) -> Described:
    columns: list[Described] = [
        {
            "name": column,
            "description": "As it landed.",
            "config": {"tags": ["personal" if column in table.personal else "internal"]},
        }
        for column in table.columns
    ]
    columns += [{"name": column, "description": text} for column, text in _OF_ROWS.items()]
    description = f"The rows of {table.table} of {table.source} as they stand now."
    return {"name": table.model, "description": description, "columns": columns}


def _entity(name: str, description: str, entity: Entity) -> Described:
    columns: list[Described] = [
        {"name": column, "description": spec.description, "config": {"tags": [spec.sensitivity]}}
        for column, spec in entity.columns.items()
    ]
    columns += [{"name": column, "description": text} for column, text in _told(OWN_COLUMNS).items()]
    return {
        "name": name,
        "description": description,
        "config": {"meta": {"key": list(entity.key), "unique_where": "_rejected is null"}},
        "columns": columns,
    }
