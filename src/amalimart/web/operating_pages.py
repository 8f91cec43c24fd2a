"""Pages for those who answer for the house: empty frames that their scripts fill."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from amalimart.access.principal import Principal, Role
from amalimart.api.addresses import PREFIX
from amalimart.api.identity import SignedIn
from amalimart.api.language import language_of
from amalimart.api.services import AppServices
from amalimart.core.errors import NotFound
from amalimart.web.places import CATALOGUE, QUALITY, RELEASES, START, USAGE, frame, may_open
from amalimart.web.templating import Templates


def operating_router(services: AppServices, templates: Templates) -> APIRouter:
    """GET /quality, /usage and /start for admins, and GET /releases for admins and analysts."""
    router = APIRouter(include_in_schema=False)

    def page(
        request: Request, principal: Principal, here: str, data: str | None = None, **settings: object
    ) -> Response:
        if not may_open(here, principal, services):
            raise NotFound("There is nothing at this address.", where=here)
        return templates.page(
            request,
            f"{here.removeprefix('/')}.html",
            **frame(services, principal, here, language_of(request)),
            page=templates.script_settings(request, data=f"{PREFIX}{data or here}", **settings),
        )

    @router.get(QUALITY)
    def quality(request: Request, principal: SignedIn) -> Response:
        return page(request, principal, QUALITY, incidents=f"{PREFIX}/incidents")

    @router.get(RELEASES)
    def releases(request: Request, principal: SignedIn) -> Response:
        return page(request, principal, RELEASES, may_accept=principal.role is Role.ADMIN)

    @router.get(USAGE)
    def usage(request: Request, principal: SignedIn) -> Response:
        return page(request, principal, USAGE, catalogue=CATALOGUE)

    @router.get(START)
    def start(request: Request, principal: SignedIn) -> Response:
        home = services.dashboards.home(principal)
        return page(request, principal, START, "/status/start", home=f"/dashboards/{home.name}")

    return router
