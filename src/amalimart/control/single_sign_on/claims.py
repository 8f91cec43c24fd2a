"""Who somebody is by the claims of an ID token, and what they may be here. Looks at no store."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from amalimart.access.principal import Role
from amalimart.config.sign_in_settings import OidcSettings
from amalimart.control.users.role_scope import RoleScope, checked_scope
from amalimart.control.users.user import folded_email
from amalimart.core.errors import NotSignedIn, UserInvalid

_LONGEST_SUBJECT = 255
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the provider vouches for. `scope` is None where the claims give no role."""

    issuer: str
    subject: str
    email: str
    name: str
    scope: RoleScope | None


def person_of(claims: Mapping[str, Any], settings: OidcSettings, roles: Collection[Role]) -> Person:
    """The person; `roles` are those that there are now, the product's and the project's own.

    Raises NotSignedIn for an address that is not verified, or of another domain.
    """
    subject, email = claims.get("sub"), claims.get("email")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise NotSignedIn(f"{settings.name} does not say who you are.", next_step=_ASK)
    if not isinstance(email, str) or claims.get("email_verified") is not True:
        raise NotSignedIn(
            f"{settings.name} does not vouch for your e-mail address.",
            next_step=f"have your address verified at {settings.name}, then sign in again",
        )
    address = folded_email(email)
    if settings.allowed_domains and address.rpartition("@")[2] not in settings.allowed_domains:
        raise NotSignedIn("E-mail addresses of your domain may not sign in here.", next_step=_ASK)
    name = claims.get("name")
    shown = name.strip()[:_LONGEST_NAME] if isinstance(name, str) else ""
    return Person(settings.issuer, subject, address, shown, _scope(claims, settings, roles))


def _scope(claims: Mapping[str, Any], settings: OidcSettings, roles: Collection[Role]) -> RoleScope | None:
    role = _role(claims, settings, roles)
    if role is None:
        return None

    def ids(claim: str | None, owner: Role) -> frozenset[str]:
        return _texts(claims, claim) if role is owner or not role.is_packaged else frozenset()

    try:
        return checked_scope(
            role,
            ids(settings.vendor_ids_claim, Role.VENDOR),
            ids(settings.business_ids_claim, Role.VENDOR),
            ids(settings.delivery_partner_ids_claim, Role.DELIVERY),
        )
    except UserInvalid:
        return None  # a role whose ids nobody gives opens nothing


def _role(claims: Mapping[str, Any], settings: OidcSettings, roles: Collection[Role]) -> Role | None:
    of_people = {role.value: role for role in roles if role is not Role.SERVICE}
    if settings.role_claim is not None:
        named = _texts(claims, settings.role_claim)
        return of_people.get(next(iter(named))) if len(named) == 1 else None
    groups = _texts(claims, settings.groups_claim)
    return next((of_people.get(role) for group, role in settings.roles.items() if group in groups), None)


def _texts(claims: Mapping[str, Any], name: str | None) -> frozenset[str]:
    """The texts of a claim that is one, or a list of them; whole numbers count as their digits."""
    value = claims.get(name) if name is not None else None
    listed = value if isinstance(value, list) else [value]
    return frozenset(
        str(each)
        for each in listed
        if isinstance(each, str) or (isinstance(each, int) and not isinstance(each, bool))
    )


_ASK = "ask an admin"
