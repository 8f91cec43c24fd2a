"""The governance report: every table and metric with who answers for it, who sees what, and what is kept.

Made of what is declared alone; no database is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from amalimart.access.policies import Policies
from amalimart.access.rules import DataClass
from amalimart.governance.declaration import Declaration, Responsible
from amalimart.governance.definitions import DefinitionKind, Judged
from amalimart.governance.model_files import ModelFile
from amalimart.governance.retention import Retention
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.semantic.model import SemanticModel


@dataclass(frozen=True, slots=True)
class ClassifiedColumn:
    """A column that is not internal: its class, and the roles that may read it through a question.

    opened_to  of a personal one, those of these roles that may see no personal data; `because` says why
    """

    name: str
    data_class: str
    seen_by: tuple[str, ...]
    opened_to: tuple[str, ...] = ()
    because: str | None = None


@dataclass(frozen=True, slots=True)
class TableEntry:
    """One table. `columns` are those of another class than internal."""

    table: str
    description: str
    grain: str | None
    responsible: Responsible
    columns: tuple[ClassifiedColumn, ...]
    internal_columns: int
    standing: str


@dataclass(frozen=True, slots=True)
class MetricEntry:
    """One metric. `standing` is its certification: whose word its definition stands on."""

    metric: str
    label: str
    description: str
    responsible: Responsible
    version: int
    definition_hash: str
    standing: str
    approved_by: str | None
    seen_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SecretColumns:
    """Columns of a source's table that never leave it."""

    source: str
    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GovernanceReport:
    """All of it. `gaps` says what lacks an owner, a steward or an approval, and what nothing enforces."""

    tables: tuple[TableEntry, ...]
    metrics: tuple[MetricEntry, ...]
    secrets: tuple[SecretColumns, ...]
    retention: tuple[Retention, ...]
    gaps: tuple[str, ...]


def governance_report(
    declaration: Declaration,
    models: Mapping[str, ModelFile],
    semantic: SemanticModel,
    policies: Policies,
    mappings: Mapping[str, SourceMapping],
    kept: Sequence[Retention],
    definitions: Iterable[Judged],
) -> GovernanceReport:
    """The report of these declarations."""
    standing = {(each.definition.kind, each.definition.name): each for each in definitions}
    tables = tuple(
        _table(declaration, model, semantic, policies, standing)
        for model in sorted(models.values(), key=lambda model: model.table)
    )
    metrics = tuple(
        _metric(declaration, name, semantic, policies, standing) for name in sorted(semantic.metrics)
    )
    secrets = tuple(
        SecretColumns(source, table, mapping.secrets(table))
        for source, mapping in sorted(mappings.items())
        for table in sorted(mapping.tables)
        if mapping.secrets(table)
    )
    gaps = (*_gaps(tables, metrics, kept), *_opened_without_a_word(tables))
    return GovernanceReport(tables, metrics, secrets, tuple(kept), gaps)


def _table(
    declaration: Declaration,
    model: ModelFile,
    semantic: SemanticModel,
    policies: Policies,
    standing: Mapping[tuple[DefinitionKind, str], Judged],
) -> TableEntry:
    classified = {name: kind for name, kind in model.classes.items() if kind != DataClass.INTERNAL.value}
    for dataset in semantic.datasets.values():
        if (
            str(dataset.table) == model.table
        ):  # a dataset may open a column to the public, never a personal one
            for field in dataset.fields.values():
                if field.data_class is DataClass.PUBLIC and field.name in model.classes:
                    classified.setdefault(field.name, field.data_class.value)
    return TableEntry(
        model.table,
        model.description,
        model.grain,
        declaration.of_table(model.table, model.owner),
        tuple(
            _column(declaration, semantic, policies, model.table, name, kind)
            for name, kind in sorted(classified.items())
        ),
        len(model.classes) - len(classified),
        standing[DefinitionKind.MODEL, model.name].standing.value,
    )


def _column(
    declaration: Declaration, semantic: SemanticModel, policies: Policies, table: str, name: str, kind: str
) -> ClassifiedColumn:
    readers = _readers(semantic, policies, table, name)
    opened_to = tuple(
        sorted(
            policy.role.value
            for policy in policies
            if kind == DataClass.PERSONAL.value
            and policy.role.value in readers
            and DataClass.PERSONAL not in policy.classes
        )
    )
    return ClassifiedColumn(
        name, kind, readers, opened_to, declaration.opened.get(f"{table}.{name}") if opened_to else None
    )


def _readers(semantic: SemanticModel, policies: Policies, table: str, column: str) -> tuple[str, ...]:
    """The roles whose questions may read a column: none where no dataset has it."""
    found = set()
    for dataset in semantic.datasets.values():
        field = dataset.fields.get(column)
        if str(dataset.table) != table or field is None:
            continue
        for policy in policies:
            rule = policy.scan_rule(dataset.name)
            if rule is not None and rule.allows(column, field.data_class):
                found.add(policy.role.value)
    return tuple(sorted(found))


def _metric(
    declaration: Declaration,
    name: str,
    semantic: SemanticModel,
    policies: Policies,
    standing: Mapping[tuple[DefinitionKind, str], Judged],
) -> MetricEntry:
    metric = semantic.metrics[name]
    judged = standing[DefinitionKind.METRIC, name]
    approval = judged.approval if judged.is_approved else None
    return MetricEntry(
        name,
        metric.label.en,
        metric.description,
        declaration.of_metric(name, metric.owner),
        metric.version,
        metric.definition_hash,
        judged.standing.value,
        approval.approved_by if approval else None,
        tuple(sorted(p.role.value for p in policies if policies.may_use_metric(p.role, name))),
    )


def _gaps(
    tables: Iterable[TableEntry], metrics: Iterable[MetricEntry], kept: Iterable[Retention]
) -> Iterable[str]:
    entries = [(entry.table, entry.responsible, entry.standing) for entry in tables]
    entries += [(entry.metric, entry.responsible, entry.standing) for entry in metrics]
    for name, responsible, standing in entries:
        if responsible.owner is None:
            yield f"{name} has no owner"
        elif responsible.steward is None:
            yield f"{name} has no steward: its owner {responsible.owner!r} is in no area"
        if standing in {"changed", "new"}:
            yield f"{name} is {standing} and not approved: amalimart governance approve {name}"
    for each in kept:
        if each.declared is not None and each.enforced_by is None and each.kept != "for ever":
            yield f"{each.layer}: {each.what} are declared to be kept {each.kept}, and nothing enforces it"


def _opened_without_a_word(tables: Iterable[TableEntry]) -> Iterable[str]:
    for entry in tables:
        for column in entry.columns:
            if column.opened_to and column.because is None:
                yield (
                    f"{entry.table}.{column.name} is personal, and a dataset opens it to"
                    f" {', '.join(column.opened_to)}, who may see no personal data"
                )
