"""The one who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from amalimart.core.names import is_identifier


class Role(StrEnum):
    """A role: one of the product's, with a policy in marketplace/policies, or one of a project's own.

    Of the project's own, `Role(name)` is one and the same object each time, and none of those that are
    listed. Any name that a role may have is taken: whether there is such a role is said by the policies.
    """

    ADMIN = "admin"
    EXECUTIVE = "executive"
    VENDOR = "vendor"
    SUPPORT = "support"
    DELIVERY = "delivery"
    ANALYST = "analyst"
    SERVICE = "service"  # no person: a program that acts for others

    @classmethod
    def _missing_(cls, value: object) -> Role | None:
        if not isinstance(value, str) or not is_identifier(value):
            return None
        made = str.__new__(cls, value)
        made._name_, made._value_ = value.upper(), value
        return cls._value2member_map_.setdefault(value, made)  # type: ignore[return-value]

    @property
    def is_packaged(self) -> bool:
        """Whether it is a role of the product."""
        return self in type(self).__members__.values()


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in subject: its role, and the ids whose rows a scoped role may see.

    `vendor_ids` and `business_ids` scope the vendor role, `delivery_partner_ids` the delivery role. Which
    vendors a business stands behind is read from the release that answers. A scoped role without ids sees no
    row. `viewed_by` is the admin who looks at pages as this subject: it is for the audit
    and changes nothing that is answered.
    """

    subject: str
    role: Role
    display_name: str = ""
    vendor_ids: frozenset[str] = frozenset()
    delivery_partner_ids: frozenset[str] = frozenset()
    business_ids: frozenset[str] = frozenset()
    viewed_by: str = field(default="", compare=False)
