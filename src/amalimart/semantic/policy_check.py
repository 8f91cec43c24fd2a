"""What a policy says, held against the semantic model: a misspelt permission would be a silent denial."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from amalimart.access.narrowness import wider_than
from amalimart.access.policy import Policies, Policy
from amalimart.access.principal import Role
from amalimart.access.rules import DataClass, OwnRows, RowsThrough
from amalimart.core.errors import ConfigError
from amalimart.core.names import nearest
from amalimart.semantic.defined import Dimension
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.shapes import FieldType


def check_policies(model: SemanticModel, policies: Policies) -> None:
    """Refuse policies that name what the model lacks, or permit more than they may. Raises ConfigError."""
    for policy in policies:
        check_policy(model, policies, policy)


def check_policy(model: SemanticModel, policies: Policies, policy: Policy) -> None:
    """The same for one of them."""
    for metric in sorted(policy.metrics or ()):
        _known(metric, model.metrics, "metric", policy, "metrics")
    for dimension in sorted(policy.dimensions or ()):
        _known(dimension, model.dimensions, "dimension", policy, "dimensions")
    for name, rule in (policy.rules or {}).items():
        place = ("datasets", name)
        _known(name, model.datasets, "dataset", policy, *place)
        for column in sorted(rule.columns or ()):
            _known(column, model.datasets[name].fields, f"column of {name}", policy, *place, "columns")
        match rule.rows:
            case OwnRows(column, _):
                _known(column, model.datasets[name].fields, f"column of {name}", policy, *place, "rows")
            case RowsThrough(other, column):
                for dataset in (name, other):
                    _known(column, model.datasets[dataset].fields, f"column of {dataset}", policy, *place)
    _check_masks(model, policy)
    _refuse_wider(model, policies, policy)
    _check_peers(model, policy)


def _known(name: str, names: Iterable[str], what: str, policy: Policy, *place: str) -> None:
    listed = list(names)
    if name not in listed:
        raise ConfigError(
            f"the policy names the {what} {name!r}, which is not there",
            where=policy.where(*place) or policy.source,
            nearest=nearest(name, listed),
        )


def _check_masks(model: SemanticModel, policy: Policy) -> None:
    """Only what stands for itself is masked: a masked key would join nothing, a masked date no day."""
    for name, masks in policy.masks.items():
        _known(name, model.datasets, "dataset", policy, "masks", name)
        dataset = model.datasets[name]
        keys = {dataset.key, *(each.column for each in dataset.relationships.values())}
        for column in masks:
            _known(column, dataset.fields, f"column of {name}", policy, "masks", name, column)
            if column in keys or dataset.fields[column].type is not FieldType.TEXT:
                raise ConfigError(
                    f"{column} of {name} cannot be masked: it is a key, or no text",
                    where=policy.where("masks", name, column),
                    expected="a text such as a name, an address or a number that a person is called by",
                    next_step="leave it out of the columns instead",
                )


def _check_peers(model: SemanticModel, policy: Policy) -> None:
    peers = policy.peers
    if peers is None or (policy.extends is not None and peers == policy.extends.peers):
        return  # of a copy that no longer has the rows, it opens nothing
    sides: list[Dimension] = []
    for part, name in (("of", peers.of), ("within", peers.within)):
        _known(name, model.dimensions, "dimension", policy, "peers", part)
        sides.append(model.dimensions[name])
    of = sides[0]
    rule = policy.scan_rule(of.lookup.dataset) if of.lookup is not None else None
    if rule is None or not isinstance(rule.rows, OwnRows):
        raise ConfigError(
            f"nobody can be told from the others of {of.name}: the policy gives no own rows of it",
            where=policy.where("peers", "of"),
            expected="a dimension whose dataset has rows: {own: ..., of: ...} in this policy, such as vendor",
        )
    for metric in sorted(peers.metrics):
        _known(metric, model.metrics, "metric", policy, "peers", "metrics")
        found = model.metrics[metric]
        reaches = all(model.reaches(leaf, side) for leaf in found.leaves for side in sides)
        if not reaches or not found.has_time:
            raise ConfigError(
                f"{metric} cannot be compared by {of.name} within {peers.within} and month",
                where=policy.where("peers", "metrics"),
                expected="a metric of events that can be grouped by both",
            )


def _refuse_wider(model: SemanticModel, policies: Policies, policy: Policy) -> None:
    def columns(name: str) -> Iterator[tuple[str, DataClass]]:
        dataset = model.datasets.get(name)
        for column, field in (dataset.fields if dataset else {}).items():
            yield column, field.data_class

    bounds = [policy.extends] if policy.extends is not None else []
    if not policy.role.is_packaged:
        bounds += [each for each in policies if each.role is Role.ADMIN]
        if Role.ADMIN in policies.closed:
            raise ConfigError(
                f"{policy.role.value} may see no more than the admin, whose policy cannot be read",
                where=policy.source,
            )
    for bound in bounds:
        for what, place in wider_than(policy, bound, columns):
            raise ConfigError(
                f"{policy.role.value} may not see more than {bound.role.value}, and would see {what}",
                where=policy.where(*place) or policy.source,
                expected=f"what {bound.source} permits, or less",
            )
