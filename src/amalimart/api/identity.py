"""Who sends a request: a browser with a session, a program with a key, or the operator on the socket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from amalimart.access.principal import Principal
from amalimart.api.addresses import PREFIX
from amalimart.api.bearer import bearer_principal, shown_token
from amalimart.api.middleware import SAFE_METHODS
from amalimart.api.ports.coming_in import EmbedPort
from amalimart.control.store import ControlStore
from amalimart.control.users.sessions import OpenedSession
from amalimart.core.clock import Clock
from amalimart.core.errors import Denied, NotSignedIn

COOKIE = "amalimart_session"
ACT_AS_HEADER = "x-amalimart-as"

_ASKED_BY_POST = frozenset({f"{PREFIX}/query", f"{PREFIX}/compatible"})
"""Questions too long for an address: POST, but nothing is changed by them."""

Identify = Callable[[Request], Principal]


def by_credentials(control: ControlStore, embed: EmbedPort | None = None) -> Identify:
    """Principals from the token that a request shows to the JSON interface, else from the session cookie."""

    def identify(request: Request) -> Principal:
        if (shown := shown_token(request.scope)) is not None:
            return bearer_principal(shown, request.scope, control, embed)
        token = request.cookies.get(COOKIE)
        principal = control.sessions.principal(token) if token else None
        if principal is None:
            raise NotSignedIn("You are not signed in, or the session has ended.", next_step="sign in")
        if principal.viewed_by and not _only_asks(request):
            raise Denied(
                "You look at pages as somebody else, and change nothing meanwhile.",
                next_step="go back to your own pages first",
            )
        return principal

    return identify


def _only_asks(request: Request) -> bool:
    """Whether the request changes nothing."""
    return request.method in SAFE_METHODS or request.url.path in _ASKED_BY_POST


def as_operator(operator: Principal, control: ControlStore) -> Identify:
    """The operator of this machine, or the user that they name in the X-Amalimart-As header.

    Only for a server that listens on a socket whose file rights keep everyone else out.
    """

    def identify(request: Request) -> Principal:
        email = request.headers.get(ACT_AS_HEADER)
        return control.users.get(email).principal if email else operator

    return identify


def current_principal(request: Request) -> Principal:
    """The principal of the request. Raises NotSignedIn."""
    identify: Identify = request.app.state.identify
    return identify(request)


async def within_rate(request: Request, principal: Annotated[Principal, Depends(current_principal)]) -> None:
    """Count the request of whoever is not on this machine. Raises RateLimited."""
    if not request.app.state.is_local:
        request.app.state.services.rate.take(principal.viewed_by or principal.subject)


SignedIn = Annotated[Principal, Depends(current_principal)]


def hand_over(response: Response, request: Request, session: OpenedSession, clock: Clock) -> None:
    """Put a new session's token into the browser's cookie."""
    response.set_cookie(
        COOKIE,
        session.token,
        max_age=_seconds_until(session.expires_at, clock),
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def take_back(response: Response, request: Request) -> None:
    """Remove the session's cookie from the browser."""
    response.delete_cookie(
        COOKIE, path="/", httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )


def _seconds_until(instant: datetime, clock: Clock) -> int:
    return max(0, int((instant - clock.now()).total_seconds()))
