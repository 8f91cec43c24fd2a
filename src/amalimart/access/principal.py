"""The one who asks."""

from __future__ import annotations

from dataclasses import dataclass
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
    without ids sees no row.
    """

    subject: str
    role: Role
    display_name: str = ""
    vendor_ids: frozenset[str] = frozenset()
    delivery_partner_ids: frozenset[str] = frozenset()
