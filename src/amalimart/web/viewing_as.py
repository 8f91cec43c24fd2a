"""Looking at pages as somebody else, for admins: its beginning, and the way back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from amalimart.api.identity import COOKIE
from amalimart.api.services import AppServices
from amalimart.web.places import USERS

_Short = Annotated[str, Form(max_length=254)]


def viewing_router(services: AppServices) -> APIRouter:
    """POST /view-as and POST /view-as/end. Whom one looks as is kept in the session alone."""
    router = APIRouter(include_in_schema=False)

    @router.post("/view-as")
    def begin(request: Request, email: _Short = "", vendor_id: _Short = "") -> Response:
        token = _session(request, services)
        if token is None:
            return RedirectResponse("/sign-in", status_code=303)
        if vendor_id.strip():
            services.control.viewing.begin_as_vendors(token, [vendor_id.strip()])
        else:
            services.control.viewing.begin_as_user(token, email)
        return RedirectResponse("/", status_code=303)

    @router.post("/view-as/end")
    def end(request: Request) -> Response:
        token = _session(request, services)
        if token is None:
            return RedirectResponse("/sign-in", status_code=303)
        services.control.viewing.end(token)
        return RedirectResponse(USERS, status_code=303)

    return router


def _session(request: Request, services: AppServices) -> str | None:
    """The token of a live session. Not as every route has it: that one refuses whoever looks as another."""
    token = request.cookies.get(COOKIE)
    return token if token and services.control.sessions.resolve(token) else None
