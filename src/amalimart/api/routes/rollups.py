"""Rollups, for operators: those that are declared, and those that would have served what was asked."""

from __future__ import annotations

import dataclasses

from fastapi import APIRouter

from amalimart.access.principal import Principal, Role
from amalimart.api.identity import SignedIn
from amalimart.api.paging import Whole
from amalimart.api.ports.publishing import RollupsPort
from amalimart.api.routes.context import Services
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse
from amalimart.core.errors import Denied, NotFound

router = APIRouter(tags=["rollups"])


@router.get("/rollups")
def declared(principal: SignedIn, services: Services, part: Whole) -> WireResponse:
    """Every declared rollup with its rows, and how many questions of the last 30 days it answered."""
    found = _rollups(principal, services).declared()
    entries, following = part.of(lambda most: found[:most], lambda each: each.name, dataclasses.asdict)
    return WireResponse({"rollups": entries, "next": following})


@router.get("/rollups/advice")
def advice(principal: SignedIn, services: Services) -> WireResponse:
    """Rollups that would have served questions of the last 30 days, each with its YAML."""
    return WireResponse(dataclasses.asdict(_rollups(principal, services).advice()))


def _rollups(principal: Principal, services: AppServices) -> RollupsPort:
    if principal.role is not Role.ADMIN:
        raise Denied("Rollups are for operators.", next_step="ask somebody who may sign in as admin")
    if services.rollups is None:
        raise NotFound("This engine has no rollups to speak of.")
    return services.rollups
