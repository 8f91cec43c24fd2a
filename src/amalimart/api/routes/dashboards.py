"""Dashboards: one request answers a whole page from one release, or says that nothing changed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import Response

from amalimart.access.principal import Principal
from amalimart.api.answering import answered
from amalimart.api.conditional import holds, not_modified
from amalimart.api.dashboards.page import Page, answer_page, page_questions
from amalimart.api.dashboards.state import read_state
from amalimart.api.exports.receipts import release_headers
from amalimart.api.identity import SignedIn
from amalimart.api.language import Language, ReadersLanguage
from amalimart.api.routes.context import Services, current_business_day
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse
from amalimart.core.errors import Busy, NothingPublished

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
async def dashboard(
    name: str, request: Request, principal: SignedIn, services: Services, language: ReadersLanguage
) -> Response:
    """All tiles of a page. The query string is the page's state: range, from, to, grain, today, filters.

    With If-None-Match the answer is 304 while what the page shows is the same.
    """
    return await answered(request, lambda: _page(name, request, principal, services, language))


def _page(
    name: str, request: Request, principal: Principal, services: AppServices, language: Language
) -> Response:
    definition = services.dashboards.get(name, principal)
    today = current_business_day(services)
    state = read_state(request.query_params.multi_items(), definition, today, services.settings.calendar)
    newest = services.releases.latest()
    if newest is None:
        raise NothingPublished(
            "The first release is being prepared.", next_step="wait a moment: the page opens by itself"
        )
    semantic, said = services.semantic, services.sayings(language)
    under = semantic.fingerprint(principal)
    named = [*definition.listed, *(dimension for dimension, _ in state.filters)]
    is_fresh = False

    def told() -> Page:
        nonlocal is_fresh
        is_fresh = True
        page = answer_page(definition, state, principal, semantic, today)
        if semantic.fingerprint(principal) != under:  # or it would be kept as what another policy shows
            raise Busy("Who sees what is being changed.", next_step="ask again")
        return replace(page, document=said.page(page.document, definition)) if said else page

    page = services.pages.page(
        (
            definition.name,
            definition.fingerprint,
            state,
            under,
            today,
            language,
        ),
        newest,
        partial(page_questions, definition, state, principal, semantic),
        lambda asked: semantic.standing(asked, principal, named),
        told,
    )
    headers = {
        "ETag": page.tag,
        **release_headers(**page.release),
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding, Accept-Language, Cookie",
    }
    if holds(request, page.tag):
        return not_modified(headers)
    if not is_fresh:
        semantic.told_again(page.questions, principal, page.release_id, listed=definition.listed)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(page.gzipped, media_type=WireResponse.media_type, headers=headers)
    return Response(page.plain, media_type=WireResponse.media_type, headers=headers)
