"""Answers that say when nothing has changed: ETag, If-None-Match and 304."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response


def tag_of(content: bytes) -> str:
    """The tag of what is answered: another answer has another one.

    It is a weak one, because the release and the way of compression may differ under the same tag.
    """
    return f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'


def holds(request: Request, tag: str) -> bool:
    """Whether the reader holds that answer already (RFC 9110, 13.1.2: compared weakly)."""
    held = request.headers.get("if-none-match", "")
    opaque = tag.removeprefix("W/")
    return held.strip() == "*" or any(part.strip().removeprefix("W/") == opaque for part in held.split(","))


def not_modified(headers: Mapping[str, str]) -> Response:
    """The answer to who holds it already."""
    return Response(status_code=304, headers={"Cache-Control": "private, no-cache", **headers})
