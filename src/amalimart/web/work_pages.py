"""The work list and the timeline of an order: empty frames, filled by their scripts."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from amalimart.access.principal import Principal
from amalimart.api.addresses import PREFIX
from amalimart.api.identity import SignedIn
from amalimart.api.language import language_of
from amalimart.api.services import AppServices
from amalimart.core.errors import NotFound
from amalimart.web.places import WORK, frame, may_open
from amalimart.web.templating import Templates


def work_router(services: AppServices, templates: Templates) -> APIRouter:
    """GET /work and GET /orders/{order_id}, for who works on single orders."""
    router = APIRouter(include_in_schema=False)

    def page(
        request: Request, principal: Principal, template: str, data: str, order_id: str = ""
    ) -> Response:
        if not may_open(WORK, principal, services):
            raise NotFound("There is nothing at this address.", where=request.url.path)
        return templates.page(
            request,
            template,
            **frame(services, principal, WORK, language_of(request)),
            page=templates.script_settings(request, data=data),
            order_id=order_id[:200],
        )

    @router.get(WORK)
    def work(request: Request, principal: SignedIn) -> Response:
        return page(request, principal, "work.html", f"{PREFIX}/work")

    @router.get("/orders/{order_id:path}")
    def order(order_id: str, request: Request, principal: SignedIn) -> Response:
        data = f"{PREFIX}/orders/{quote(order_id, safe='')}/timeline"
        return page(request, principal, "order.html", data, order_id)

    return router
