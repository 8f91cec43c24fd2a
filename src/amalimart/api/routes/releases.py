"""Releases: which there are, what each did, what differs, what is held back, and accepting that.

Operators see everything. An analyst sees no rows that break a check, and no words of an engine that may quote
one. Everybody else sees that there was a release and when: how much of it changed is the marketplace's.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from amalimart.access.principal import Principal, Role
from amalimart.api.identity import SignedIn
from amalimart.api.paging import Newest
from amalimart.api.ports.publishing import ReleasesPort
from amalimart.api.routes.context import Services
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse
from amalimart.control.deciding import Decider
from amalimart.core.errors import CheckFailed, Denied, NotFound, QueryError
from amalimart.core.releases import Acceptance, BlockedBuild, ReleaseSummary

router = APIRouter(tags=["releases"])

_LARGEST = 2_147_483_647
_Number = Annotated[int, Path(ge=1, le=_LARGEST)]
_Some = Annotated[int, Query(ge=1, le=_LARGEST)]


class AcceptBody(BaseModel):
    """Why it may be published all the same, and who says so where that is not who is signed in."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=2000)]
    who: Annotated[str | None, Field(max_length=200)] = None


class RevokeBody(BaseModel):
    """Why it may not any more, and who says so where that is not who is signed in."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str | None, Field(max_length=2000)] = None
    who: Annotated[str | None, Field(max_length=200)] = None


@router.get("/releases")
def releases(principal: SignedIn, services: Services, part: Newest) -> WireResponse:
    """The newest releases, newest first."""
    entries, following = part.of(
        _book(services).releases, lambda each: each.release_id, lambda each: _release(each, principal)
    )
    return WireResponse({"releases": entries, "next": following})


@router.get("/releases/blocked")
def blocked(principal: SignedIn, services: Services, part: Newest) -> WireResponse:
    """The newest builds that were rolled back, newest first."""
    _refuse_scoped(principal)
    book = _book(services)
    accepted = book.accepted()
    entries, following = part.of(
        book.blocked, lambda each: each.number, lambda each: _blocked(each, accepted, principal)
    )
    return WireResponse({"blocked": entries, "next": following})


@router.get("/releases/blocked/{number}")
def blocked_build(number: str, principal: SignedIn, services: Services) -> WireResponse:
    """One build that was rolled back, by its number or as `latest`: why, and some of the rows."""
    _refuse_scoped(principal)
    book = _book(services)
    build = book.blocked_build(None if number == "latest" else _parsed(number))
    return WireResponse(_blocked(build, book.accepted(), principal))


@router.get("/releases/accepted")
def accepted(principal: SignedIn, services: Services) -> WireResponse:
    """The checks that may fail by somebody's word now."""
    _refuse_scoped(principal)
    return WireResponse({"accepted": [dataclasses.asdict(each) for each in _book(services).accepted()]})


@router.post("/releases/blocked/{number}/accept")
def accept(number: _Number, body: AcceptBody, principal: SignedIn, services: Services) -> WireResponse:
    """Let the checks that held a build back fail, for as many rows as then; the next build publishes."""
    done = _book(services).accept(number, _decider(principal, body.who), body.reason)
    return WireResponse({"accepted": [dataclasses.asdict(each) for each in done]})


@router.post("/releases/blocked/{number}/revoke")
def revoke(number: _Number, body: RevokeBody, principal: SignedIn, services: Services) -> WireResponse:
    """Take back what was accepted of a blocked build."""
    done = _book(services).revoke(number, _decider(principal, body.who), body.reason)
    return WireResponse({"revoked": [dataclasses.asdict(each) for each in done]})


@router.get("/releases/difference")
def difference(principal: SignedIn, services: Services, one: _Some, other: _Some) -> WireResponse:
    """What happened from the earlier of two releases to the later."""
    _refuse_scoped(principal)
    found = _book(services).difference(one, other)
    return WireResponse({**dataclasses.asdict(found), "project_changed": found.project_changed})


@router.get("/releases/{release_id}")
def release(release_id: _Number, principal: SignedIn, services: Services) -> WireResponse:
    """One release: which models it changed and by how many rows, and which checks some row broke."""
    found = _book(services).release(release_id)
    if not _sees_figures(principal):
        return WireResponse({"release": _release(found.release, principal)})
    return WireResponse(dataclasses.asdict(found))


def _book(services: AppServices) -> ReleasesPort:
    if services.release_book is None:
        raise NotFound("This engine keeps no releases.")
    return services.release_book


def _sees_figures(principal: Principal) -> bool:
    return principal.role in {Role.ADMIN, Role.ANALYST}


def _refuse_scoped(principal: Principal) -> None:
    if not _sees_figures(principal):
        raise Denied(
            f"What a release holds is not for the role {principal.role.value}.", next_step="ask an admin"
        )


def _decider(principal: Principal, name: str | None) -> Decider:
    if principal.role is not Role.ADMIN:
        raise Denied("Only an admin accepts a blocked build, or takes that back.", next_step="ask an admin")
    shown = name if name is not None else principal.display_name or principal.subject
    return Decider(shown, principal.subject)


def _release(found: ReleaseSummary, principal: Principal) -> dict[str, Any]:
    if _sees_figures(principal):
        return dataclasses.asdict(found)
    return {
        "release_id": found.release_id,
        "published_at": found.published_at,
        "fresh_as_of": found.fresh_as_of,
    }


def _blocked(build: BlockedBuild, standing: tuple[Acceptance, ...], principal: Principal) -> dict[str, Any]:
    told = dataclasses.asdict(build)
    told["accepted"] = [dataclasses.asdict(each) for each in standing if each.blocked_number == build.number]
    if principal.role is not Role.ADMIN:
        for check in told["checks"]:
            del check["sample"]
        if build.code != CheckFailed.code:
            told["what"] = "A model could not be built."
    return told


def _parsed(number: str) -> int:
    if number.isdecimal() and 0 < int(number) <= _LARGEST:
        return int(number)
    raise QueryError(
        "This is not the number of a blocked build.", where="number", expected="a number, or latest"
    )
