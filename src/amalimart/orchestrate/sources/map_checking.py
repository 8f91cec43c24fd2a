"""A mapping held against the source as it is now: what is left out, what has drifted, what it costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from amalimart.config.project import Project
from amalimart.core.errors import AmalimartError, SourceMismatch
from amalimart.mapping.catalog_check import check_catalog, misfits
from amalimart.mapping.drafting.draft import TO_BE_DECIDED
from amalimart.mapping.entities import ColumnType, load_entities
from amalimart.mapping.enum_values import unknown_spellings
from amalimart.mapping.shape import ColumnMapping
from amalimart.mapping.source_mapping import SourceMapping, find_mapping, load_mapping
from amalimart.orchestrate.project.mapping_files import MappedAvailability
from amalimart.orchestrate.sources.describing import describer_at, place_of
from amalimart.orchestrate.sources.map_drafting import Catalog, catalog_of
from amalimart.orchestrate.sources.settings import known_source
from amalimart.semantic.availability import missing_for_metric
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.sources.describing import Describes, TableFacts, ValueCounts


@dataclass(frozen=True, slots=True)
class Drift:
    """Values of one enum column that the mapping does not know: they become the default.

    rows, looked_at  how many rows hold them, of how many that were looked at
    complete         whether these were all rows
    """

    table: str
    column: str
    canonical: str
    values: Mapping[str, int]
    rows: int
    looked_at: int
    complete: bool


@dataclass(frozen=True, slots=True)
class UnavailableMetric:
    """A metric without an answer, and the first thing that is missing for it."""

    metric: str
    missing: str


@dataclass(frozen=True, slots=True)
class MapCheck:
    """Everything there is to say of one source's mapping.

    misfits            table -> why it cannot be read as the mapping says; a mapping with one is not usable
    unmapped           table -> why it is left alone
    unlisted_tables    tables the mapping says nothing about
    unlisted_columns   table.column the mapping says nothing about
    to_be_decided      tables and columns that a draft left open
    absent_optional    optional tables and columns that the source lacks
    secrets            table.column that never leave the source, those of them that are there
    without_key        landed tables whose rows cannot be told apart
    missing_entities   canonical entities nothing fills
    missing_columns    entity.column nothing fills, of the entities that are filled
    """

    source: str
    mapping: str
    entities: tuple[str, ...]
    misfits: Mapping[str, SourceMismatch]
    unmapped: Mapping[str, str]
    unlisted_tables: tuple[str, ...]
    unlisted_columns: tuple[str, ...]
    to_be_decided: tuple[str, ...]
    absent_optional: tuple[str, ...]
    secrets: tuple[str, ...]
    without_key: tuple[str, ...]
    drift: tuple[Drift, ...]
    missing_entities: tuple[str, ...]
    missing_columns: tuple[str, ...]
    available: int
    unavailable: tuple[UnavailableMetric, ...]

    @property
    def usable(self) -> bool:
        """Whether the source can be landed through the mapping, and something comes of it."""
        return bool(self.entities) and not self.misfits

    def refuse_unusable(self) -> None:
        """Raise SourceMismatch where the mapping is not usable."""
        for first in self.misfits.values():
            raise first
        if not self.entities:
            raise SourceMismatch(
                f"the mapping of {self.source} fills no entity",
                where=self.mapping,
                expected="at least one canonical entity",
                next_step="fill one under `entities`; docs/mapping.md shows how",
            )

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "source": self.source,
            "mapping": self.mapping,
            "usable": self.usable,
            "entities": list(self.entities),
            "misfits": {table: error.as_dict() for table, error in self.misfits.items()},
            "unmapped": dict(self.unmapped),
            "unlisted_tables": list(self.unlisted_tables),
            "unlisted_columns": list(self.unlisted_columns),
            "to_be_decided": list(self.to_be_decided),
            "absent_optional": list(self.absent_optional),
            "secrets": list(self.secrets),
            "tables_without_key": list(self.without_key),
            "enum_drift": [
                {
                    "table": drift.table,
                    "column": drift.column,
                    "canonical": drift.canonical,
                    "values": dict(drift.values),
                    "rows": drift.rows,
                    "rows_looked_at": drift.looked_at,
                    "all_rows": drift.complete,
                }
                for drift in self.drift
            ],
            "missing_entities": list(self.missing_entities),
            "missing_columns": list(self.missing_columns),
            "metrics_available": self.available,
            "metrics_unavailable": [
                {"metric": metric.metric, "missing": metric.missing} for metric in self.unavailable
            ],
        }


def check_map(project: Project, name: str) -> MapCheck:
    """Hold a source's mapping against it. Raises ConfigError, SourceUnreachable, SourceRefused."""
    settings = known_source(project, name)
    mapping = load_mapping(find_mapping(settings.mapping, (project.overlay("sources"),)))
    with closing(describer_at(project, name, settings, place_of(project, name, settings))) as describer:
        facts = describer.describe()
        catalog = catalog_of(facts)
        fitted = mapping.fitted(catalog)
        wrong = dict(misfits(fitted, catalog))
        drift = tuple(_drift(describer, fitted, catalog, set(wrong)))
    report = check_catalog(_without(fitted, set(wrong)), catalog)
    available, unavailable = _metrics(project, name, fitted)
    return MapCheck(
        source=name,
        mapping=mapping.where,
        entities=tuple(sorted(fitted.entities)),
        misfits=wrong,
        unmapped={t: spec.unmapped for t, spec in fitted.tables.items() if spec.unmapped and t in catalog},
        unlisted_tables=report.unlisted_tables,
        unlisted_columns=report.unclassified_columns,
        to_be_decided=tuple(_to_be_decided(fitted, catalog)),
        absent_optional=tuple(_absent_optional(mapping, fitted, catalog)),
        secrets=tuple(
            f"{t}.{c}" for t in fitted.tables for c in fitted.secrets(t) if c in catalog.get(t, {})
        ),
        without_key=tuple(_without_key(fitted, facts, databases=settings.kind != "files")),
        drift=drift,
        missing_entities=tuple(entity for entity in load_entities() if entity not in fitted.entities),
        missing_columns=tuple(
            f"{entity}.{column}"
            for entity in fitted.entities
            for column in load_entities()[entity].columns
            if not fitted.provides(entity, column)
        ),
        available=available,
        unavailable=unavailable,
    )


