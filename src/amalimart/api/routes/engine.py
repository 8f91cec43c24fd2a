"""The engine itself: is it alive, what is it doing, which release does it serve."""

from __future__ import annotations

from fastapi import APIRouter, Request

from amalimart.access.principal import Role
from amalimart.api.identity import SignedIn
from amalimart.api.ports.publishing import PublishedRelease
from amalimart.api.ports.site import Phase
from amalimart.api.routes.context import Services
from amalimart.api.wire_response import WireResponse
from amalimart.core.errors import NothingPublished

public = APIRouter(tags=["engine"])
router = APIRouter(tags=["engine"])

# The engine's own sentence may quote a model, a check or a value of a broken row: it is for operators.
_PLAIN = {
    Phase.PREPARING: "The first release is being prepared.",
    Phase.LIVE: "Live.",
    Phase.HELD: "A new release is held back; the last good one is shown.",
}


@public.get("/health")
def health() -> WireResponse:
    """Liveness, for supervisors: says only that the process answers."""
    return WireResponse({"status": "ok"})


@router.get("/status")
def status(principal: SignedIn, services: Services) -> WireResponse:
    """What the engine is doing, what to know about the sources, and the newest release if there is one."""
    now = services.status()
    newest = services.releases.latest()
    latest = services.operations.latest if services.operations and principal.role is Role.ADMIN else None
    return WireResponse(
        {
            "phase": now.phase.value,
            "message": now.message if principal.role is Role.ADMIN else _PLAIN[now.phase],
            "steps": [{"label": step.label, "done": step.done} for step in now.steps],
            "notes": services.notes_for(principal),
            "release": _release(newest) if newest else None,
            "operation": latest.as_dict() if latest else None,
        }
    )


@router.get("/releases/latest")
def latest_release(_principal: SignedIn, services: Services) -> WireResponse:
    """The release that answers come from now; nothing_published while there is none."""
    newest = services.releases.latest()
    if newest is None:
        raise NothingPublished("No release has been published yet.", next_step="see /api/v1/status")
    return WireResponse(_release(newest))


@router.get("/openapi.json")
def openapi(request: Request, _principal: SignedIn) -> WireResponse:
    """This description of the interface."""
    return WireResponse(request.app.openapi())


def _release(release: PublishedRelease) -> dict[str, object]:
    return {
        "release_id": release.release_id,
        "published_at": release.published_at,
        "fresh_as_of": release.fresh_as_of,
    }
