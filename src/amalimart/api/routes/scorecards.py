"""Scorecards: how one vendor stands, measure by measure."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from amalimart.access.principal import Principal
from amalimart.api.conditional import holds, not_modified, tag_of
from amalimart.api.dashboards.state import RANGE_LABELS, PageState, read_state
from amalimart.api.identity import SignedIn
from amalimart.api.known_values import label_of
from amalimart.api.language import ReadersLanguage
from amalimart.api.routes.context import Services, current_business_day
from amalimart.api.scorecards.answering import answer_scorecard
from amalimart.api.wire_response import WireResponse
from amalimart.core.errors import NotFound
from amalimart.core.wire import dumps

router = APIRouter(tags=["scorecards"])


@router.get("/scorecards")
def scorecards(principal: SignedIn, services: Services, language: ReadersLanguage) -> WireResponse:
    """The scorecards that the reader may open."""
    said = services.sayings(language)
    say = said.say if said else str
    allowed = services.scorecards.for_principal(principal)
    return WireResponse(
        {
            "scorecards": [
                {"name": each.name, "title": say(each.title), "description": say(each.description)}
                for each in allowed
            ]
        }
    )


@router.get("/scorecards/{name}")
def scorecard(
    name: str, request: Request, principal: SignedIn, services: Services, language: ReadersLanguage
) -> Response:
    """How a vendor stands. The query string is range, from, to, today, and vendor (else the own).

    Without a vendor there are no measures; one that the reader may not see is not found. 304 while nothing
    changed.
    """
    card = services.scorecards.get(name, principal)
    today = current_business_day(services)
    state = read_state(request.query_params.multi_items(), card, today, services.settings.calendar)
    said = services.sayings(language)
    say = said.say if said else str
    vendor_id = _vendor_of(state, principal, services)
    rest: dict[str, Any] = {
        "scorecard": card.name,
        "title": say(card.title),
        "description": say(card.description),
        "state": _told_state(state, say(RANGE_LABELS[state.range])),
        "vendor": None,
        "measures": [],
    }
    release: dict[str, Any] = {}
    if vendor_id is not None:
        rest["vendor"] = {"key": vendor_id, "label": _label(vendor_id, principal, services)}
        measures, receipt = answer_scorecard(
            card, vendor_id, state, principal, services.semantic, services.peers
        )
        rest["measures"] = [_said(each, services, language) for each in measures]
        release = {
            "release_id": receipt.release_id,
            "published_at": receipt.published_at,
            "fresh_as_of": receipt.fresh_as_of,
        }
    headers = {"ETag": tag_of(dumps(rest).encode()), "Cache-Control": "private, no-cache"}
    if holds(request, headers["ETag"]):
        return not_modified(headers)
    return WireResponse(rest | {"release": release}, headers=headers)


def _vendor_of(state: PageState, principal: Principal, services: Services) -> str | None:
    if state.filters:
        return state.filters[0][1]
    # Whatever the role is called: of those who see own rows only, the first shop is meant.
    if principal.vendor_ids:
        return min(principal.vendor_ids)
    if not principal.business_ids:
        return None
    return next((each.key for each in services.semantic.values("vendor", principal, limit=1)), None)


def _label(vendor_id: str, principal: Principal, services: Services) -> str:
    """What the vendor is called. Raises NotFound where the reader sees no such vendor."""
    label = label_of("vendor", vendor_id, principal, services.semantic)
    if label is None:
        raise NotFound(
            f"There is no vendor {vendor_id[:80]!r} for you.", next_step="choose a vendor from the list"
        )
    return label


def _told_state(state: PageState, range_label: str) -> dict[str, Any]:
    previous = state.days.preceding()
    return {
        "range": state.range.value,
        "range_label": range_label,
        "first": state.days.first,
        "last": state.days.last,
        "previous_first": previous.first,
        "previous_last": previous.last,
        "today": state.today,
    }


def _said(measure: dict[str, Any], services: Services, language: ReadersLanguage) -> dict[str, Any]:
    said = services.sayings(language)
    if said is None:
        return measure
    told = measure | {
        "why": said.say(measure["why"]),
        "label": said.name(measure["metric"], measure["label"]),
    }
    if "sample" in measure:
        sample = measure["sample"]
        told["sample"] = sample | {"label": said.name(sample["metric"], sample["label"])}
    return told
