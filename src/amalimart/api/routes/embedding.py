"""Minting embed tokens, for the server of a portal."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from amalimart.access.embed_tokens import MOST_VENDORS, EmbeddedIds
from amalimart.access.principal import Role
from amalimart.api.bearer import shown_token
from amalimart.api.routes.context import Services
from amalimart.api.wire_response import WireResponse
from amalimart.core.errors import Denied, NotFound

router = APIRouter(tags=["embedding"])

_Ids = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=MOST_VENDORS)]


class EmbedBody(BaseModel):
    """What a token is to open.

    viewer  who looks, in the portal's own words, for the audit
    role    as which the vendors are shown their rows: a vendor, or a role that is a narrower copy of it
    """

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"vendor_ids": ["17"], "dashboard": "vendor"}]}
    )

    vendor_ids: _Ids = []
    business_ids: _Ids = []
    dashboard: Annotated[str, Field(min_length=1, max_length=63)]
    seconds: Annotated[int, Field(ge=30, le=3600)] = 300
    viewer: Annotated[str, Field(max_length=100)] = ""
    role: Annotated[str, Field(pattern="^[a-z_][a-z0-9_]{0,62}$")] = Role.VENDOR.value

    @field_validator("role")
    @classmethod
    def of_a_vendor(cls, role: str) -> str:
        if role != Role.VENDOR and role in [*Role]:
            raise ValueError("say vendor, or a narrower copy of that role")
        return role

    @model_validator(mode="after")
    def of_somebody(self) -> EmbedBody:
        if not self.vendor_ids and not self.business_ids:
            raise ValueError("name the vendors or the businesses")
        return self


@router.post("/embed-tokens")
def mint(body: EmbedBody, request: Request, services: Services) -> WireResponse:
    """A token that opens one dashboard for some vendors, for an API key of the role service."""
    shown = shown_token(request.scope)
    holder = services.control.api_keys.resolve(shown) if shown else None
    if holder is None:
        raise Denied("Only a program with an API key mints embed tokens.", next_step="show a key")
    if services.embed is None:
        raise NotFound("This engine mints no embed tokens.")
    ids = EmbeddedIds(frozenset(body.vendor_ids), frozenset(body.business_ids))
    known = (role for each in services.dashboards.dashboards.values() for role in each.roles)
    role = next((role for role in known if role.value == body.role), Role.SERVICE)  # who may open none
    services.dashboards.get(body.dashboard, ids.principal("embed", role))
    token, expires_at = services.embed.mint(
        holder.key,
        ids,
        body.dashboard,
        life=timedelta(seconds=body.seconds),
        viewer=body.viewer,
        door="api",
        role=role,
    )
    return WireResponse({"token": token, "expires_at": expires_at})
