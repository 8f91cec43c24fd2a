"""The dbt project of one installation: packaged models, the project's overlay, generated staging.

Assembled into a build folder that plain dbt can run too. An overlay model replaces the packaged
one of the same file name. The content hash names the compiled form: same files, same hash.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import yaml

from amalimart.core.errors import ConfigError, UnsupportedFeature
from amalimart.core.names import is_identifier
from amalimart.mapping.entities import Entity, load_entities
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.warehouse.staging_sql import (
    StagedEntity,
    empty_staging_sql,
    reconciliation_sql,
    staging_sql,
)

PACKAGED_PROJECT = Path(__file__).parent.parent / "marketplace" / "dbt"
_RECONCILED = (
    "landed_rows", "superseded_rows", "deleted_rows", "filtered_rows",
    "accepted_rows", "quarantined_rows", "repaired_rows",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LandedSource:
    """One source as the lake holds it: its name there, its mapping, and table -> column -> type."""

    name: str
    mapping: SourceMapping
    tables: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """What an installation decides for its models."""

    business_zone: str
    sla_days_express: int = 2
    sla_days_standard: int = 5

    def dbt_vars(self) -> dict[str, int | str]:
        """The variables the models read."""
        return {
            "business_zone": self.business_zone,
            "sla_days_express": self.sla_days_express,
            "sla_days_standard": self.sla_days_standard,
        }


def bronze_view(source: str, table: str) -> str:
    """Name of the bronze view of one landed table."""
    return f"{source}__{table}"


def assemble(
    folder: Path,
    sources: Iterable[LandedSource],
    settings: ProjectSettings,
    overlays: tuple[Path, ...] = (),
    packaged: Path = PACKAGED_PROJECT,
) -> str:
    """Write the whole dbt project into `folder` and return its content hash.

    Raises ConfigError, UnsupportedFeature for an overlay file that could not be run.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(packaged, folder, ignore=shutil.ignore_patterns(".*", "target", "logs"))
    for overlay in overlays:
        _overlay(folder, overlay)
    sources = tuple(sources)
    _write_staging(folder / "models" / "staging", sources, settings)
    (folder / "profiles.yml").write_text(
        "amalimart:\n  target: warehouse\n  outputs:\n    warehouse:\n      type: duckdb\n"
        "      path: \"{{ env_var('AMALIMART_DBT_DATABASE') }}\"\n      threads: 1\n"
    )
    return _content_hash(folder, settings)


def _overlay(folder: Path, overlay: Path) -> None:
    if not overlay.is_dir():
        return
    packaged = {path.name: path for path in (folder / "models").rglob("*") if path.is_file()}
    for path in sorted(overlay.rglob("*")):
        if path.suffix in {".py", ".csv"}:
            raise UnsupportedFeature(
                f"the overlay holds {path.name}, which the executor does not run",
                where=str(path),
                expected="models in .sql and their descriptions in .yml",
                next_step="write the model in SQL, or land the data as a source",
            )
        if path.suffix in {".sql", ".yml", ".yaml"} and not path.name.startswith("."):
            target = packaged.get(path.name, folder / "models" / "overlay" / path.relative_to(overlay))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def _write_staging(folder: Path, sources: tuple[LandedSource, ...], settings: ProjectSettings) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    entities = load_entities()
    staged = _staged_entities(sources, entities, settings)
    for name, entity in entities.items():
        if name in staged:
            (folder / f"stg_{name}.sql").write_text(staging_sql(staged[name]))
            (folder / f"rec_{name}.sql").write_text(reconciliation_sql(staged[name]))
        else:
            (folder / f"stg_{name}.sql").write_text(empty_staging_sql(name, entity))
    (folder / "quarantine.sql").write_text(_quarantine_sql(entities))
    (folder / "reconciliation.sql").write_text(_reconciliation_union(sorted(staged)))
    (folder / "_staging.yml").write_text(_staging_yaml(sources, entities, sorted(staged)))
    test = folder.parent.parent / "tests" / "every_landed_row_is_accounted_for.sql"
    test.parent.mkdir(exist_ok=True)
    test.write_text(
        "-- Every landed row is superseded, deleted, filtered, accepted or quarantined: never lost.\n"
        "select *\nfrom {{ ref('reconciliation') }}\nwhere\n    landed_rows\n"
        "    <> superseded_rows + deleted_rows + filtered_rows + accepted_rows + quarantined_rows\n"
    )


