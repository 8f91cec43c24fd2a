"""What each role may see, read out of the policies against the model: for people, not for decisions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from amalimart.access.policies import Policies, Policy
from amalimart.access.principal import Role
from amalimart.access.rules import AllRows, DataClass, OwnRows, RowRule, RowsThrough, ScanRule
from amalimart.semantic.model import SemanticModel


@dataclass(frozen=True, slots=True)
class RowWords:
    """Which rows: `all`, those with `own` ids, or those found `through` what is seen of a dataset."""

    kind: str
    column: str | None = None
    of: str | None = None


@dataclass(frozen=True, slots=True)
class ReadDataset:
    """One dataset as a role reads it: which rows, and the columns it may not."""

    name: str
    rows: RowWords
    withheld: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RolePolicy:
    """What one role may see. Metrics and dimensions are None for all of them."""

    role: str
    description: str
    has_policy: bool
    is_scoped: bool
    classes: tuple[str, ...]
    metrics: tuple[str, ...] | None
    dimensions: tuple[str, ...] | None
    datasets: tuple[ReadDataset, ...]


def role_policies(policies: Policies, model: SemanticModel) -> tuple[RolePolicy, ...]:
    """Every role, the product's before the project's own; one without a policy sees nothing."""
    known = {policy.role: policy for policy in policies}
    roles = dict.fromkeys((*Role, *policies.roles))
    return tuple(_told(role, known.get(role), model) for role in roles)


def _told(role: Role, policy: Policy | None, model: SemanticModel) -> RolePolicy:
    if policy is None:
        return RolePolicy(role.value, "", False, False, (), (), (), ())
    rules = ((name, policy.scan_rule(name)) for name in sorted(model.datasets))
    return RolePolicy(
        role.value,
        policy.description,
        True,
        policy.is_scoped,
        tuple(each.value for each in DataClass if each in policy.classes),
        _named(policy.metrics, model.metrics),
        _named(policy.dimensions, model.dimensions),
        tuple(
            ReadDataset(name, _rows(rule.rows), _withheld(name, rule, model))
            for name, rule in rules
            if rule is not None
        ),
    )


def _named(permitted: frozenset[str] | None, order: Iterable[str]) -> tuple[str, ...] | None:
    return None if permitted is None else tuple(sorted(name for name in order if name in permitted))


def _withheld(name: str, rule: ScanRule, model: SemanticModel) -> tuple[str, ...]:
    fields = model.datasets[name].fields.values()
    return tuple(field.name for field in fields if not rule.allows(field.name, field.data_class))


def _rows(rule: RowRule) -> RowWords:
    match rule:
        case AllRows():
            return RowWords("all")
        case OwnRows(column, ids):
            return RowWords("own", column, ids.value)
        case RowsThrough(dataset, column):
            return RowWords("through", column, dataset)
