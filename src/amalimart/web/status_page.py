"""The status page: an empty frame for operators, filled by its script from the JSON interface."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from amalimart.access.principal import Role
from amalimart.api.addresses import PREFIX
from amalimart.api.identity import SignedIn
from amalimart.api.language import language_of
from amalimart.api.services import AppServices
from amalimart.core.errors import NotFound
from amalimart.web.places import STATUS, frame
from amalimart.web.templating import Templates


def status_router(services: AppServices, templates: Templates) -> APIRouter:
    """GET /status; needs the session of an admin."""
    router = APIRouter(include_in_schema=False)

    @router.get(STATUS)
    def status(request: Request, principal: SignedIn) -> Response:
        if principal.role is not Role.ADMIN:
            raise NotFound("There is nothing at this address.", where=STATUS)
        return templates.page(
            request,
            "status.html",
            **frame(services, principal, STATUS, language_of(request)),
            page=templates.script_settings(request, data=f"{PREFIX}/status/detail"),
        )

    return router
