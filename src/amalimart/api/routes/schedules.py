"""Scheduled jobs, for operators: what runs when, how it went, and having one run now."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from fastapi import APIRouter, Path, Query

from amalimart.access.principal import Principal, Role
from amalimart.api.identity import SignedIn
from amalimart.api.paging import Recently
from amalimart.api.ports.running_the_house import SchedulesPort
from amalimart.api.routes.context import Services
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse
from amalimart.control.deciding import Decider
from amalimart.core.errors import Denied, EngineUnavailable

router = APIRouter(tags=["schedules"])

_Name = Annotated[str, Path(min_length=1, max_length=100)]


@router.get("/schedules")
def schedules(principal: SignedIn, services: Services) -> WireResponse:
    """Every job with its schedule, its next moment and its last run."""
    found = _schedules(principal, services).status()
    return WireResponse({"schedules": [dataclasses.asdict(each) for each in found]})


@router.get("/schedules/runs")
def runs(
    principal: SignedIn,
    services: Services,
    part: Recently,
    job: Annotated[str | None, Query(max_length=100)] = None,
) -> WireResponse:
    """The newest runs, of one job or of all, newest first."""
    desk = _schedules(principal, services)
    entries, following = part.of(
        lambda most: desk.history(job, most), lambda each: each.run_id, dataclasses.asdict
    )
    return WireResponse({"runs": entries, "next": following})


@router.post("/schedules/{job}/run")
def run(job: _Name, principal: SignedIn, services: Services) -> WireResponse:
    """Have a job run as soon as nothing else does; the answer names its moment, and comes at once."""
    decider = Decider(principal.display_name or principal.subject, principal.subject)
    return WireResponse(dataclasses.asdict(_schedules(principal, services).ask(job, decider)))


def _schedules(principal: Principal, services: AppServices) -> SchedulesPort:
    if principal.role is not Role.ADMIN:
        raise Denied("Schedules are for operators.", next_step="ask somebody who may sign in as admin")
    if services.schedules is None:
        raise EngineUnavailable("this engine runs no schedules", next_step="amalimart up")
    return services.schedules
