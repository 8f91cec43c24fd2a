"""What every request passes before any route: last errors, headers, size, host and origin checks.

Plain ASGI: nothing here buffers a response or runs it in another task.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from amalimart.api.bearer import shown_token
from amalimart.api.errors import ErrorAnswer, internal
from amalimart.api.measuring import route_of
from amalimart.core.errors import QueryTooLarge, RequestRefused
from amalimart.observe.work import current_work

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

# As they are sent: every answer has them, each file of a page too.
_SECURED = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
_REQUEST_ID = b"x-request-id"
_OURS = frozenset({_REQUEST_ID, *(name for name, _ in _SECURED)})

LARGEST_BODY = 1_000_000  # bytes; the longest question that may be asked stays far below
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class LastResort:
    """Tells the request's id, adds the security headers, and gives a defect one clear error."""

    def __init__(self, app: ASGIApp, answer: ErrorAnswer) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = current_work().run_id
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                kept = [each for each in message.get("headers", ()) if each[0] not in _OURS]
                message["headers"] = [*kept, *_SECURED, (_REQUEST_ID, request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            _log.exception(
                "request %s failed", request_id, extra={"method": scope["method"], "route": route_of(scope)}
            )
            if started:
                raise
            response = self._answer(Request(scope), internal(request_id))
            response.status_code = HTTPStatus.INTERNAL_SERVER_ERROR
            await response(scope, receive, send_with_headers)


class BoundedBody:
    """Refuses a larger body while it comes in: it is read before anybody knows whose request it is."""

    def __init__(self, app: ASGIApp, answer: ErrorAnswer, largest: int = LARGEST_BODY) -> None:
        self._app = app
        self._answer = answer
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        is_too_large = declared.isdecimal() and int(declared[:20]) > self._largest
        is_answered = False
        received = 0

        async def bounded() -> Message:
            nonlocal received, is_too_large
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._largest:
                is_too_large = True
                raise _TooLarge
            return message

        async def unless_too_large(message: Message) -> None:
            nonlocal is_answered
            if not is_too_large:
                is_answered = True
                await send(message)

        if not is_too_large:
            try:
                await self._app(scope, bounded, unless_too_large)
            except _TooLarge:
                if is_answered:
                    raise
        if is_too_large and not is_answered:
            error = QueryTooLarge(
                "The request is too large.",
                expected=f"at most {self._largest:,} bytes",
                next_step="ask with fewer values, or in several questions",
            )
            await self._answer(Request(scope), error)(scope, receive, send)


class _TooLarge(Exception):
    """Ends the reading of a body; the framework may turn it into an answer of its own, which is not sent."""


class KnownHost:
    """Answers only to the host names of the site, so that a foreign name cannot be pointed at it."""

    def __init__(self, app: ASGIApp, answer: ErrorAnswer, allowed: tuple[str, ...]) -> None:
        self._app = app
        self._answer = answer
        self._allowed = frozenset(host.lower() for host in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_checked = scope["type"] == "http" and self._allowed
        if is_checked and _host_name(Headers(scope=scope).get("host", "")) not in self._allowed:
            error = RequestRefused(
                "This site does not answer to that host name.",
                expected=", ".join(sorted(self._allowed)),
                next_step="use one of these names, or add yours to the allowed hosts",
            )
            await self._answer(Request(scope), error)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class SameOrigin:
    """Lets a request that may change something through only if one of our own pages sent it (no CSRF).

    Or if it shows a token: no foreign page can make a browser send one, and with one no cookie counts.
    """

    def __init__(self, app: ASGIApp, answer: ErrorAnswer) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "http"
            and scope["method"] not in SAFE_METHODS
            and shown_token(scope) is None
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


def _host_name(header: str) -> str:
    """The name in a Host header, without its port; empty where it makes no sense."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


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
