"""How the reader's own figures stand among those of others alike."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from amalimart.api.answering import answered
from amalimart.api.described import described
from amalimart.api.identity import SignedIn
from amalimart.api.routes.context import Services, current_business_day
from amalimart.api.wire_response import WireResponse
from amalimart.core.errors import InvalidFilter
from amalimart.semantic.peers import PeerAnswer, PeerQuestion

router = APIRouter(tags=["metrics"])


@router.get("/peers/{metric}")
async def peers(
    metric: str,
    request: Request,
    principal: SignedIn,
    services: Services,
    month: Annotated[str, Query(max_length=10, examples=["2026-02"])],
) -> WireResponse:
    """The quartiles of a metric over all who sell in the reader's departments, in a month that is over.

    Each own figure comes with `spread`, or with the reason in `untold`: `too_few`, `dominated`,
    `mixed_currencies`. Quartiles are rounded; nothing can be filtered.
    """
    asked = PeerQuestion(metric, _month(month), current_business_day(services))
    answer = await answered(request, lambda: services.semantic.peers(asked, principal))
    return WireResponse(_told(answer))


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise InvalidFilter(f"{text!r} is not a month", where="month", expected="such as 2026-02") from None


def _told(answer: PeerAnswer) -> dict[str, Any]:
    return {
        "metric": described(answer.metric),
        "month": f"{answer.month:%Y-%m}",
        "of": answer.of,
        "within": answer.within,
        "figures": [described(each) for each in answer.figures],
        "release_id": answer.release_id,
    }
