"""Definitions that can be approved: models by their files, metrics by what decides their value.

What the package holds counts as approved by its release. What a project changes or adds is approved by
somebody, and only as it was then: an approval is of one hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from amalimart.core.approvals import Approval
from amalimart.core.errors import NotFound, RequestError
from amalimart.core.fiscal import Calendar
from amalimart.core.names import nearest
from amalimart.governance.model_files import model_files
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.notes import Note


class DefinitionKind(StrEnum):
    """What is defined."""

    MODEL = "model"
    METRIC = "metric"


class Standing(StrEnum):
    """Whose word a definition stands on."""

    PACKAGED = "packaged"
    APPROVED = "approved"
    CHANGED = "changed"  # another one of this name was approved, or is packaged
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Definition:
    """One definition as it is now. `packaged` is the hash of the packaged one of its name, if any."""

    kind: DefinitionKind
    name: str
    hash: str
    packaged: str | None
    where: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A definition and whose word it stands on; `approval` is the last one, of whatever hash."""

    definition: Definition
    standing: Standing
    approval: Approval | None

    @property
    def is_approved(self) -> bool:
        """Whether somebody, or the package, stands for exactly this."""
        return self.standing in {Standing.PACKAGED, Standing.APPROVED}


def model_definitions(overlay: Path) -> list[Definition]:
    """Every model of the package and of a project's own folder. Raises ConfigError."""
    packaged = {name: model.definition for name, model in model_files(None).items()}
    return [
        Definition(DefinitionKind.MODEL, name, model.definition, packaged.get(name), str(model.path))
        for name, model in model_files(overlay).items()
    ]


def metric_definitions(model: SemanticModel) -> list[Definition]:
    """Every metric of a loaded model."""
    packaged = {
        metric.name: _of_metric(metric.name, metric.definition_hash)
        for metric in _packaged(model.calendar).metrics.values()
    }
    return [
        Definition(
            DefinitionKind.METRIC,
            metric.name,
            _of_metric(metric.name, metric.definition_hash),
            packaged.get(metric.name),
            f"metric {metric.name}",
        )
        for metric in model.metrics.values()
    ]


def judged(definitions: Iterable[Definition], approvals: Iterable[Approval]) -> list[Judged]:
    """Each definition against the approvals, which come oldest first."""
    by_name: dict[tuple[str, str], list[Approval]] = {}
    for approval in approvals:
        by_name.setdefault((approval.kind, approval.name), []).append(approval)
    found = []
    for definition in definitions:
        given = by_name.get((definition.kind.value, definition.name), [])
        of_this = [each for each in given if each.definition_hash == definition.hash]
        if definition.hash == definition.packaged:
            standing = Standing.PACKAGED
        elif of_this:
            standing = Standing.APPROVED
        else:
            standing = Standing.CHANGED if given or definition.packaged else Standing.NEW
        known = of_this or given
        found.append(Judged(definition, standing, known[-1] if known else None))
    return found


def find_definition(definitions: Iterable[Definition], name: str) -> Definition:
    """The one of a name, of a model also with its schema. Raises NotFound, RequestError for two of a name."""
    listed = list(definitions)
    plain = name.rpartition(".")[2]
    found = [
        each
        for each in listed
        if each.name == name or (each.kind is DefinitionKind.MODEL and each.name == plain)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise RequestError(
            f"a model and a metric are called {name!r}",
            expected=f"gold.{name} for the model",
            next_step="rename one of the two",
        )
    raise NotFound(
        f"no model or metric is called {name!r}",
        expected="a model, such as fact_orders, or a metric, such as gmv",
        nearest=nearest(plain[:100], [each.name for each in listed]),
        next_step="amalimart governance changes lists those that lack an approval",
    )


def _packaged(calendar: Calendar) -> SemanticModel:
    return load_model([PACKAGED], calendar)


def _of_metric(name: str, meaning: str) -> str:
    return hashlib.sha256(f"{name} {meaning}".encode()).hexdigest()[:32]


def notes_of_unapproved(model: SemanticModel, found: Iterable[Judged]) -> Mapping[str, Note]:
    """Metric -> what a receipt says of it: that its definition, or one it is made of, is not approved."""
    lacking = {each.definition.name for each in found if not each.is_approved}
    return {
        metric.name: _unapproved(model, parts)
        for metric in model.metrics.values()
        if (parts := lacking & {metric.name, *metric.components})
    }


def _unapproved(model: SemanticModel, metrics: Iterable[str]) -> Note:
    labels = [model.metrics[name].label for name in sorted(metrics)]
    return Note(
        f"{', '.join(label.en for label in labels)}: the definition has not been approved.",
        f"{', '.join(label.fr for label in labels)} : la définition n'a pas été approuvée.",
    )
