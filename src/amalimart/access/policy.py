"""What each role may see, and the questions other rooms ask of it. Default deny."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from amalimart.access.principal import Principal, Role
from amalimart.access.rules import AllRows, DataClass, Mask, OwnIds, OwnRows, PeerRule, ScanRule
from amalimart.core.errors import Denied


@dataclass(frozen=True, slots=True)
class Policy:
    """What one role may see. None stands for "all"; `source` is the file it comes from.

    masks     the columns of each dataset that are shown masked
    peers     which figures of its like it may be told of
    extends   the policy of which it is a narrower copy
    where     file and line of a part of the file
    """

    role: Role
    description: str
    classes: frozenset[DataClass]
    rules: dict[str, ScanRule] | None
    metrics: frozenset[str] | None
    dimensions: frozenset[str] | None
    source: str
    masks: Mapping[str, Mapping[str, Mask]] = field(default_factory=dict)
    peers: PeerRule | None = None
    extends: Policy | None = None
    where: Callable[..., str] = field(default=lambda *_: "", compare=False, repr=False)

    @property
    def is_scoped(self) -> bool:
        """Whether some dataset is limited to the principal's own rows."""
        return any(not isinstance(rule.rows, AllRows) for rule in (self.rules or {}).values())

    @property
    def line(self) -> tuple[Policy, ...]:
        """The policy, and those of which it is a narrower copy."""
        return (self, *(self.extends.line if self.extends is not None else ()))

    def scan_rule(self, dataset: str) -> ScanRule | None:
        """The rule for one dataset, or None where the policy does not name it."""
        if self.rules is None:
            return ScanRule(dataset, AllRows(), None, self.classes, self.masks.get(dataset, {}))
        return self.rules.get(dataset)


class Policies:
    """Every role's policy. A role without one may see nothing, nor may one of those that are closed."""

    def __init__(
        self, policies: Iterable[Policy], closed: Iterable[Role] = (), mask_key: str | None = None
    ) -> None:
        """`closed` are roles whose policy cannot be read; `mask_key` is what masks by hash are made with."""
        self._by_role = {policy.role: policy for policy in policies}
        self.closed = frozenset(closed)
        for role in self.closed:
            self._by_role.pop(role, None)
        self.mask_key = mask_key
        self._fingerprints = {role: _fingerprint(policy) for role, policy in self._by_role.items()}

    def __iter__(self) -> Iterator[Policy]:
        return iter(self._by_role.values())

    def keyed(self, mask_key: str) -> Policies:
        """The same, with the key that masks by hash are made with."""
        return Policies(self, self.closed, mask_key)

    def closing(self, roles: Iterable[Role]) -> Policies:
        """The same, but that these roles, too, may see nothing."""
        return Policies(self, self.closed | frozenset(roles), self.mask_key)

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles of the product, and those that the project adds."""
        own = sorted({*self._by_role, *self.closed} - {*Role})
        return (*Role, *own)

    def is_kind_of(self, role: Role, other: Role) -> bool:
        """Whether a role is another one, or a narrower copy of it."""
        policy = self._by_role.get(role)
        return policy is not None and other in {each.role for each in policy.line}

    def policy(self, role: Role) -> Policy:
        """The policy of a role. Raises Denied where there is none."""
        policy = self._by_role.get(role)
        if policy is None:
            why = "a policy that cannot be read" if role in self.closed else "no policy"
            raise Denied(f"the role {role.value} has {why}, so it may see nothing", next_step="ask an admin")
        return policy

    def scan_rule(self, role: Role, dataset: str) -> ScanRule:
        """How the role reads the dataset. Raises Denied where its policy does not name it."""
        rule = self.policy(role).scan_rule(dataset)
        if rule is None:
            raise Denied(f"the role {role.value} may not read {dataset}", next_step="ask an admin")
        return rule

    def reads_own(self, role: Role, dataset: str, ids: OwnIds) -> bool:
        """Whether the role reads of a dataset none but rows that carry such an id of the reader."""
        policy = self._by_role.get(role)
        rule = policy.scan_rule(dataset) if policy is not None else None
        return rule is not None and isinstance(rule.rows, OwnRows) and rule.rows.ids is ids

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
    masks = sorted((name, sorted(masked.items())) for name, masked in policy.masks.items())
    peers = policy.peers and (policy.peers.of, policy.peers.within, told(policy.peers.metrics))
    parts = (
        policy.role.value,
        told(policy.classes),
        rules,
        told(policy.metrics),
        told(policy.dimensions),
        masks,
        peers,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
