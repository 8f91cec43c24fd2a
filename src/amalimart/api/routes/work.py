"""Work lists for support and delivery, and the timeline of an order."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from amalimart.access.principal import Principal, Role
from amalimart.api.identity import SignedIn
from amalimart.api.routes.context import Services, current_business_day
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse
from amalimart.api.work.lists import told_list, work_questions
from amalimart.api.work.tag import work_tag
from amalimart.api.work.timeline import events, timeline_questions
from amalimart.core.errors import AccessError, AmalimartError, Denied, NotFound, NothingPublished, QueryError
from amalimart.semantic.row_lists import RowList

router = APIRouter(tags=["work"])

WORKERS = frozenset({Role.ADMIN, Role.SUPPORT, Role.DELIVERY})
_PARTNERS_NAMED = 1000


@router.get("/work")
def work(request: Request, principal: SignedIn, services: Services) -> Response:
    """What waits, by urgency, from one release; 304 while nothing changed."""
    _refuse_others(principal)
    newest = services.releases.latest()
    if newest is None:
        raise NothingPublished("The first release is being prepared.", next_step="wait a moment")
    today = current_business_day(services)
    policy = services.semantic.fingerprint(principal)
    tag = work_tag(newest.release_id, principal, today, policy)
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag, "Cache-Control": "private, no-cache"})
    questions = work_questions(today)
    answers = dict(zip(questions, services.semantic.rows(list(questions.values()), principal), strict=True))
    partners = _partners(principal, services)
    found = {name: each for name, each in answers.items() if isinstance(each, RowList)}
    # A release may be published between the look at the newest and the read: told is the one that was read.
    told = next(iter(found.values()), newest)
    document: dict[str, Any] = {
        "release_id": told.release_id,
        "published_at": told.published_at,
        "lists": [_told(name, each, partners, services) for name, each in answers.items() if _is_shown(each)],
    }
    tag = work_tag(document["release_id"], principal, today, policy)
    return WireResponse(document, headers={"ETag": tag})


@router.get("/orders/{order_id:path}/timeline")
def timeline(
    order_id: Annotated[str, Path(min_length=1, max_length=200)], principal: SignedIn, services: Services
) -> WireResponse:
    """What happened to an order, as far as the reader may see it."""
    _refuse_others(principal)
    questions = timeline_questions(order_id)
    answers = zip(questions, services.semantic.rows(list(questions.values()), principal), strict=True)
    found = {name: each for name, each in answers if isinstance(each, RowList)}
    happened = events(found)
    if not happened and not any(each.rows for each in found.values()):
        raise NotFound(
            f"There is no order {order_id[:80]!r} for you.", next_step="open one from your work list"
        )
    orders = found["orders"].as_dicts() if "orders" in found else []
    return WireResponse({"order_id": order_id, "order": orders[0] if orders else None, "events": happened})


def _refuse_others(principal: Principal) -> None:
    if principal.role not in WORKERS:
        raise Denied(f"Single orders are not for the role {principal.role.value}.", next_step="ask an admin")


def _is_shown(answer: RowList | AmalimartError) -> bool:
    """What a role may not see is no list of its own; what cannot be told for another reason says why."""
    return not isinstance(answer, Denied)


def _told(
    name: str, answer: RowList | AmalimartError, partners: dict[str, str], services: AppServices
) -> dict[str, Any]:
    if isinstance(answer, AmalimartError):
        return {"name": name, "rows": [], "has_more": False, "error": answer.as_dict()}
    return told_list(name, answer, partners, services.settings.zone)


def _partners(principal: Principal, services: AppServices) -> dict[str, str]:
    """The names of delivery partners; where they cannot be told, a list shows their ids."""
    try:
        found = services.semantic.values("delivery_partner", principal, limit=_PARTNERS_NAMED)
    except (AccessError, QueryError):
        return {}
    return {each.key: each.label for each in found}
