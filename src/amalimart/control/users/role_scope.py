"""A person's role and the ids that go with it: what fits together. Owns no store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from amalimart.access.principal import Role
from amalimart.core.errors import UserInvalid

MOST_IDS = 500
LONGEST_ID = 64
_VENDORS, _BUSINESSES, _PARTNERS = "vendor ids", "business ids", "delivery partner ids"
_OWNERS = {_VENDORS: Role.VENDOR, _BUSINESSES: Role.VENDOR, _PARTNERS: Role.DELIVERY}
_NEEDED = {Role.VENDOR: f"{_VENDORS} or {_BUSINESSES}", Role.DELIVERY: _PARTNERS}


@dataclass(frozen=True, slots=True)
class RoleScope:
    """A role with the ids whose rows it sees."""

    role: Role
    vendor_ids: frozenset[str] = frozenset()
    business_ids: frozenset[str] = frozenset()
    delivery_partner_ids: frozenset[str] = frozenset()

    @property
    def lists(self) -> tuple[list[str], list[str], list[str]]:
        """Vendor ids, business ids and delivery partner ids, as they are stored."""
        return sorted(self.vendor_ids), sorted(self.business_ids), sorted(self.delivery_partner_ids)


def checked_scope(
    role: Role,
    vendor_ids: Iterable[str] = (),
    business_ids: Iterable[str] = (),
    delivery_partner_ids: Iterable[str] = (),
) -> RoleScope:
    """The scope of a person. Raises UserInvalid for a role without its ids, or with those of another.

    A role of a project's own may have ids of any kind: its policy says which of them it goes by.
    """
    if role is Role.SERVICE:
        raise UserInvalid("no person has the role service", next_step="add an API key of that role instead")
    scope = RoleScope(role, frozenset(vendor_ids), frozenset(business_ids), frozenset(delivery_partner_ids))
    given = dict(zip((_VENDORS, _BUSINESSES, _PARTNERS), scope.lists, strict=True))
    if role in _NEEDED and not any(ids for kind, ids in given.items() if _OWNERS[kind] is role):
        raise UserInvalid(
            f"somebody in the role {role.value} without {_NEEDED[role]} would see nothing",
            expected=f"the {_NEEDED[role]} whose rows this person sees",
        )
    for kind, ids in given.items():
        if _OWNERS[kind] is not role and ids and role.is_packaged:
            raise UserInvalid(
                f"{kind} do not belong to the role {role.value}", expected=f"the role {_OWNERS[kind].value}"
            )
        if len(ids) > MOST_IDS or not all(0 < len(each) <= LONGEST_ID and each.isprintable() for each in ids):
            raise UserInvalid(
                f"the {kind} cannot be used",
                expected=f"at most {MOST_IDS} ids of 1 to {LONGEST_ID} characters",
            )
    return scope
