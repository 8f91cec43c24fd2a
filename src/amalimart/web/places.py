"""Where a reader may go: the entries of the side bar, on every page alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amalimart.access.principal import Principal, Role
from amalimart.api.language import Language
from amalimart.api.routes.payouts import READERS as PAYOUT_READERS
from amalimart.api.routes.starting import is_started
from amalimart.api.routes.work import WORKERS
from amalimart.api.services import AppServices
from amalimart.web.wording import wording

BOARD = "/board"
CATALOGUE = "/catalogue"
EXPLORE = "/explore"
PAYOUTS = "/payouts"
QUALITY = "/quality"
RELEASES = "/releases"
START = "/start"
STATUS = "/status"
USERS = "/users"
USAGE = "/usage"
WORK = "/work"


@dataclass(frozen=True, slots=True)
class Place:
    """One page: its address, and what it is called."""

    address: str
    title: str


def _offered(role: Role) -> list[tuple[str, str]]:
    """The pages beside the dashboards that a role may open, by the name of their title."""
    offered = [("work", WORK)] if role in WORKERS else []
    if role is not Role.SERVICE:
        offered += [("explore", EXPLORE), ("board", BOARD)]
    if role in PAYOUT_READERS:
        offered.append(("payouts", PAYOUTS))
    offered.append(("catalogue", CATALOGUE))
    if role in {Role.ADMIN, Role.ANALYST}:
        offered.append(("releases", RELEASES))
    if role is Role.ADMIN:
        offered += [("quality", QUALITY), ("usage", USAGE), ("status", STATUS), ("users", USERS)]
    return offered


def may_open(address: str, role: Role) -> bool:
    """Whether a role may open a page beside the dashboards."""
    return address in {known for _, known in _offered(role)} or (address == START and role is Role.ADMIN)


def frame(services: AppServices, principal: Principal, here: str, language: Language) -> dict[str, Any]:
    """What surrounds every page: where the reader is, where else they may go, and who they are."""
    said, words = services.sayings(language), wording(language)
    places = [
        Place(f"/dashboards/{each.name}", said.say(each.title) if said else each.title)
        for each in services.dashboards.for_principal(principal)
    ]
    places += [
        Place(f"/scorecards/{each.name}", said.say(each.title) if said else each.title)
        for each in services.scorecards.for_principal(principal)
    ]
    if principal.role is Role.ADMIN and (here == START or not is_started(services)):
        places.insert(0, Place(START, words("place.start")))
    places += [Place(address, words(f"place.{name}")) for name, address in _offered(principal.role)]
    return {
        "here": here,
        "places": places,
        "principal": principal,
        "initial": (principal.display_name or principal.subject)[:1].upper(),
    }
