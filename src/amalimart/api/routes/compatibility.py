"""What fits a question that is being put together: metrics, dimensions and grains, each with its reason."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from amalimart.api.identity import SignedIn
from amalimart.api.routes.context import Services, current_business_day
from amalimart.api.wire_response import WireResponse
from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import AmalimartError
from amalimart.semantic.compatibility import Verdict
from amalimart.semantic.question import Filter, Operator, Question

router = APIRouter(tags=["metrics"])

_Name = Annotated[str, Field(min_length=1, max_length=200)]


class CompatibleBody(BaseModel):
    """A question as far as it has come. Of filters the dimensions are enough, of days that there are any."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"metrics": ["gmv"], "by": ["shipping_region"]}]}
    )

    metrics: Annotated[list[_Name], Field(max_length=30)] = []
    by: Annotated[list[_Name], Field(max_length=8)] = []
    grain: Grain | None = None
    filtered: Annotated[list[_Name], Field(max_length=30)] = []
    days: bool = True
    time: _Name | None = None


@router.post("/compatible")
def compatible(body: CompatibleBody, principal: SignedIn, services: Services) -> WireResponse:
    """What may be added to a question, and why not the rest; asks nothing, so it tells no number.

    Every metric, dimension and grain that the reader may use, in the order of the lists; `refusal` is null
    where it may be added. `trouble` is the error of the question as it stands.
    """
    today = current_business_day(services)
    question = Question(
        metrics=tuple(body.metrics),
        today=today,
        by=tuple(body.by),
        grain=body.grain,
        days=DayRange(today, today) if body.days else None,
        filters=tuple(Filter(name, Operator.EQ, ("",)) for name in body.filtered),
        time=body.time,
    )
    found = services.semantic.compatible(question, principal)
    return WireResponse(
        {
            "trouble": _told(found.trouble),
            "metrics": [_verdict(each) for each in found.metrics],
            "dimensions": [_verdict(each) for each in found.dimensions],
            "grains": [_verdict(each) for each in found.grains],
        }
    )


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {"name": verdict.name, "refusal": _told(verdict.refusal)}


def _told(error: AmalimartError | None) -> dict[str, Any] | None:
    return None if error is None else error.as_dict()
