"""Where a reader may go: the entries of the side bar, on every page alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amalimart.access.principal import Principal, Role
from amalimart.api.language import Language
from amalimart.api.payouts.readers import may_read_payouts
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
    """One page: its address, what it is called, and whether it begins another group of pages."""

    address: str
    title: str
    begins: bool = False


_GROUPS = (
    {"work": WORK, "explore": EXPLORE, "board": BOARD, "payouts": PAYOUTS},
    {"catalogue": CATALOGUE, "releases": RELEASES, "quality": QUALITY},
    {"usage": USAGE, "status": STATUS, "users": USERS},
)
"""The pages beside the dashboards by the name of their title: for work, about the numbers, of the house."""
_HOUSE = {"quality", "usage", "status", "users"}


def _is_offered(name: str, principal: Principal, services: AppServices) -> bool:
    """Whether a reader may open one of the pages beside the dashboards."""
    role = principal.role
    if name in _HOUSE:
        return role is Role.ADMIN
    match name:
        case "work":
            return role in WORKERS
        case "explore" | "board":
            return role is not Role.SERVICE
        case "payouts":
            return may_read_payouts(principal, services.semantic)
        case "releases":
            return role in {Role.ADMIN, Role.ANALYST}
        case _:
            return True


def _offered(principal: Principal, services: AppServices) -> list[list[tuple[str, str]]]:
    """The pages beside the dashboards that a reader may open, group by group."""
    groups = [
        [(name, to) for name, to in group.items() if _is_offered(name, principal, services)]
        for group in _GROUPS
    ]
    return [group for group in groups if group]


def may_open(address: str, principal: Principal, services: AppServices) -> bool:
    """Whether a reader may open a page beside the dashboards."""
    offered = {known for group in _offered(principal, services) for _, known in group}
    return address in offered or (address == START and principal.role is Role.ADMIN)


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
    for group in _offered(principal, services):
        places += [
            Place(address, words(f"place.{name}"), begins=number == 0)
            for number, (name, address) in enumerate(group)
        ]
    return {
        "here": here,
        "places": places,
        "principal": principal,
        "initial": (principal.display_name or principal.subject)[:1].upper(),
    }
