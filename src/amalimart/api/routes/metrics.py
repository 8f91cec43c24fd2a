"""The names that questions may use: /metrics, /dimensions."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request

from amalimart.api.answering import answered
from amalimart.api.described import described
from amalimart.api.identity import SignedIn
from amalimart.api.routes.context import Services
from amalimart.api.wire_response import WireResponse

router = APIRouter(tags=["metrics"])


@router.get("/metrics")
def metrics(principal: SignedIn, services: Services) -> WireResponse:
    """Every metric the reader may ask for, with its definition."""
    return WireResponse({"metrics": [described(each) for each in services.semantic.metrics(principal)]})


@router.get("/dimensions")
def dimensions(principal: SignedIn, services: Services) -> WireResponse:
    """Every dimension the reader may group and filter by."""
    return WireResponse({"dimensions": [described(each) for each in services.semantic.dimensions(principal)]})


@router.get("/dimensions/{name}/values")
async def dimension_values(
    name: str,
    request: Request,
    principal: SignedIn,
    services: Services,
    search: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> WireResponse:
    """Keys and labels of a dimension, as far as the reader may see them."""
    asked = partial(services.semantic.values, name, principal, search=search, limit=limit)
    found = await answered(request, asked)
    return WireResponse({"values": [{"key": each.key, "label": each.label} for each in found]})