def _without(mapping: SourceMapping, tables: set[str]) -> SourceMapping:
    """The mapping without the parts that read these tables."""
    entities = {
        name: replace(entity, parts=kept)
        for name, entity in mapping.entities.items()
        if (kept := tuple(part for part in entity.parts if not tables & set(part.needed)))
    }
    return replace(mapping, entities=entities)


def _drift(
    describer: Describes, mapping: SourceMapping, catalog: Catalog, unreadable: set[str]
) -> Iterator[Drift]:
    entities = load_entities()
    asked: defaultdict[str, dict[tuple[str, str], ColumnMapping]] = defaultdict(dict)
    for part in mapping.parts:
        for canonical, origin in part.columns.items():
            table = part.table if origin.lookup is None else part.lookups[origin.lookup].table
            is_enum = entities[part.entity].columns[canonical].type is ColumnType.ENUM
            if (
                is_enum
                and origin.source
                and table not in unreadable
                and origin.source in catalog.get(table, {})
            ):
                asked[table][part.entity, canonical] = origin
    for table, origins in sorted(asked.items()):
        columns = sorted({origin.source for origin in origins.values() if origin.source})
        counted = describer.count_values(table, columns)
        for (entity, canonical), origin in origins.items():
            found = counted[origin.source or ""]
            spec = entities[entity].columns[canonical]
            unknown = unknown_spellings(origin, spec, found.values)
            if unknown:
                yield _told(table, origin.source or "", f"{entity}.{canonical}", found, unknown)


def _told(table: str, column: str, canonical: str, found: ValueCounts, unknown: Sequence[str]) -> Drift:
    values = {text: found.values[text] for text in unknown}
    return Drift(table, column, canonical, values, sum(values.values()), found.rows, found.complete)


def _to_be_decided(mapping: SourceMapping, catalog: Catalog) -> Iterator[str]:
    for table, spec in mapping.tables.items():
        if table not in catalog:
            continue
        if (spec.unmapped or "").startswith(TO_BE_DECIDED):
            yield table
        for column, why in spec.ignored.items():
            if why.startswith(TO_BE_DECIDED) and column in catalog[table]:
                yield f"{table}.{column}"


def _absent_optional(mapping: SourceMapping, fitted: SourceMapping, catalog: Catalog) -> Iterator[str]:
    named = mapping.renamed(catalog)
    yield from sorted(named.optional_tables - set(fitted.landed) - set(catalog))
    for table, column in sorted(named.optional):
        if table in catalog and column not in catalog[table]:
            yield f"{table}.{column}"


def _without_key(mapping: SourceMapping, facts: Sequence[TableFacts], *, databases: bool) -> Iterator[str]:
    """Tables whose rows cannot be told apart; of files none need be, they are replaced whole."""
    known = {table.name: table for table in facts}
    for table in mapping.landed if databases else ():
        key = mapping.key_columns(table)
        if not key:
            yield table
        elif table in known and not _tells_apart(known[table], key):
            yield f"{table} (its key in the mapping, {', '.join(key)}, is not unique by any constraint)"


def _tells_apart(table: TableFacts, key: Sequence[str]) -> bool:
    unique = {column.name for column in table.columns if column.unique}
    return bool(unique & set(key)) or (bool(table.primary_key) and set(table.primary_key) <= set(key))


def _metrics(project: Project, name: str, fitted: SourceMapping) -> tuple[int, tuple[UnavailableMetric, ...]]:
    """How many metrics have an answer from the project's sources together, and which have none, and why."""
    mappings = {name: fitted}
    for other, settings in project.settings.sources.items():
        if other != name:
            try:
                mappings[other] = load_mapping(find_mapping(settings.mapping, (project.overlay("sources"),)))
            except AmalimartError:
                continue  # that source's own check says so
    availability = MappedAvailability(lambda: mappings)
    model = load_model([PACKAGED, project.overlay("metrics")])
    missing = {
        metric.name: need
        for metric in model.metrics.values()
        if (need := missing_for_metric(model, metric, availability)) is not None
    }
    unavailable = tuple(UnavailableMetric(metric, str(need)) for metric, need in missing.items())
    return len(model.metrics) - len(unavailable), unavailable
