"""The names that questions may use: /metrics, /dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request

from amalimart.api.answering import answered
from amalimart.api.described import described
from amalimart.api.identity import SignedIn
from amalimart.api.known_metrics import known_metric
from amalimart.api.paging import Values, Whole
from amalimart.api.ports.asking import LabelledValue
from amalimart.api.routes.context import Services
from amalimart.api.wire_response import WireResponse

router = APIRouter(tags=["metrics"])


@router.get("/metrics")
def metrics(principal: SignedIn, services: Services, part: Whole) -> WireResponse:
    """Every metric the reader may ask for, with its definition."""
    found = services.semantic.metrics(principal)
    entries, following = part.of(lambda most: found[:most], lambda each: each.name, described)
    return WireResponse({"metrics": entries, "next": following})


@router.get("/metrics/{name}")
def metric(name: str, principal: SignedIn, services: Services) -> WireResponse:
    """One metric by its name or alias: its definition, and what each of its versions has meant."""
    found = known_metric(name, principal, services.semantic)
    history = [described(each) for each in services.metric_history(found.name)]
    return WireResponse({"metric": described(found), "changes": history})


@router.get("/dimensions")
def dimensions(principal: SignedIn, services: Services, part: Whole) -> WireResponse:
    """Every dimension the reader may group and filter by."""
    found = services.semantic.dimensions(principal)
    entries, following = part.of(lambda most: found[:most], lambda each: each.name, described)
    return WireResponse({"dimensions": entries, "next": following})


@router.get("/dimensions/{name}/values")
async def dimension_values(
    name: str,
    request: Request,
    principal: SignedIn,
    services: Services,
    part: Values,
    search: Annotated[str, Query(max_length=200)] = "",
) -> WireResponse:
    """Keys and labels of a dimension, as far as the reader may see them."""

    def fetch(most: int) -> Sequence[LabelledValue]:
        return services.semantic.values(name, principal, search=search, limit=most)

    entries, following = await answered(request, lambda: part.of(fetch, lambda each: each.key, _value))
    return WireResponse({"values": entries, "next": following})


def _value(value: LabelledValue) -> dict[str, str]:
    return {"key": value.key, "label": value.label}
