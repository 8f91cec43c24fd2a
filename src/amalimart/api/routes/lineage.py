"""What a number is made of, and what uses it: for operators and analysts, who may know the models."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from amalimart.access.principal import Role
from amalimart.api.identity import SignedIn
from amalimart.api.lineage_graph import known_lineage
from amalimart.api.paging import Whole
from amalimart.api.routes.context import Services
from amalimart.api.wire_response import WireResponse
from amalimart.catalog.lineage import Reached
from amalimart.core.errors import Denied

router = APIRouter(tags=["lineage"])


class Direction(StrEnum):
    """Which way is followed."""

    MADE_OF = "made_of"
    USED_BY = "used_by"


@router.get("/lineage/{name}")
def lineage(
    name: Annotated[str, Path(min_length=1, max_length=300)],
    principal: SignedIn,
    services: Services,
    part: Whole,
    direction: Direction = Direction.MADE_OF,
    rows: Annotated[bool, Query()] = False,
) -> WireResponse:
    """Everything that a metric, dimension, dashboard, scorecard, table or column is made of, or is used by.

    With `rows` also what decides which rows there are. The nearest come first.
    """
    if principal.role not in {Role.ADMIN, Role.ANALYST}:
        raise Denied("Lineage is for operators and analysts.", next_step="ask an admin")
    whole = known_lineage(services)
    node = whole.find(name)
    walk = whole.made_of if direction is Direction.MADE_OF else whole.used_by
    reached = walk(node, with_rows=rows)
    entries, following = part.of(
        lambda most: reached[:most], lambda each: [each.node.kind, each.node.name], _told
    )
    return WireResponse({**asdict(node), "direction": direction, direction: entries, "next": following})


def _told(reached: Reached) -> dict[str, Any]:
    return {**asdict(reached.node), "steps": reached.steps, "by": [asdict(each) for each in reached.by]}
