"""What the product has counted, for Prometheus. No session opens it: a program reads it, not a person.

On the engine's own socket it is open; over the network it needs the token of the project's settings.
"""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Request
from starlette.responses import Response

from amalimart.api.addresses import FIGURES
from amalimart.api.ports.site import Figures
from amalimart.api.routes.context import Services
from amalimart.core.errors import EngineUnavailable, NotSignedIn

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


def figures_router(*, is_local: bool) -> APIRouter:
    """GET /metrics. `is_local` is for a socket that only who runs this machine reaches."""
    router = APIRouter(include_in_schema=False)

    @router.get(FIGURES)
    def figures(request: Request, services: Services) -> Response:
        found = services.figures
        if not is_local and not _may_read(request, found):
            raise NotSignedIn(
                "These figures are read with a token.",
                expected="Authorization: Bearer TOKEN",
                next_step="give the one that telemetry.metrics_token of amalimart.yml names",
            )
        if found is None:
            raise EngineUnavailable("nothing is counted here", next_step="amalimart up")
        return Response(found.exposition(), media_type=_TEXT, headers={"Cache-Control": "no-store"})

    return router


def _may_read(request: Request, figures: Figures | None) -> bool:
    if figures is None:
        return False
    if figures.is_open:
        return True
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    is_given = scheme.lower() == "bearer" and bool(figures.token)
    return is_given and secrets.compare_digest(given.strip().encode(), (figures.token or "").encode())
