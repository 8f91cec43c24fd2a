"""Policies as YAML, one file per role, and the questions other rooms ask them. Default deny.

A policy file of a later folder replaces the whole policy of the same role, so that what a role may
see is always read in one place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from amalimart.access.principal import Principal, Role
from amalimart.access.rules import AllRows, DataClass, OwnIds, OwnRows, RowRule, RowsThrough, ScanRule
from amalimart.config.short_forms import WordForNone
from amalimart.config.strict_yaml import StrictModel, read_yaml
from amalimart.core.errors import ConfigError, Denied


class RowsShape(StrictModel):
    """`{own: <column>, of: vendor_ids}` or `{through: <dataset>, column: <column>}`."""

    own: str | None = None
    of: OwnIds | None = None
    through: str | None = None
    column: str | None = None

    @model_validator(mode="after")
    def one_kind(self) -> RowsShape:
        own = self.own is not None and self.of is not None and self.through is None and self.column is None
        through = (
            self.through is not None and self.column is not None and self.own is None and self.of is None
        )
        if not own and not through:
            raise ValueError("give own and of, or through and column")
        return self

    def rule(self) -> RowRule:
        """The rule these keys mean."""
        if self.own is not None and self.of is not None:
            return OwnRows(self.own, self.of)
        if self.through is not None and self.column is not None:
            return RowsThrough(self.through, self.column)
        raise ConfigError("a row rule names neither own ids nor another dataset")


def _none_for_all(value: Any) -> Any:
    """`all` as None. An empty value is refused: leaving something out must never permit everything."""
    if value is None:
        raise ValueError("say all, or what is permitted")
    return None if value == "all" else value


S = TypeVar("S")
OrAll = Annotated[S | None, BeforeValidator(_none_for_all), WordForNone("all")]


class DatasetShape(StrictModel):
    """Which rows and columns of one dataset. None stands for "all"."""

    rows: OrAll[RowsShape]
    columns: OrAll[tuple[str, ...]]


class PolicyShape(StrictModel):
    """One policy file. None stands for "all"."""

    role: Role
    description: str
    classes: tuple[DataClass, ...] = Field(min_length=1)
    datasets: OrAll[dict[str, DatasetShape]]
    metrics: OrAll[tuple[str, ...]]
    dimensions: OrAll[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Policy:
    """What one role may see. None stands for "all"; `source` is the file it comes from."""

    role: Role
    description: str
    classes: frozenset[DataClass]
    rules: dict[str, ScanRule] | None
    metrics: frozenset[str] | None
    dimensions: frozenset[str] | None
    source: str

    @property
    def is_scoped(self) -> bool:
        """Whether some dataset is limited to the principal's own rows."""
        return any(not isinstance(rule.rows, AllRows) for rule in (self.rules or {}).values())

    def scan_rule(self, dataset: str) -> ScanRule | None:
        """The rule for one dataset, or None where the policy does not name it."""
        if self.rules is None:
            return ScanRule(dataset, AllRows(), None, self.classes)
        return self.rules.get(dataset)


class Policies:
    """Every role's policy. A role without one may see nothing."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self._by_role = {policy.role: policy for policy in policies}
        self._fingerprints = {role: _fingerprint(policy) for role, policy in self._by_role.items()}

    def __iter__(self) -> Iterator[Policy]:
        return iter(self._by_role.values())

    def policy(self, role: Role) -> Policy:
        """The policy of a role. Raises Denied where there is none."""
        policy = self._by_role.get(role)
        if policy is None:
            raise Denied(
                f"the role {role.value} has no policy, so it may see nothing", next_step="ask an admin"
            )
        return policy

    def scan_rule(self, role: Role, dataset: str) -> ScanRule:
        """How the role reads the dataset. Raises Denied where its policy does not name it."""
        rule = self.policy(role).scan_rule(dataset)
        if rule is None:
            raise Denied(f"the role {role.value} may not read {dataset}", next_step="ask an admin")
        return rule

    def may_use_metric(self, role: Role, metric: str) -> bool:
        """Whether the role may ask the metric, by its own name."""
        policy = self._by_role.get(role)
        return policy is not None and (policy.metrics is None or metric in policy.metrics)

    def may_use_dimension(self, role: Role, dimension: str) -> bool:
        """Whether the role may group or filter by the dimension, by its own name."""
        policy = self._by_role.get(role)
        return policy is not None and (policy.dimensions is None or dimension in policy.dimensions)

    def fingerprint(self, role: Role) -> str:
        """Another policy of a role has another one; without a policy it is empty."""
        return self._fingerprints.get(role, "")

    def is_scoped(self, principal: Principal) -> bool:
        """Whether the principal sees only its own rows of something; then a receipt shows no SQL."""
        policy = self._by_role.get(principal.role)
        return policy is None or policy.is_scoped


def load_policies(folders: Sequence[Path]) -> Policies:
    """Read `*.yml` of every folder; later folders replace roles of earlier ones.

    Raises ConfigError for an unreadable file, or a role given twice in one folder.
    """
    policies: dict[Role, Policy] = {}
    for folder in folders:
        here: dict[Role, Policy] = {}
        for path in sorted(folder.glob("*.yml")):
            document = read_yaml(path)
            policy = _policy(document.parse(PolicyShape), str(path))
            if policy.role in here:
                raise ConfigError(
                    f"the role {policy.role.value} has two policies",
                    where=document.where("role"),
                    expected=f"one, and {here[policy.role].source} is there already",
                    next_step="remove one of the two files",
                )
            here[policy.role] = policy
        policies |= here
    return Policies(policies.values())


def _policy(shape: PolicyShape, source: str) -> Policy:
    classes = frozenset(shape.classes)
    rules: dict[str, ScanRule] | None = None
    if shape.datasets is not None:
        rules = {
            name: ScanRule(
                name,
                AllRows() if dataset.rows is None else dataset.rows.rule(),
                None if dataset.columns is None else frozenset(dataset.columns),
                classes,
            )
            for name, dataset in shape.datasets.items()
        }
        _refuse_endless(rules, source)
    return Policy(
        shape.role,
        shape.description,
        classes,
        rules,
        None if shape.metrics is None else frozenset(shape.metrics),
        None if shape.dimensions is None else frozenset(shape.dimensions),
        source,
    )


def _fingerprint(policy: Policy) -> str:
    def told(names: Iterable[str] | None) -> list[str] | None:
        return None if names is None else sorted(names)

    rules = (
        None
        if policy.rules is None
        else [
            (name, rule.rows, told(rule.columns), told(rule.classes))
            for name, rule in sorted(policy.rules.items())
        ]
    )
    parts = (policy.role.value, told(policy.classes), rules, told(policy.metrics), told(policy.dimensions))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _refuse_endless(rules: dict[str, ScanRule], source: str) -> None:
    """A chain of `through` must end at a dataset with its own rule, or no scan of it could be written."""
    for name, rule in rules.items():
        seen, rows = {name}, rule.rows
        while isinstance(rows, RowsThrough):
            following = rules.get(rows.dataset)
            if following is None or rows.dataset in seen:
                raise ConfigError(
                    f"the rows of {name} are given through {rows.dataset}, which "
                    + ("leads back to itself" if following else "has no rule here"),
                    where=source,
                    expected="a dataset of the same policy whose rows are all or own",
                )
            seen.add(rows.dataset)
            rows = following.rows