def _staged_entities(
    sources: tuple[LandedSource, ...], entities: Mapping[str, Entity], settings: ProjectSettings
) -> dict[str, StagedEntity]:
    staged: dict[str, StagedEntity] = {}
    for source in sources:
        if not is_identifier(source.name):
            raise ConfigError(
                f"the source name {source.name!r} is not a plain lower-case name",
                next_step="rename the source",
            )
        mapping = source.mapping.fitted(source.tables)
        for name, entity in mapping.entities.items():
            mapped = entity.parts[0]
            if mapped.table not in source.tables:
                continue
            if name in staged:
                raise ConfigError(
                    f"two sources fill {name}",
                    where=source.mapping.where,
                    expected="one source for each entity",
                    next_step="remove the entity from one of the mappings",
                )
            staged[name] = StagedEntity(
                name=name,
                entity=entities[name],
                mapped=mapped,
                columns=mapping.columns_of(name),
                relation=f"{{{{ source('bronze', '{bronze_view(source.name, mapped.table)}') }}}}",
                landed_types=source.tables[mapped.table],
                source_zone=str(source.mapping.time_zone),
                business_zone=settings.business_zone,
            )
    return staged


def _quarantine_sql(entities: Mapping[str, Entity]) -> str:
    parts = [
        "select\n"
        f"    '{name}' as entity,\n"
        f"    concat_ws(':', {', '.join(entity.key)}) as entity_key,\n"
        "    _rejected as reason,\n    _batch,\n    _sequence\n"
        f"from {{{{ ref('stg_{name}') }}}}\nwhere _rejected is not null\n"
        for name, entity in entities.items()
    ]
    header = (
        "-- Every rejected row with its reason.\n-- grain: one row per rejected landed row\n"
        "-- owner: data platform\n-- personal data: none\n-- kind: view\n"
        "{{ config(materialized='view', schema='silver') }}\n"
    )
    return header + "union all\n".join(parts)


def _reconciliation_union(staged: list[str]) -> str:
    header = (
        "-- Where every landed row of every entity went.\n-- grain: one row per mapped entity\n"
        "-- owner: data platform\n-- personal data: none\n-- kind: view\n"
        "{{ config(materialized='view', schema='silver') }}\n"
    )
    if not staged:
        empty = ",\n".join(f"    cast(null as bigint) as {column}" for column in _RECONCILED)
        return f"{header}select\n    cast(null as varchar) as entity,\n{empty}\nwhere false\n"
    return header + "union all\n".join(f"select * from {{{{ ref('rec_{name}') }}}}\n" for name in staged)


def _staging_yaml(
    sources: tuple[LandedSource, ...], entities: Mapping[str, Entity], staged: list[str]
) -> str:
    own = [
        ("_rejected", "Why the row cannot be used; null if it can."),
        ("_repairs", "What was changed to use the row; null if nothing."),
        ("_batch", "Commit of the lake that brought the row."),
        ("_sequence", "Row number inside that commit."),
    ]
    models: list[dict[str, object]] = [
        {
            "name": f"stg_{name}",
            "description": entity.description,
            "columns": [
                *(
                    {"name": column, "description": spec.description, "config": {"tags": [spec.sensitivity]}}
                    for column, spec in entity.columns.items()
                ),
                *({"name": column, "description": text} for column, text in own),
            ],
        }
        for name, entity in entities.items()
    ]
    tables = [
        {"name": bronze_view(source.name, table)} for source in sources for table in sorted(source.tables)
    ]
    document = {
        "version": 2,
        "sources": [
            {"name": "bronze", "schema": "bronze", "tables": tables},
            {"name": "meta", "schema": "meta", "tables": [{"name": "run_context"}]},
        ],
        "models": [
            *models,
            *(
                {"name": f"rec_{name}", "description": f"Where the landed rows of {name} went."}
                for name in staged
            ),
            {"name": "quarantine", "description": "Every rejected row with its reason."},
            {"name": "reconciliation", "description": "Where every landed row of every entity went."},
        ],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _content_hash(folder: Path, settings: ProjectSettings) -> str:
    digest = hashlib.sha256()
    digest.update(
        f"{version('dbt-core')} {version('dbt-duckdb')} {sorted(settings.dbt_vars().items())}".encode()
    )
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
