"""Receipts: where the numbers of a tile come from, and what a metric is made of."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request

from amalimart.api.dashboards.receipt import metric_document, tile_receipt
from amalimart.api.dashboards.state import read_state
from amalimart.api.identity import SignedIn
from amalimart.api.language import ReadersLanguage
from amalimart.api.lineage_graph import checks_of, graph_of, known_lineage, users_of
from amalimart.api.routes.context import Services, current_business_day
from amalimart.api.wire_response import WireResponse
from amalimart.catalog.lineage import Kind, Node
from amalimart.core.errors import Denied

router = APIRouter(tags=["receipts"])


@router.get("/dashboards/{name}/tiles/{tile}/receipt")
def receipt(
    name: str,
    tile: str,
    request: Request,
    principal: SignedIn,
    services: Services,
    language: ReadersLanguage,
) -> WireResponse:
    """The receipt of a tile under the state of the query string, which is that of its page."""
    dashboard = services.dashboards.get(name, principal)
    today, calendar = current_business_day(services), services.settings.calendar
    state = read_state(request.query_params.multi_items(), dashboard, today, calendar)
    told = tile_receipt(
        dashboard, tile, state, principal, services.semantic, services.metric_history, language
    )
    if said := services.sayings(language):
        notes = [said.say(each) for each in told["notes"]]
        told |= {"state": said.state(told["state"]), "notes": notes}
    return WireResponse(told)


@router.get("/lineage/{name}/graph")
def place(
    name: Annotated[str, Path(min_length=1, max_length=200)], principal: SignedIn, services: Services
) -> WireResponse:
    """What a column, metric or dimension is made of, and what uses it; not for a reader of own rows."""
    if services.semantic.is_scoped(principal):
        raise Denied(
            "Tables and columns are for those who see the whole marketplace.", next_step="ask an admin"
        )
    found = known_lineage(services)
    node = found.find(name)
    return WireResponse({"graph": graph_of(found, node), "used_by": users_of(found, node)})


@router.get("/metrics/{name}/lineage")
def lineage(name: str, principal: SignedIn, services: Services) -> WireResponse:
    """What a metric is made of, back to the columns of the sources, and how the checks on the way stand.

    For a reader of own rows only how the checks stand, without tables, names or counts.
    """
    known = metric_document(name, principal, services.semantic)
    node = Node(Kind.METRIC, known["name"])
    found = known_lineage(services)
    graph = None if services.semantic.is_scoped(principal) else graph_of(found, node)
    return WireResponse(
        {"metric": known["name"], "graph": graph, "checks": checks_of(services, found, node, principal)}
    )
