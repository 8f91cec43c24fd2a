"""The orders that hold a product of a dashboard: the step below its last grouping."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from amalimart.access.principal import Principal
from amalimart.api.answering import answered
from amalimart.api.conditional import holds, not_modified, tag_of
from amalimart.api.dashboards.page import state_document
from amalimart.api.dashboards.state import read_state
from amalimart.api.drilling.product_orders import PRODUCT, of_product, order_questions, told_orders
from amalimart.api.exports.receipts import release_headers
from amalimart.api.identity import SignedIn
from amalimart.api.known_values import label_of
from amalimart.api.language import Language, ReadersLanguage
from amalimart.api.routes.context import Services, current_business_day
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse
from amalimart.core.errors import AmalimartError, NotFound, NothingPublished
from amalimart.core.wire import dumps

router = APIRouter(tags=["dashboards"])


@router.get("/dashboards/{name}/orders")
async def product_orders(
    name: str, request: Request, principal: SignedIn, services: Services, language: ReadersLanguage
) -> Response:
    """The orders that hold a product, the newest first.

    The query string is `product` and the state of the page. Money is that of the product's lines, never that
    of whole orders. 304 while nothing changed.
    """
    return await answered(request, lambda: _orders(name, request, principal, services, language))


def _orders(
    name: str, request: Request, principal: Principal, services: AppServices, language: Language
) -> Response:
    dashboard = services.dashboards.get(name, principal)
    opened = of_product(dashboard)
    today = current_business_day(services)
    state = read_state(request.query_params.multi_items(), opened, today, services.settings.calendar)
    product = dict(state.filters).get(PRODUCT.dimension)
    if product is None:
        raise NotFound("No product is named.", where="product", next_step="open one from the dashboard")
    if services.releases.latest() is None:
        raise NothingPublished("The first release is being prepared.", next_step="wait a moment")
    called = _name_of(product, principal, services)
    lines, orders = services.semantic.rows(order_questions(state), principal)
    if isinstance(lines, AmalimartError):
        raise lines
    said = services.sayings(language)
    shown = state_document(opened, state, principal, services.semantic)
    rest: dict[str, Any] = {
        "dashboard": dashboard.name,
        "title": said.say(dashboard.title) if said else dashboard.title,
        "product": {"key": product, "label": called},
        "state": said.state(shown) if said else shown,
        **told_orders(lines, orders),
    }
    told: dict[str, Any] = {
        "release_id": lines.release_id,
        "published_at": lines.published_at,
        "fresh_as_of": lines.fresh_as_of,
    }
    headers = {
        "ETag": tag_of(dumps(rest).encode()),
        **release_headers(**told),
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding, Accept-Language, Cookie",
    }
    if holds(request, headers["ETag"]):
        return not_modified(headers)
    return WireResponse(rest | {"release": told}, headers=headers)


def _name_of(product: str, principal: Principal, services: AppServices) -> str:
    """What the product is called. Raises NotFound where the reader sees no such product."""
    label = label_of(PRODUCT.dimension, product, principal, services.semantic)
    if label is None:
        raise NotFound(
            f"There is no product {product[:80]!r} for you.", next_step="open one from the dashboard"
        )
    return label
