"""Payouts to vendors: the list, and each of them explained line by line."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from amalimart.access.principal import Principal
from amalimart.api.conditional import holds, not_modified, tag_of
from amalimart.api.identity import SignedIn
from amalimart.api.payouts.explaining import explained_payout, told_statement
from amalimart.api.payouts.readers import may_read_payouts
from amalimart.api.payouts.statements import MOST_STATEMENTS, Statement, statements_question
from amalimart.api.routes.context import Services, current_business_day
from amalimart.api.wire_response import WireResponse
from amalimart.core.errors import AccessError, AmalimartError, Denied, QueryError
from amalimart.core.wire import dumps

router = APIRouter(tags=["payouts"])

_VENDORS_NAMED = 10_000


@router.get("/payouts")
def payouts(
    request: Request,
    principal: SignedIn,
    services: Services,
    vendor: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
) -> Response:
    """The newest payouts that the reader may see, of one vendor or of all; 304 while nothing changed."""
    _refuse_others(principal, services)
    (found,) = services.semantic.rows([statements_question(vendor)], principal)
    if isinstance(found, AmalimartError):
        raise found
    statements = [Statement.of(row) for row in found.as_dicts()]
    names = _vendor_names(principal, services)
    rest: dict[str, Any] = {
        "payouts": [
            told_statement(each) | {"vendor": names.get(each.vendor_id or "", each.vendor_id)}
            for each in statements[:MOST_STATEMENTS]
        ],
        "has_more": len(statements) > MOST_STATEMENTS,
    }
    return _told(request, rest, found.release_id)


@router.get("/payouts/{payout_id:path}")
def payout(
    payout_id: Annotated[str, Path(min_length=1, max_length=200)],
    request: Request,
    principal: SignedIn,
    services: Services,
) -> Response:
    """One payout: its statement, its lines, and the way to it from the sales of its period."""
    _refuse_others(principal, services)
    told = explained_payout(payout_id, principal, services.semantic, current_business_day(services))
    release_id = told.pop("release_id")
    return _told(request, told, release_id)


def _told(request: Request, rest: dict[str, Any], release_id: int) -> Response:
    headers = {"ETag": tag_of(dumps(rest).encode()), "Cache-Control": "private, no-cache"}
    if holds(request, headers["ETag"]):
        return not_modified(headers)
    return WireResponse(rest | {"release_id": release_id}, headers=headers)


def _refuse_others(principal: Principal, services: Services) -> None:
    if not may_read_payouts(principal, services.semantic):
        raise Denied(f"Payouts are not for the role {principal.role.value}.", next_step="ask an admin")


def _vendor_names(principal: Principal, services: Services) -> dict[str, str]:
    try:
        found = services.semantic.values("vendor", principal, limit=_VENDORS_NAMED)
    except (AccessError, QueryError):
        return {}
    return {each.key: each.label for each in found}
