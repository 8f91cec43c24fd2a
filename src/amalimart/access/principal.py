"""The one who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """A role of the product; its policy is marketplace/policies/<role>.yml."""

    ADMIN = "admin"
    EXECUTIVE = "executive"
    VENDOR = "vendor"
    SUPPORT = "support"
    DELIVERY = "delivery"
    ANALYST = "analyst"
    SERVICE = "service"  # no person: a program that acts for others


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in subject: its role, and the ids whose rows a scoped role may see.

    `vendor_ids` scopes the vendor role, `delivery_partner_ids` the delivery role. A scoped role
    without ids sees no row. `viewed_by` is the admin who looks at pages as this subject: it is for the audit
    and changes nothing that is answered.
    """

    subject: str
    role: Role
    display_name: str = ""
    vendor_ids: frozenset[str] = frozenset()
    delivery_partner_ids: frozenset[str] = frozenset()
    viewed_by: str = field(default="", compare=False)
