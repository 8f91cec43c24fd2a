"""The sign-in page, the way in with a password, and the end of a session."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from amalimart.api.identity import COOKIE, hand_over, take_back
from amalimart.api.services import AppServices
from amalimart.control.store import ControlStore
from amalimart.control.users.user import User, folded_email
from amalimart.core.errors import AmalimartError, NotFound, NotSignedIn
from amalimart.observe.metrics import SIGN_IN_FAILURES
from amalimart.web.templating import Templates

_Short = Annotated[str, Form(max_length=2000)]


def sign_in_router(services: AppServices, templates: Templates) -> APIRouter:
    """GET and POST /sign-in, POST /sign-in/demo, POST /sign-out."""
    router = APIRouter(include_in_schema=False)

    @router.get("/sign-in")
    def show(request: Request, following: str = "/") -> Response:
        return sign_in_page(services, templates, request, own_address(following))

    @router.post("/sign-in")
    def by_password(
        request: Request, email: _Short = "", password: _Short = "", following: _Short = "/"
    ) -> Response:
        target = own_address(following)
        if not services.sign_in.passwords:
            raise NotFound("Nobody signs in with a password here.", next_step="open the sign-in page")
        try:
            user = services.control.sign_in.verify(email, password)
        except NotSignedIn as error:
            SIGN_IN_FAILURES.add()
            return sign_in_page(services, templates, request, target, error, email)
        return signed_in(services, user, request, target)

    @router.post("/sign-in/demo")
    def by_click(request: Request, email: _Short = "", following: _Short = "/") -> Response:
        offered = {folded_email(account.email) for account in services.demo_accounts}
        user = services.control.users.find(email) if folded_email(email) in offered else None
        if user is None or not user.enabled:
            raise NotFound(
                "There is no demo account of that name.", next_step="choose one on the sign-in page"
            )
        return signed_in(services, user, request, own_address(following))

    @router.post("/sign-out")
    def sign_out(request: Request) -> Response:
        _end_session(request, services.control)
        response = RedirectResponse("/sign-in", status_code=303)
        take_back(response, request)
        return response

    return router


def sign_in_page(
    services: AppServices,
    templates: Templates,
    request: Request,
    following: str,
    error: AmalimartError | None = None,
    email: str = "",
) -> Response:
    """The page with every way in, and what went wrong with the last try."""
    provider = services.sign_in.single_sign_on
    return templates.page(
        request,
        "sign_in.html",
        error.http_status if error else 200,
        accounts=_offered(services),
        passwords=services.sign_in.passwords,
        provider=provider.name if provider else None,
        following=following,
        error=error,
        email=email,
    )


def signed_in(services: AppServices, user: User, request: Request, following: str) -> Response:
    """On to the page that was wanted, in a new session."""
    # The browser forgets the former session now: nobody could end it later.
    _end_session(request, services.control)
    response = RedirectResponse(following, status_code=303)
    hand_over(response, request, services.control.sessions.open(user), services.clock)
    return response


def _end_session(request: Request, control: ControlStore) -> None:
    if token := request.cookies.get(COOKIE):
        control.sessions.close(token)


def own_address(address: str) -> str:
    """The address if it is a page of this site, else the front page: no open redirect."""
    if (
        not address.isprintable()
        or not address.startswith("/")
        or address.startswith("//")
        or "\\" in address
    ):
        return "/"
    path = urlsplit(address).path
    return "/" if path.startswith(("/sign-", "/api/")) else address


def _offered(services: AppServices) -> list[dict[str, str]]:
    offered = []
    for account in services.demo_accounts:
        user = services.control.users.find(account.email)
        if user is not None and user.enabled:
            offered.append(
                {
                    "email": user.email,
                    "name": user.display_name,
                    "role": user.role.value,
                    "sees": account.sees,
                    "initial": user.display_name[:1].upper(),
                }
            )
    return offered
