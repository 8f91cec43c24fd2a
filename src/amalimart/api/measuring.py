"""Counts and traces every request. Outermost, so that what is logged on the way bears the request's id."""

from __future__ import annotations

import time
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from amalimart.api.addresses import PREFIX
from amalimart.observe.metrics import REQUEST_SECONDS
from amalimart.observe.spans import REQUEST
from amalimart.observe.work import Work, working

_UNROUTED = "none"


class Measured:
    """One piece of work a request. Only the route as it is declared is kept of its address."""

    def __init__(self, app: ASGIApp, *, is_local: bool) -> None:
        self._app = app
        self._is_local = is_local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with working(REQUEST, self._door(scope["path"])) as work:
            try:
                await self._app(scope, receive, noted)
            finally:
                _tell(work, scope, status, time.perf_counter() - began)

    def _door(self, path: str) -> str:
        if self._is_local:
            return "socket"
        is_api = path.startswith(f"{PREFIX}/") and not path.startswith(f"{PREFIX}/dashboards")
        return "api" if is_api else "page"


def route_of(scope: Scope) -> str:
    """The route that a request took, its parameters not filled in."""
    path: str | None = getattr(scope.get("route"), "path", None)
    if path is None:
        return _UNROUTED
    # A route that was included under a prefix knows its own part only.
    is_under_prefix = scope["path"].startswith(f"{PREFIX}/") and not path.startswith(PREFIX)
    return PREFIX + path if is_under_prefix else path


def _tell(work: Work, scope: Scope, status: int, seconds: float) -> None:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        outcome = "failed"
    else:
        outcome = "refused" if status >= HTTPStatus.BAD_REQUEST else "answered"
    REQUEST_SECONDS.observe(seconds, door=work.door, outcome=outcome)
    work.set(
        http_request_method=scope["method"], http_route=route_of(scope), http_response_status_code=status
    )
