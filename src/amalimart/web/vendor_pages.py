"""Scorecards and payouts: empty frames for vendors and those who look after them, filled by their scripts."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from amalimart.access.principal import Principal
from amalimart.api.addresses import PREFIX
from amalimart.api.dashboards.state import RANGE_LABELS
from amalimart.api.identity import SignedIn
from amalimart.api.language import language_of
from amalimart.api.services import AppServices
from amalimart.core.errors import NotFound
from amalimart.web.places import PAYOUTS, WORK, frame, may_open
from amalimart.web.templating import Templates


def vendor_router(services: AppServices, templates: Templates) -> APIRouter:
    """GET /scorecards/{name}, /payouts and /payouts/{payout_id}."""
    router = APIRouter(include_in_schema=False)

    def page(
        request: Request,
        principal: Principal,
        template: str,
        here: str,
        data: dict[str, object],
        **more: Any,
    ) -> Response:
        values = f"{PREFIX}/dimensions/vendor/values"
        picks = not services.semantic.is_scoped(principal)
        return templates.page(
            request,
            template,
            **frame(services, principal, here, language_of(request)),
            page=templates.script_settings(request, values=values, picks=picks, **data),
            picks=picks,
            **more,
        )

    @router.get("/scorecards/{name}")
    def scorecard(name: str, request: Request, principal: SignedIn) -> Response:
        card = services.scorecards.get(name, principal)
        said = services.sayings(language_of(request))
        return page(
            request,
            principal,
            "scorecard.html",
            f"/scorecards/{card.name}",
            {"data": f"{PREFIX}/scorecards/{card.name}", "range": card.range.value},
            card=card,
            say=said.say if said else str,
            ranges=[name.value for name in RANGE_LABELS],
        )

    @router.get(PAYOUTS)
    def payouts(request: Request, principal: SignedIn) -> Response:
        _refuse_others(request, principal, services)
        return page(request, principal, "payouts.html", PAYOUTS, {"data": f"{PREFIX}/payouts"})

    @router.get("/payouts/{payout_id:path}")
    def payout(payout_id: str, request: Request, principal: SignedIn) -> Response:
        _refuse_others(request, principal, services)
        data = {
            "data": f"{PREFIX}/payouts/{quote(payout_id, safe='')}",
            "opens_orders": may_open(WORK, principal, services),
        }
        return page(request, principal, "payout.html", PAYOUTS, data, payout_id=payout_id[:200])

    return router


def _refuse_others(request: Request, principal: Principal, services: AppServices) -> None:
    if not may_open(PAYOUTS, principal, services):
        raise NotFound("There is nothing at this address.", where=request.url.path)
