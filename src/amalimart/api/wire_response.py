"""A JSON response whose decimals are strings and whose dates are ISO 8601."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from amalimart.core.wire import dumps


class WireResponse(Response):
    """JSON by `core.wire`; private and revalidated, because every answer depends on who asks."""

    media_type = "application/json"

    def __init__(
        self, content: Any = None, status_code: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(content, status_code, {"Cache-Control": "private, no-cache", **(headers or {})})

    def render(self, content: Any) -> bytes:
        return dumps(content).encode()
