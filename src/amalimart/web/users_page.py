"""Users and policies: an empty frame for admins, filled by its script."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from amalimart.access.principal import Role
from amalimart.api.addresses import PREFIX
from amalimart.api.identity import SignedIn
from amalimart.api.language import language_of
from amalimart.api.services import AppServices
from amalimart.core.errors import NotFound
from amalimart.web.places import USERS, frame, may_open
from amalimart.web.templating import Templates


def users_router(services: AppServices, templates: Templates) -> APIRouter:
    """GET /users."""
    router = APIRouter(include_in_schema=False)

    @router.get(USERS)
    def users(request: Request, principal: SignedIn) -> Response:
        if not may_open(USERS, principal, services):
            raise NotFound("There is nothing at this address.", where=USERS)
        roles = dict.fromkeys((*(role.value for role in Role), *(each.role for each in services.policies())))
        return templates.page(
            request,
            "users.html",
            **frame(services, principal, USERS, language_of(request)),
            page=templates.script_settings(
                request,
                data=f"{PREFIX}{USERS}",
                policies=f"{PREFIX}/policies",
                values=f"{PREFIX}/dimensions",
                me=principal.subject,
                may_change=not principal.viewed_by,
                roles=[role for role in roles if role != Role.SERVICE],
                packaged=[role.value for role in Role],
            ),
        )

    return router
