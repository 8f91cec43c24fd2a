"""Dashboards: one request answers a whole page from one release, or says that nothing changed."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from amalimart.api.dashboards.page import answer_page, page_tag
from amalimart.api.dashboards.state import read_state
from amalimart.api.identity import SignedIn
from amalimart.api.language import ReadersLanguage
from amalimart.api.routes.context import Services, current_business_day
from amalimart.api.wire_response import WireResponse
from amalimart.core.errors import NothingPublished
from amalimart.observe.metrics import CACHE_LOOKUPS

router = APIRouter(tags=["dashboards"])


@router.get("/dashboards")
def dashboards(principal: SignedIn, services: Services, language: ReadersLanguage) -> WireResponse:
    """The dashboards the reader may open, the own home first."""
    allowed = services.dashboards.for_principal(principal)
    said = services.sayings(language)
    say = said.say if said else str
    return WireResponse(
        {
            "dashboards": [
                {"name": each.name, "title": say(each.title), "description": say(each.description)}
                for each in allowed
            ]
        }
    )


@router.get("/dashboards/{name}")
def dashboard(
    name: str, request: Request, principal: SignedIn, services: Services, language: ReadersLanguage
) -> Response:
    """All tiles of a page. The query string is the page's state: range, from, to, grain, today, filters.

    With If-None-Match the answer is 304 while release, state, reader and day are the same.
    """
    definition = services.dashboards.get(name, principal)
    today = current_business_day(services)
    state = read_state(request.query_params.multi_items(), definition, today)
    newest = services.releases.latest()
    if newest is None:
        raise NothingPublished(
            "The first release is being prepared.", next_step="wait a moment: the page opens by itself"
        )
    held = request.headers.get("if-none-match")
    tag = page_tag(newest.release_id, definition, state, principal, today, language)
    CACHE_LOOKUPS.add(cache="page", result="hit" if held == tag else "miss")
    if held == tag:
        return Response(status_code=304, headers={"ETag": tag, "Cache-Control": "private, no-cache"})
    page = answer_page(definition, state, principal, services.semantic, today)
    answered_tag = page_tag(page.release_id, definition, state, principal, today, language)
    said = services.sayings(language)
    document = said.page(page.document, definition) if said else page.document
    return WireResponse(document, headers={"ETag": answered_tag})
