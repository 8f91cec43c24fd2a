"""Incidents: what went wrong, which messages went out about it, and taking it on. For operators alone."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from amalimart.access.principal import Principal, Role
from amalimart.api.identity import SignedIn
from amalimart.api.paging import Whole
from amalimart.api.ports.running_the_house import IncidentsPort
from amalimart.api.routes.context import Services
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse
from amalimart.control.deciding import Decider
from amalimart.core.errors import Denied, NotFound
from amalimart.core.incidents import Delivery, Incident

router = APIRouter(tags=["incidents"])
local = APIRouter(tags=["incidents"])

_Number = Annotated[int, Path(ge=1, le=2_147_483_647)]
_Channel = Annotated[str, Path(min_length=1, max_length=63)]


class AcknowledgeBody(BaseModel):
    """In what words it is taken on, and by whom where that is not who is signed in."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=2000)]
    who: Annotated[str | None, Field(max_length=200)] = None


class ChannelTestBody(BaseModel):
    """Who tries the channel, where that is not who is signed in."""

    model_config = ConfigDict(extra="forbid")

    who: Annotated[str | None, Field(max_length=200)] = None


@router.get("/incidents")
def incidents(
    principal: SignedIn, services: Services, part: Whole, *, include_over: bool = False
) -> WireResponse:
    """What is wrong now, or also what was; the newest first."""
    found = _incidents(principal, services).list(include_over=include_over)
    entries, following = part.of(lambda most: found[:most], lambda each: each.number, _incident)
    return WireResponse({"incidents": entries, "next": following})


@router.get("/incidents/{number}")
def incident(number: _Number, principal: SignedIn, services: Services) -> WireResponse:
    """One incident, and how far the messages about it have come."""
    found = _incidents(principal, services).get(number)
    sent = services.deliveries.deliveries(number) if services.deliveries else ()
    return WireResponse({**_incident(found), "deliveries": [_delivery(each) for each in sent]})


@router.post("/incidents/{number}/acknowledge")
def acknowledge(
    number: _Number, body: AcknowledgeBody, principal: SignedIn, services: Services
) -> WireResponse:
    """Take an incident on: nothing more is sent about it until it is over."""
    port = _incidents(principal, services)
    return WireResponse(_incident(port.acknowledge(number, _decider(principal, body.who), body.reason)))


@local.post("/notify/{channel}/test")
def test(channel: _Channel, body: ChannelTestBody, principal: SignedIn, services: Services) -> WireResponse:
    """Send a test message on a channel, and say how that ended."""
    _refuse_others(principal)
    if services.channel_test is None:
        raise NotFound("This engine has no channels.")
    remark = services.channel_test.send(channel, _decider(principal, body.who))
    return WireResponse({"channel": channel, "sent": True, "remark": remark})


def _refuse_others(principal: Principal) -> None:
    if principal.role is not Role.ADMIN:
        raise Denied("Incidents are for operators.", next_step="ask an admin")


def _incidents(principal: Principal, services: AppServices) -> IncidentsPort:
    _refuse_others(principal)
    if services.incidents is None:
        raise NotFound("This engine keeps no incidents.")
    return services.incidents


def _decider(principal: Principal, name: str | None) -> Decider:
    return Decider(
        name if name is not None else principal.display_name or principal.subject, principal.subject
    )


def _incident(found: Incident) -> dict[str, Any]:
    """Kinds, severities and states are their own words on the wire."""
    told = dataclasses.asdict(found)
    trouble = told.pop("trouble")
    return {"number": told.pop("number"), **trouble, **told}


def _delivery(found: Delivery) -> dict[str, Any]:
    return dataclasses.asdict(found)
