"""One person's data. Only on the local socket, for who runs this machine; ids stay out of addresses."""

from __future__ import annotations

import dataclasses

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from amalimart.access.principal import Principal, Role
from amalimart.api.identity import SignedIn
from amalimart.api.ports.running_the_house import PrivacyPort
from amalimart.api.routes.context import Services
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse
from amalimart.control.deciding import Decider
from amalimart.core.errors import Denied, EngineUnavailable

router = APIRouter(tags=["privacy"])


class Person(BaseModel):
    """Whom it is about: the id of a user, as gold.dim_customers has it."""

    model_config = ConfigDict(extra="forbid")

    user: str = Field(min_length=1, max_length=200)


class ExportBody(Person):
    """Whose data is handed out, and by whose word."""

    who: str | None = Field(None, max_length=200)


class EraseBody(ExportBody):
    """Who is erased, by whose word and why."""

    reason: str = Field(min_length=1, max_length=2000)


@router.post("/privacy/plan")
def plan(body: Person, principal: SignedIn, services: Services) -> WireResponse:
    """What erasing somebody would change; changes nothing."""
    return WireResponse(dataclasses.asdict(_privacy(principal, services).plan(body.user)))


@router.post("/privacy/export")
def export(body: ExportBody, principal: SignedIn, services: Services) -> WireResponse:
    """Everything that is held about somebody: rows of the lake, the warehouse and the quarantine."""
    tables = _privacy(principal, services).export(body.user, _decider(principal, body.who))
    return WireResponse({"user": body.user, "tables": [dataclasses.asdict(table) for table in tables]})


@router.post("/privacy/erase")
def erase(body: EraseBody, principal: SignedIn, services: Services) -> WireResponse:
    """Begin to erase somebody; the answer names the operation, and comes at once."""
    port = _privacy(principal, services)
    return WireResponse(port.erase(body.user, _decider(principal, body.who), body.reason).as_dict())


@router.get("/privacy/erasures")
def erasures(principal: SignedIn, services: Services) -> WireResponse:
    """Everybody who was erased, by mark, the latest first."""
    found = _privacy(principal, services).erasures()
    return WireResponse({"erasures": [dataclasses.asdict(each) for each in found]})


def _privacy(principal: Principal, services: AppServices) -> PrivacyPort:
    if principal.role is not Role.ADMIN:
        raise Denied("only an administrator may do this")
    if services.privacy is None:
        raise EngineUnavailable("this engine keeps no desk for personal data", next_step="amalimart up")
    return services.privacy


def _decider(principal: Principal, name: str | None) -> Decider:
    return Decider(
        name if name is not None else principal.display_name or principal.subject, principal.subject
    )
