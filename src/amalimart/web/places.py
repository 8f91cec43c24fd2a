"""Where a reader may go: the entries of the side bar, on every page alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amalimart.access.principal import Principal, Role
from amalimart.api.services import AppServices

STATUS = "/status"


@dataclass(frozen=True, slots=True)
class Place:
    """One page: its address, and what it is called."""

    address: str
    title: str


def frame(services: AppServices, principal: Principal, here: str) -> dict[str, Any]:
    """What surrounds every page: where the reader is, where else they may go, and who they are."""
    places = [
        Place(f"/dashboards/{each.name}", each.title) for each in services.dashboards.for_principal(principal)
    ]
    if principal.role is Role.ADMIN:
        places.append(Place(STATUS, "Status"))
    return {
        "here": here,
        "places": places,
        "principal": principal,
        "initial": (principal.display_name or principal.subject)[:1].upper(),
    }
