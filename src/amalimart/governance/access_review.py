"""Who may see what, for somebody to look over: every person, key and role, and what has not been used.

The hash is of what gives access: people, keys, roles, their ids and the policies. When somebody last signed
in changes daily, is shown, and is not part of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from amalimart.access.policies import Policies, Policy
from amalimart.access.principal import Role
from amalimart.access.rules import AllRows, DataClass, OwnIds, OwnRows, RowRule, RowsThrough
from amalimart.control.users.api_keys import ApiKey
from amalimart.control.users.user import UserUse
from amalimart.semantic.model import SemanticModel

UNUSED_DAYS = 90


@dataclass(frozen=True, slots=True)
class ReviewedRole:
    """What one role may see. `rows` names each dataset with its rows, `masked` columns not read as such."""

    role: str
    description: str
    has_policy: bool
    metrics: tuple[str, ...]
    rows: Mapping[str, str]
    masked: tuple[str, ...]
    users: int


@dataclass(frozen=True, slots=True)
class ReviewedUser:
    """One person. `unused` says that they have not signed in for a long time, or never have."""

    email: str
    display_name: str
    role: str
    vendor_ids: tuple[str, ...]
    business_ids: tuple[str, ...]
    delivery_partner_ids: tuple[str, ...]
    is_enabled: bool
    last_signed_in_at: datetime | None
    sessions: int
    unused: bool
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReviewedKey:
    """One API key that opens something. `user` is whom it acts as; None for one that acts for itself."""

    name: str
    user: str | None
    role: str
    vendor_ids: tuple[str, ...]
    business_ids: tuple[str, ...]
    delivery_partner_ids: tuple[str, ...]
    expires_at: datetime | None
    last_used_at: datetime | None
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccessReview:
    """The review as of a moment."""

    reviewed_at: datetime
    report_hash: str
    users: tuple[ReviewedUser, ...]
    roles: tuple[ReviewedRole, ...]
    keys: tuple[ReviewedKey, ...] = ()


def access_review(
    users: Sequence[UserUse],
    policies: Policies,
    semantic: SemanticModel,
    now: datetime,
    keys: Sequence[ApiKey] = (),
) -> AccessReview:
    """The review of these people and keys under these policies."""
    known = {policy.role: policy for policy in policies}
    known_roles = policies.roles
    counts = {role: sum(use.user.role is role and use.user.enabled for use in users) for role in known_roles}
    roles = tuple(_role(role, known.get(role), policies, semantic, counts[role]) for role in known_roles)
    reviewed = tuple(_user(use, policies, now) for use in users)
    opening = tuple(_key(key, policies, now) for key in keys if key.is_live(now))
    return AccessReview(now, _hash_of(reviewed, roles, opening), reviewed, roles, opening)


def _role(
    role: Role, policy: Policy | None, policies: Policies, semantic: SemanticModel, users: int
) -> ReviewedRole:
    if policy is None:
        return ReviewedRole(role.value, "has no policy and sees nothing", False, (), {}, (), users)
    rules = {name: policy.scan_rule(name) for name in sorted(semantic.datasets)}
    return ReviewedRole(
        role.value,
        policy.description,
        True,
        tuple(name for name in sorted(semantic.metrics) if policies.may_use_metric(role, name)),
        {name: _rows(rule.rows) for name, rule in rules.items() if rule is not None},
        tuple(
            f"{name}.{field.name}"
            + (f" (shown: {rule.masks[field.name]})" if field.name in rule.masks else "")
            for name, rule in rules.items()
            if rule is not None
            for field in semantic.datasets[name].fields.values()
            if not rule.allows(field.name, field.data_class)
        ),
        users,
    )


def _rows(rule: RowRule) -> str:
    match rule:
        case AllRows():
            return "all"
        case OwnRows(column, ids):
            return f"own: {column} among {ids.value}"
        case RowsThrough(dataset, column):
            return f"those of {dataset} by {column}"


def _user(use: UserUse, policies: Policies, now: datetime) -> ReviewedUser:
    user = use.user
    unused = use.last_signed_in_at is None or now - use.last_signed_in_at >= timedelta(days=UNUSED_DAYS)
    return ReviewedUser(
        user.email,
        user.display_name,
        user.role.value,
        tuple(sorted(user.vendor_ids)),
        tuple(sorted(user.business_ids)),
        tuple(sorted(user.delivery_partner_ids)),
        user.enabled,
        use.last_signed_in_at,
        use.sessions,
        unused,
        tuple(_remarks(use, policies, unused=unused)),
    )


def _remarks(use: UserUse, policies: Policies, *, unused: bool) -> Iterable[str]:
    user = use.user
    if not user.enabled:
        yield "disabled"
    elif unused and use.last_signed_in_at is None:
        yield "is not known to have signed in"
    elif unused:
        yield f"has not signed in for {UNUSED_DAYS} days"
    policy = next((policy for policy in policies if policy.role is user.role), None)
    if policy is None:
        yield "the role has no policy"
    elif policy.is_scoped and not any(kind.of(user.principal) for kind in OwnIds):
        yield "sees no row: no ids are given"
    if policy is not None and DataClass.PERSONAL in policy.classes:
        yield "sees personal data"


def _key(key: ApiKey, policies: Policies, now: datetime) -> ReviewedKey:
    return ReviewedKey(
        key.name,
        key.user,
        key.role.value,
        tuple(sorted(key.vendor_ids)),
        tuple(sorted(key.business_ids)),
        tuple(sorted(key.delivery_partner_ids)),
        key.expires_at,
        key.last_used_at,
        tuple(_remarks_on_key(key, policies, now)),
    )


def _remarks_on_key(key: ApiKey, policies: Policies, now: datetime) -> Iterable[str]:
    if key.expires_at is None:
        yield "never expires"
    if (key.last_used_at or key.created_at) <= now - timedelta(days=UNUSED_DAYS):
        yield f"has not been used for {UNUSED_DAYS} days"
    if key.role is Role.SERVICE and not key.vendor_ids and not key.business_ids:
        yield "embeds for every vendor"
    if any(policy.role is key.role and DataClass.PERSONAL in policy.classes for policy in policies):
        yield "sees personal data"


def _hash_of(
    users: Iterable[ReviewedUser], roles: Iterable[ReviewedRole], keys: Iterable[ReviewedKey]
) -> str:
    access: list[Any] = [[user.email, user.role, *_ids(user), user.is_enabled] for user in users]
    access += [["key", key.name, key.user, key.role, *_ids(key)] for key in keys]
    granted = [{**asdict(role), "users": None} for role in roles]
    return hashlib.sha256(json.dumps([access, granted], sort_keys=True).encode()).hexdigest()[:32]


def _ids(bound: ReviewedUser | ReviewedKey) -> list[tuple[str, ...]]:
    """As they have always been hashed; those of businesses only where there are any."""
    businesses = [bound.business_ids] if bound.business_ids else []
    return [bound.vendor_ids, bound.delivery_partner_ids, *businesses]
