"""The way in by an identity provider: off to it, and back. A cookie binds both to one browser."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from amalimart.api.ports.coming_in import SingleSignOnPort
from amalimart.api.services import AppServices
from amalimart.control.single_sign_on.flow import LASTS
from amalimart.core.errors import AmalimartError, NotFound
from amalimart.observe.metrics import SIGN_IN_FAILURES
from amalimart.web.signing_in import own_address, sign_in_page, signed_in
from amalimart.web.templating import Templates

WAY_BACK = "/sign-in/oidc/back"
STATE_COOKIE = "amalimart_sign_in"

_Asked = Annotated[str, Query(max_length=2000)]
_NOT_KEPT = {"Cache-Control": "no-store"}


def single_sign_on_router(services: AppServices, templates: Templates) -> APIRouter:
    """GET /sign-in/oidc, and GET /sign-in/oidc/back. The first is a link: a form may not lead elsewhere."""
    router = APIRouter(include_in_schema=False)

    @router.get("/sign-in/oidc")
    def off(request: Request, following: _Asked = "/") -> Response:
        provider, target = _provider(services, request), own_address(following)
        try:
            begun = provider.begin(target, _way_back(request, provider.site_url))
        except AmalimartError as error:
            return sign_in_page(services, templates, request, target, error)
        response = RedirectResponse(begun.address, status_code=303, headers=_NOT_KEPT)
        response.set_cookie(
            STATE_COOKIE,
            begun.state,
            max_age=int(LASTS.total_seconds()),
            path=WAY_BACK,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    @router.get(WAY_BACK)
    def back(request: Request) -> Response:
        provider = _provider(services, request)
        try:
            user, target = provider.finish(request.query_params, request.cookies.get(STATE_COOKIE, ""))
            response = signed_in(services, user, request, target)
        except AmalimartError as error:
            SIGN_IN_FAILURES.add()
            response = sign_in_page(services, templates, request, "/", error)
        response.delete_cookie(STATE_COOKIE, path=WAY_BACK)
        response.headers.update(_NOT_KEPT)
        return response

    return router


def _provider(services: AppServices, request: Request) -> SingleSignOnPort:
    if services.sign_in.single_sign_on is None:
        raise NotFound("There is nothing at this address.", where=request.url.path)
    return services.sign_in.single_sign_on


def _way_back(request: Request, site_url: str | None) -> str:
    """Where the provider sends the browser to; without a setting the host that was asked for."""
    site = site_url.rstrip("/") if site_url else f"{request.url.scheme}://{request.url.netloc}"
    return f"{site}{WAY_BACK}"
