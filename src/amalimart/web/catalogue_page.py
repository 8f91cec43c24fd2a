"""The catalogue's pages: an empty frame, filled and searched by its script from the JSON interface."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from amalimart.api.addresses import PREFIX
from amalimart.api.identity import SignedIn
from amalimart.api.language import language_of
from amalimart.api.services import AppServices
from amalimart.core.errors import NotFound
from amalimart.web.places import CATALOGUE, frame
from amalimart.web.templating import Templates

_KINDS = frozenset({"metrics", "dimensions", "tables"})


def catalogue_router(services: AppServices, templates: Templates) -> APIRouter:
    """GET /catalogue, and GET /catalogue/{kind}/{name} for one entry of it; both need a session."""
    router = APIRouter(include_in_schema=False)

    def page(request: Request, principal: SignedIn) -> Response:
        return templates.page(
            request,
            "catalogue.html",
            **frame(services, principal, CATALOGUE, language_of(request)),
            page=templates.script_settings(
                request,
                data=f"{PREFIX}/glossary",
                metrics=f"{PREFIX}/metrics",
                lineage=f"{PREFIX}/lineage",
                here=CATALOGUE,
            ),
        )

    @router.get(CATALOGUE)
    def catalogue(request: Request, principal: SignedIn) -> Response:
        return page(request, principal)

    @router.get(CATALOGUE + "/{kind}/{name}")
    def entry(kind: str, name: str, request: Request, principal: SignedIn) -> Response:
        if kind not in _KINDS or not name:
            raise NotFound("There is nothing at this address.", next_step="open the catalogue")
        return page(request, principal)

    return router
