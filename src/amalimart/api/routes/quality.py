"""Monitored checks, for operators: what they found, running them, and acknowledging what is known.

Results name days, sums and keys of the whole marketplace: they are for nobody else.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from amalimart.access.principal import Principal, Role
from amalimart.api.identity import SignedIn
from amalimart.api.paging import Recently, Whole
from amalimart.api.ports.running_the_house import QualityPort
from amalimart.api.routes.context import Services
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse
from amalimart.control.deciding import Decider
from amalimart.control.quality.rows import KeptResult
from amalimart.core.errors import Denied, NotFound
from amalimart.core.quality import QualityResult
from amalimart.quality.listing import ListedCheck
from amalimart.quality.shapes import Every

router = APIRouter(tags=["quality"])

_Check = Annotated[str, Path(min_length=1, max_length=63)]
_Subject = Annotated[str | None, Query(max_length=200)]


class RunBody(BaseModel):
    """Which checks are run: those of a schedule word, or one by its name; all, if neither is said."""

    model_config = ConfigDict(extra="forbid")

    every: Every | None = None
    check: Annotated[str | None, Field(max_length=63)] = None


class AcknowledgeBody(BaseModel):
    """What is known, why, and who says so where that is not who is signed in."""

    model_config = ConfigDict(extra="forbid")

    subject: Annotated[str, Field(max_length=200)]
    period: Annotated[str | None, Field(max_length=32)] = None
    reason: Annotated[str, Field(max_length=2000)]
    who: Annotated[str | None, Field(max_length=200)] = None


@router.get("/quality")
def checks(principal: SignedIn, services: Services, part: Whole) -> WireResponse:
    """Every monitored check with what its newest run found, and what fails now."""
    desk = _desk(principal, services)
    listed = desk.listed()
    entries, following = part.of(lambda most: listed[:most], lambda each: each.name, _listed)
    return WireResponse(
        {"checks": entries, "next": following, "failing": [_kept(each) for each in desk.failing()]}
    )


@router.post("/quality/run")
def run(body: RunBody, principal: SignedIn, services: Services) -> WireResponse:
    """Run checks over the published release; answers when all have told."""
    done = _desk(principal, services).run(body.every, body.check)
    return WireResponse(
        {
            "run_id": done.run_id,
            "release_id": done.release_id,
            "declared": done.declared,
            "fails": done.fails,
            "results": [_result(each) for each in done.results],
            "not_run": {name: error.as_dict() for name, error in done.not_run.items()},
        }
    )


@router.get("/quality/{check}/history")
def history(
    check: _Check, principal: SignedIn, services: Services, part: Recently, subject: _Subject = None
) -> WireResponse:
    """The newest results of a check, newest first."""
    desk = _desk(principal, services)
    entries, following = part.of(
        lambda most: desk.history(check, most, subject), lambda each: each.number, _kept
    )
    return WireResponse({"check": check, "results": entries, "next": following})


@router.post("/quality/{check}/acknowledge")
def acknowledge(
    check: _Check, body: AcknowledgeBody, principal: SignedIn, services: Services
) -> WireResponse:
    """Say that what a check found is known: it counts as failing no more, and nothing is learnt from it."""
    name = body.who if body.who is not None else principal.display_name or principal.subject
    word = _desk(principal, services).acknowledge(
        check, body.subject, body.period, Decider(name, principal.subject), body.reason
    )
    return WireResponse({"acknowledged": dataclasses.asdict(word)})


@router.get("/quality/profile/{table}")
def profile(
    table: Annotated[str, Path(max_length=130)],
    principal: SignedIn,
    services: Services,
    exact: Annotated[bool, Query()] = False,
) -> WireResponse:
    """One published table looked at once: nulls, distinct values, bounds, and what is not as declared."""
    return WireResponse(dataclasses.asdict(_desk(principal, services).profile(table, exact=exact)))


def _desk(principal: Principal, services: AppServices) -> QualityPort:
    if principal.role is not Role.ADMIN:
        raise Denied("Monitored checks are for operators.", next_step="ask an admin")
    if services.quality is None:
        raise NotFound("This engine runs no monitored checks.")
    return services.quality


def _listed(check: ListedCheck) -> dict[str, Any]:
    told = {field: getattr(check, field) for field in ("name", "kind", "description", "owner", "severity")}
    return {
        **told,
        "every": check.every,
        "problem": check.problem,
        "newest": [_kept(each) for each in check.newest],
    }


def _kept(kept: KeptResult) -> dict[str, Any]:
    word = dataclasses.asdict(kept.acknowledgement) if kept.acknowledgement is not None else None
    return {
        "number": kept.number,
        "run_id": kept.run_id,
        "is_failing": kept.is_failing,
        "acknowledgement": word,
        **_result(kept.result),
    }


def _result(result: QualityResult) -> dict[str, Any]:
    return dataclasses.asdict(result)
