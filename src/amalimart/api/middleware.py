"""What every request passes before any route: request id, last errors, headers, host and origin checks.

Plain ASGI: nothing here buffers a response or runs it in another task.
"""

from __future__ import annotations

import logging
import secrets
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from amalimart.api.errors import ErrorAnswer, internal
from amalimart.core.errors import RequestRefused

_log = logging.getLogger(__name__)

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class LastResort:
    """Outermost: gives the request an id and the security headers, and a defect one clear error."""

    def __init__(self, app: ASGIApp, answer: ErrorAnswer) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            _log.exception("request %s failed: %s %s", request_id, scope["method"], scope["path"])
            if started:
                raise
            response = self._answer(Request(scope), internal(request_id))
            response.status_code = HTTPStatus.INTERNAL_SERVER_ERROR
            await response(scope, receive, send_with_headers)


class KnownHost:
    """Answers only to the host names of the site, so that a foreign name cannot be pointed at it."""

    def __init__(self, app: ASGIApp, answer: ErrorAnswer, allowed: tuple[str, ...]) -> None:
        self._app = app
        self._answer = answer
        self._allowed = frozenset(host.lower() for host in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._allowed:
            host = urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname or ""
            if host.lower() not in self._allowed:
                error = RequestRefused(
                    "This site does not answer to that host name.",
                    expected=", ".join(sorted(self._allowed)),
                    next_step="use one of these names, or add yours to the allowed hosts",
                )
                await self._answer(Request(scope), error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class SameOrigin:
    """Lets a request that may change something through only if one of our own pages sent it (no CSRF)."""

    def __init__(self, app: ASGIApp, answer: ErrorAnswer) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "http"
            and scope["method"] not in _SAFE_METHODS
            and not _is_same_origin(Headers(scope=scope))
        ):
            error = RequestRefused(
                "This request did not come from a page of this site.",
                expected="an Origin header that names this site",
                next_step="open the page again and repeat the step",
            )
            await self._answer(Request(scope), error)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_same_origin(headers: Headers) -> bool:
    if (site := headers.get("sec-fetch-site")) is not None and site != "same-origin":
        return False
    origin = headers.get("origin")
    if origin is None:
        return site == "same-origin"
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.netloc == headers.get("host")
