"""Users: who may sign in, as what, and by what. For admins alone."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from amalimart.access.principal import Principal, Role
from amalimart.api.identity import SignedIn
from amalimart.api.paging import Whole
from amalimart.api.routes.context import Services
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse
from amalimart.control.users.accounts import UserAccount
from amalimart.control.users.role_scope import LONGEST_ID, MOST_IDS
from amalimart.core.errors import Denied, UserInvalid
from amalimart.core.names import nearest

_Ids = Annotated[list[Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]], Field(max_length=MOST_IDS)]
_Name = Annotated[str, Field(max_length=200)]
_UserId = Annotated[int, Path(ge=1, le=2_147_483_647)]
_ACCOUNT = {
    "user_id": 4,
    "email": "kofi@example.com",
    "name": "Kofi Mensah",
    "role": "vendor",
    "vendor_ids": ["17"],
    "business_ids": [],
    "delivery_partner_ids": [],
    "enabled": True,
    "created_at": "2026-03-02T09:00:00Z",
    "last_signed_in_at": "2026-03-18T07:30:00Z",
    "issuer": None,
    "has_password": True,
    "sessions": [],
    "keys": [],
}


def _example(document: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": document}}}}


_ONE = _example(_ACCOUNT)
_SHOWN_ONCE = _example({"user": _ACCOUNT, "password": "Rt5kq-9wZcB-hmPdx-7uEVn"})


class UserBody(BaseModel):
    """A new person; a vendor needs vendor or business ids, a delivery account delivery partner ids."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"email": "kofi@example.com", "role": "vendor", "vendor_ids": ["17"]}]
        },
    )

    email: Annotated[str, Field(max_length=254)]
    role: Role
    name: _Name = ""
    vendor_ids: _Ids = []
    business_ids: _Ids = []
    delivery_partner_ids: _Ids = []


class UserChange(BaseModel):
    """What is to be otherwise; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"role": "vendor", "vendor_ids": ["17", "23"]}]}
    )

    name: _Name | None = None
    role: Role | None = None
    vendor_ids: _Ids | None = None
    business_ids: _Ids | None = None
    delivery_partner_ids: _Ids | None = None


def _admin(principal: SignedIn) -> Principal:
    """The admin who asks. Raises Denied for all others."""
    if principal.role is not Role.ADMIN:
        raise Denied("Users are for admins.", next_step="ask somebody who may sign in as admin")
    return principal


def _known(role: Role, services: AppServices) -> Role:
    """A role of the product, or of the project's own. Raises UserInvalid for another."""
    known = list(dict.fromkeys((*Role, *(each.role for each in services.policies()))))
    if role not in known:
        raise UserInvalid(
            f"there is no role {role.value[:80]!r}",
            expected=", ".join(known),
            nearest=nearest(role.value[:80], known),
            next_step="choose one of these, or add its policy to policies/",
        )
    return role


Admin = Annotated[Principal, Depends(_admin)]
router = APIRouter(tags=["users"])


@router.get("/users", responses=_example({"users": [_ACCOUNT], "next": None}))
def users(_admin: Admin, services: Services, part: Whole) -> WireResponse:
    """Everybody who may sign in or once did, with open sessions and keys."""
    found = services.control.administration.list()
    entries, following = part.of(lambda most: found[:most], lambda each: each.user.email, _told)
    return WireResponse({"users": entries, "next": following})


@router.post("/users", responses=_SHOWN_ONCE)
def add(body: UserBody, admin: Admin, services: Services) -> WireResponse:
    """Add a person; the password is told this once and kept nowhere."""
    account, password = services.control.administration.add(
        body.email,
        by=admin.subject,
        role=_known(body.role, services),
        display_name=body.name,
        vendor_ids=body.vendor_ids,
        business_ids=body.business_ids,
        delivery_partner_ids=body.delivery_partner_ids,
    )
    return _shown_once(account, password)


@router.get("/users/{user_id}", responses=_ONE)
def one(user_id: _UserId, _admin: Admin, services: Services) -> WireResponse:
    """One person."""
    return WireResponse(_told(services.control.administration.get(user_id)))


@router.post("/users/{user_id}/edit", responses=_ONE)
def edit(user_id: _UserId, body: UserChange, admin: Admin, services: Services) -> WireResponse:
    """Change a person's name, role or ids, from their next request on. The last admin stays one."""
    account = services.control.administration.edit(
        user_id,
        by=admin.subject,
        display_name=body.name,
        role=_known(body.role, services) if body.role else None,
        vendor_ids=body.vendor_ids,
        business_ids=body.business_ids,
        delivery_partner_ids=body.delivery_partner_ids,
    )
    return WireResponse(_told(account))


@router.post("/users/{user_id}/disable", responses=_ONE)
def disable(user_id: _UserId, admin: Admin, services: Services) -> WireResponse:
    """Let a person in no more; sessions end and keys open nothing. The last admin stays."""
    return WireResponse(_told(services.control.administration.disable(user_id, by=admin.subject)))


@router.post("/users/{user_id}/enable", responses=_ONE)
def enable(user_id: _UserId, admin: Admin, services: Services) -> WireResponse:
    """Let a person in again."""
    return WireResponse(_told(services.control.administration.enable(user_id, by=admin.subject)))


@router.post("/users/{user_id}/sign-out", responses=_ONE)
def sign_out(user_id: _UserId, admin: Admin, services: Services) -> WireResponse:
    """End every session of a person, who may sign in again."""
    return WireResponse(_told(services.control.administration.end_sessions(user_id, by=admin.subject)))


@router.post("/users/{user_id}/password", responses=_SHOWN_ONCE)
def password(user_id: _UserId, admin: Admin, services: Services) -> WireResponse:
    """Give a person a new password, told this once; sessions end."""
    return _shown_once(*services.control.administration.reset_password(user_id, by=admin.subject))


@router.post("/users/{user_id}/unlink", responses=_ONE)
def unlink(user_id: _UserId, admin: Admin, services: Services) -> WireResponse:
    """Forget who a person is to the identity provider, for instance after it was replaced."""
    return WireResponse(_told(services.control.administration.unlink(user_id, by=admin.subject)))


def _shown_once(account: UserAccount, password: str) -> WireResponse:
    response = WireResponse({"user": _told(account), "password": password})
    response.headers["Cache-Control"] = "no-store"
    return response


def _told(account: UserAccount) -> dict[str, Any]:
    user = account.user
    return {
        "user_id": user.user_id,
        "email": user.email,
        "name": user.display_name,
        "role": user.role.value,
        "vendor_ids": sorted(user.vendor_ids),
        "business_ids": sorted(user.business_ids),
        "delivery_partner_ids": sorted(user.delivery_partner_ids),
        "enabled": user.enabled,
        "created_at": account.created_at,
        "last_signed_in_at": account.last_signed_in_at,
        "issuer": account.issuer,
        "has_password": account.has_password,
        "sessions": [
            {
                "created_at": each.created_at,
                "last_seen_at": each.last_seen_at,
                "expires_at": each.expires_at,
            }
            for each in account.sessions
        ],
        "keys": [
            {"name": each.name, "expires_at": each.expires_at, "last_used_at": each.last_used_at}
            for each in account.keys
        ],
    }
