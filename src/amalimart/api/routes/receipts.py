"""Receipts: where the numbers of a tile come from, and what a metric is made of."""

from __future__ import annotations

from fastapi import APIRouter, Request

from amalimart.api.dashboards.receipt import metric_document, tile_receipt
from amalimart.api.dashboards.state import read_state
from amalimart.api.identity import SignedIn
from amalimart.api.language import ReadersLanguage
from amalimart.api.lineage_graph import checks_of, graph_of, known_lineage
from amalimart.api.routes.context import Services, current_business_day
from amalimart.api.wire_response import WireResponse
from amalimart.catalog.lineage import Kind, Node

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
    state = read_state(request.query_params.multi_items(), dashboard, current_business_day(services))
    told = tile_receipt(dashboard, tile, state, principal, services.semantic)
    if said := services.sayings(language):
        notes = [said.say(each) for each in told["notes"]]
        told |= {"state": said.state(told["state"]), "notes": notes}
    return WireResponse(told)


@router.get("/metrics/{name}/lineage")
def lineage(name: str, principal: SignedIn, services: Services) -> WireResponse:
    """What a metric is made of, back to the columns of the sources, and how the checks on the way stand.

    For a reader of own rows only how the checks stand, without tables, names or counts.
    """
    metric = metric_document(name, principal, services.semantic)
    node = Node(Kind.METRIC, metric["name"])
    found = known_lineage(services)
    graph = None if services.semantic.is_scoped(principal) else graph_of(found, node)
    return WireResponse(
        {"metric": metric["name"], "graph": graph, "checks": checks_of(services, found, node, principal)}
    )
