"""Every generated model of an installation: current rows, staged entities, and the accounts of both."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from amalimart.core.errors import ConfigError, SourceMismatch
from amalimart.core.names import is_identifier, nearest
from amalimart.mapping.checking import refuse_ambiguous
from amalimart.mapping.entities import Entity, load_entities
from amalimart.mapping.parts import EntityPart
from amalimart.warehouse.graph import model_id
from amalimart.warehouse.staging.description import staging_yaml
from amalimart.warehouse.staging.entity_sql import empty_staging_sql, staging_sql
from amalimart.warehouse.staging.enum_drift_sql import enum_drift_sql
from amalimart.warehouse.staging.formula_check import check_formulas
from amalimart.warehouse.staging.landed import LandedSource, bronze_view
from amalimart.warehouse.staging.recipes import staging_recipes, with_macros
from amalimart.warehouse.staging.reconciliation_sql import ACCOUNT, account_model, reconciliation_sql
from amalimart.warehouse.staging.rows_sql import rows_sql
from amalimart.warehouse.staging.staged import StagedPart, StagedTable, header, rows_model
from amalimart.warehouse.staging.tracked import (
    TRACKED,
    VersionedTable,
    tracked_entity,
    tracked_parts,
    versioned_tables,
)
from amalimart.warehouse.staging.union_sql import part_model, union_sql
from amalimart.warehouse.staging.version_recipes import version_recipes
from amalimart.warehouse.staging.versions_description import versions_yaml
from amalimart.warehouse.staging.versions_sql import versions_sql
from amalimart.warehouse.staging.versions_view import versions_view, versions_view_sql

RECIPES = "_recipes.json"
"""Name of the file beside the generated models that says how they follow changes."""


def write_staging(folder: Path, tests: Path, sources: Sequence[LandedSource], business_zone: str) -> None:
    """Write the models, their description and their test. Raises ConfigError."""
    folder.mkdir(parents=True, exist_ok=True)
    entities = load_entities()
    tables = {(source.name, table.table): table for source in sources for table in _staged_tables(source)}
    staged = _staged_parts(sources, tables, entities, business_zone)
    for parts in staged.values():
        check_formulas(parts)
    tracked = tracked_parts(staged)
    versioned = versioned_tables(part for parts in tracked.values() for part in parts)
    models = [*_models(tables.values(), staged, entities), *_versions(versioned, tracked, entities)]
    for name, sql in models:
        (folder / f"{name}.sql").write_text(sql)
    recipes = staging_recipes(list(tables.values()), staged) | version_recipes(versioned)
    kept = {model_id(name): with_macros(recipe).as_dict() for name, recipe in recipes.items()}
    (folder / RECIPES).write_text(json.dumps(kept, indent=1))
    (folder / "_staging.yml").write_text(staging_yaml(sources, list(tables.values()), staged, entities))
    (folder / "_versions.yml").write_text(versions_yaml(versioned, entities))
    tests.mkdir(exist_ok=True)
    (tests / "every_landed_row_is_accounted_for.sql").write_text(
        "-- Every landed row is superseded, deleted, filtered, accepted or quarantined: never lost.\n"
        "select *\nfrom {{ ref('reconciliation') }}\nwhere\n    landed_rows\n"
        "    <> superseded_rows + deleted_rows + filtered_rows + accepted_rows + quarantined_rows\n"
    )


def _models(
    tables: Iterable[StagedTable], staged: Mapping[str, Sequence[StagedPart]], entities: Mapping[str, Entity]
) -> Iterable[tuple[str, str]]:
    for table in tables:
        yield table.model, rows_sql(table)
    for name, entity in entities.items():
        parts = staged.get(name, ())
        if not parts:
            yield f"stg_{name}", empty_staging_sql(name, entity)
        elif len(parts) == 1:
            yield f"stg_{name}", staging_sql(parts[0])
        else:
            yield f"stg_{name}", union_sql(parts)
            for part in parts:
                yield part.model, staging_sql(part)
        for number, part in enumerate(parts):
            yield account_model(part, parts), reconciliation_sql(parts, number)
    yield "quarantine", _quarantine_sql(entities)
    yield (
        "reconciliation",
        _reconciliation_sql(
            [account_model(part, parts) for _, parts in sorted(staged.items()) for part in parts]
        ),
    )
    yield "enum_drift", enum_drift_sql([part for _, parts in sorted(staged.items()) for part in parts])


def _versions(
    tables: Sequence[VersionedTable],
    tracked: Mapping[str, Sequence[StagedPart]],
    entities: Mapping[str, Entity],
) -> Iterable[tuple[str, str]]:
    for versioned in tables:
        yield versioned.model, versions_sql(versioned)
    of_table = {versioned.table.model: versioned for versioned in tables}
    for name in TRACKED:
        parts = [(part, of_table[part.table.model]) for part in tracked[name]]
        yield versions_view(name), versions_view_sql(name, tracked_entity(name, entities[name]), parts)


def _staged_tables(source: LandedSource) -> Iterable[StagedTable]:
    if not is_identifier(source.name):
        raise ConfigError(
            f"the source name {source.name!r} is not a plain lower-case name",
            next_step="rename the source",
        )
    mapping = source.mapping.fitted(source.tables)
    entities = load_entities()
    personal = {
        (table, column)
        for part in mapping.parts
        for canonical, table, column in part.origins()
        if entities[part.entity].columns[canonical].sensitivity == "personal"
    }
    for table, columns in mapping.landed.items():
        if table in source.tables:
            types = source.tables[table]
            model = rows_model(source.name, table)
            yield StagedTable(
                source=source.name,
                table=table,
                relation=f"{{{{ source('bronze', '{bronze_view(source.name, table)}') }}}}",
                model=model,
                rows=f"{{{{ ref('{model}') }}}}",
                key=mapping.key_columns(table),
                columns=tuple(column for column in columns if column in types),
                types=types,
                personal=frozenset(column for column in columns if (table, column) in personal),
            )


def _refuse_lost(source: LandedSource, part: EntityPart, entity: Entity) -> None:
    """Raises SourceMismatch where a column that every row must have is not there: all would be rejected."""
    for canonical, table, column in part.origins():
        landed = source.tables.get(table)
        if entity.columns[canonical].required and landed is not None and column not in landed:
            raise SourceMismatch(
                f"{table}.{column} of {source.name} has not landed, but {part.entity}.{canonical} needs it",
                where=source.mapping.where,
                expected=f"one of {', '.join(sorted(landed))}",
                nearest=nearest(column, landed),
                next_step="correct the mapping; if the column was mapped just now, restart the ingest",
            )


def _staged_parts(
    sources: Sequence[LandedSource],
    tables: Mapping[tuple[str, str], StagedTable],
    entities: Mapping[str, Entity],
    business_zone: str,
) -> dict[str, list[StagedPart]]:
    """Entity -> its parts of all sources, those whose table has landed."""
    found: dict[str, list[StagedPart]] = {}
    for source in sources:
        for part in source.mapping.fitted(source.tables).parts:
            if (source.name, part.table) not in tables:
                continue
            _refuse_lost(source, part, entities[part.entity])
            staged = StagedPart(
                entity=entities[part.entity],
                part=part,
                table=tables[source.name, part.table],
                lookups={
                    name: tables[source.name, lookup.table]
                    for name, lookup in part.lookups.items()
                    if (source.name, lookup.table) in tables
                },
                model=part_model(part.entity, source.name, part.number),
                source_zone=str(source.mapping.time_zone),
                business_zone=business_zone,
            )
            found.setdefault(part.entity, []).append(staged)
    for parts in found.values():
        refuse_ambiguous([staged.part for staged in parts])
    alone = {name: parts[0] for name, parts in found.items() if len(parts) == 1}
    return found | {name: [replace(staged, model=f"stg_{name}")] for name, staged in alone.items()}


def _quarantine_sql(entities: Mapping[str, Entity]) -> str:
    opening = header(
        "Every rejected row with its reason.", grain="one row per rejected row", personal=(), view_in="silver"
    )
    selects = [
        "select\n"
        f"    '{name}' as entity,\n"
        f"    concat_ws(':', {', '.join(entity.key)}) as entity_key,\n"
        "    _rejected as reason,\n    _source,\n    _batch,\n    _sequence\n"
        f"from {{{{ ref('stg_{name}') }}}}\nwhere _rejected is not null\n"
        for name, entity in entities.items()
    ]
    return opening + "union all\n".join(selects)


def _reconciliation_sql(accounts: Sequence[str]) -> str:
    opening = header(
        "Where every landed row went.", grain="one row per part of an entity", personal=(), view_in="silver"
    )
    if not accounts:
        empty = ",\n".join(f"    cast(null as {kind}) as {column}" for column, (kind, _) in ACCOUNT.items())
        return f"{opening}select\n{empty}\nwhere false\n"
    selects = [f"select * from {{{{ ref('{account}') }}}}\n" for account in accounts]
    return opening + "union all\n".join(selects)
