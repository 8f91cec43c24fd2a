"""What a published project and a release of it are, as values that events are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from amalimart.catalog.openlineage.values import (
    Assertion,
    BuiltRelease,
    ColumnOf,
    Dataset,
    DescribedModel,
    Written,
)
from amalimart.core.errors import AmalimartError
from amalimart.core.models import PublishedProject
from amalimart.orchestrate.openlineage.source_names import BronzeNames
from amalimart.warehouse.executor import BuildReport
from amalimart.warehouse.graph import CompiledGraph

_OWNER = re.compile(r"^-- owner: (.+)$", re.MULTILINE)
_BRONZE, _META = "bronze", "meta"


def built_release(namespace: str, graph: CompiledGraph, report: BuildReport) -> BuiltRelease:
    """A release that was published, and what was checked in it."""
    tables = {model.unique_id: Dataset(namespace, str(model.table)) for model in graph.models}
    checks = {check.name: check for check in graph.checks}
    checked: dict[Dataset, list[Assertion]] = {}
    for result in report.checks:
        check = checks.get(result.name)
        if check is None:
            continue
        model, column = check.declared_at or (min(check.parents & tables.keys(), default=""), None)
        if model in tables:
            checked.setdefault(tables[model], []).append(
                Assertion(result.name, column, result.is_error, result.failing_rows, result.is_whole)
            )
    release = report.release
    return BuiltRelease(
        release.release_id,
        release.published_at,
        release.fresh_as_of,
        release.project_hash,
        tuple(Written(Dataset(namespace, str(table)), rows) for table, rows in report.written),
        {dataset: tuple(told) for dataset, told in checked.items()},
    )


def described_models(
    namespace: str,
    graph: CompiledGraph,
    published: PublishedProject,
    lineage: Mapping[str, Any],
    bronze: BronzeNames,
) -> Iterator[DescribedModel]:
    """Every model of a project; `lineage` is what `orchestrate.lineage` keeps of it."""
    reads: dict[str, dict[str, list[str]]] = {}
    for name, parts in lineage["made_of"].items():
        relation, _, column = name.rpartition(".")
        reads.setdefault(relation, {})[column] = parts
    columns = {model.relation: model.columns for model in published.models}

    def places(parts: Iterable[str]) -> tuple[ColumnOf, ...]:
        return tuple(sorted(place for each in parts if (place := _place(namespace, each, bronze))))

    for model in graph.ordered:
        relation = str(model.table)
        told = {column: places(parts) for column, parts in reads.get(relation, {}).items()}
        decided_by = told.pop("", ())
        found = _OWNER.search(model.sql)
        inputs = {each.dataset for each in (*decided_by, *(one for some in told.values() for one in some))}
        yield DescribedModel(
            Dataset(namespace, relation),
            found[1].strip() if found else None,
            tuple((column.name, column.type) for column in columns.get(relation, ())),
            tuple(sorted(inputs)),
            told,
            tuple(each for each in decided_by if each.name),
        )


def _place(namespace: str, kept: str, bronze: BronzeNames) -> ColumnOf | None:
    """A place as lineage keeps it; None for the clock and for what landing adds to a row."""
    schema, table, column = kept.split(".", 2)
    if schema == _META or (schema == _BRONZE and column.startswith("_")):
        return None
    dataset = bronze.dataset(table) if schema == _BRONZE else Dataset(namespace, f"{schema}.{table}")
    return ColumnOf(dataset, column) if dataset is not None else None


def told_of(error: BaseException) -> str:
    """An error without the engine's own words, which may hold values of rows."""
    if not isinstance(error, AmalimartError):
        return f"a defect: {type(error).__name__}"
    meaning = (type(error).__doc__ or "").strip().partition("\n")[0]
    return f"{error.code}: {meaning}{f' ({error.where})' if error.where else ''}"
