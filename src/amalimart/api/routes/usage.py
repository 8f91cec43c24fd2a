"""Usage, for operators: who asks what, in figures by role and door. No person, no value of a filter."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from amalimart.access.principal import Role
from amalimart.api.described import described
from amalimart.api.identity import SignedIn
from amalimart.api.language import ReadersLanguage
from amalimart.api.routes.context import Services
from amalimart.api.wire_response import WireResponse
from amalimart.core.errors import Denied, EngineUnavailable

router = APIRouter(tags=["usage"])

DAYS = 30


@router.get("/usage")
def usage(
    principal: SignedIn,
    services: Services,
    language: ReadersLanguage,
    days: Annotated[int, Query(ge=1, le=90)] = DAYS,
) -> WireResponse:
    """How often metrics and dashboards were asked for, by whose role, and what got no answer.

    Up to a minute old. What is kept is counted since the engine started.
    """
    if principal.role is not Role.ADMIN:
        raise Denied("How the house is used is for operators.", next_step="ask an admin")
    if services.usage is None:
        raise EngineUnavailable("this engine does not count its use", next_step="amalimart up")
    found = services.usage.now(days)
    said = services.sayings(language)
    titles = {
        each.name: said.say(each.title) if said else each.title
        for each in services.dashboards.dashboards.values()
    }
    labels = services.semantic.labels(language.value)
    asked: dict[str, Any] = described(found)
    may_open = [each.name for each in services.dashboards.for_principal(principal)]
    return WireResponse(asked | {"labels": dict(labels), "titles": titles, "may_open": may_open})
