"""The orders that hold a product of a dashboard: an empty frame, filled by its script."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from amalimart.api.addresses import PREFIX
from amalimart.api.dashboards.state import RANGE_LABELS
from amalimart.api.identity import SignedIn
from amalimart.api.language import language_of
from amalimart.api.services import AppServices
from amalimart.web.places import WORK, frame, may_open
from amalimart.web.templating import Templates


def orders_router(services: AppServices, templates: Templates) -> APIRouter:
    """GET /dashboards/{name}/orders, for who may open the dashboard."""
    router = APIRouter(include_in_schema=False)

    @router.get("/dashboards/{name}/orders")
    def orders(name: str, request: Request, principal: SignedIn) -> Response:
        opened = services.dashboards.get(name, principal)
        said = services.sayings(language_of(request))
        address = f"/dashboards/{opened.name}"
        return templates.page(
            request,
            "orders.html",
            **frame(services, principal, address, language_of(request)),
            opened=opened,
            ranges=[name.value for name in RANGE_LABELS],
            page=templates.script_settings(
                request,
                site=services.settings.marketplace_name,
                data=f"{PREFIX}{address}/orders",
                dashboard=address,
                title=said.say(opened.title) if said else opened.title,
                range=opened.range.value,
                filters=[each.dimension for each in opened.filters],
                opens_orders=may_open(WORK, principal, services),
            ),
        )

    return router
