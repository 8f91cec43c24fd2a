"""Questions, and the names they may use: /query, /metrics, /dimensions."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from amalimart.api.identity import SignedIn
from amalimart.api.routes.context import Services, current_business_day
from amalimart.api.wire_response import WireResponse
from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import InvalidFilter
from amalimart.core.wire import wire_value
from amalimart.semantic.answer import Answer
from amalimart.semantic.question import Filter, Having, Operator, Question

router = APIRouter(tags=["metrics"])

_Name = Annotated[str, Field(min_length=1, max_length=200)]

_EXAMPLES: list[JsonValue] = [
    {"metrics": ["gmv"], "grain": "month", "from": "2024-01-01", "to": "2024-12-31"},
    {
        "metrics": ["item_gmv"],
        "by": ["vendor"],
        "filters": [{"dimension": "category", "operator": "=", "values": ["c1"]}],
        "order_by": "-item_gmv",
        "limit": 10,
    },
]


class FilterBody(BaseModel):
    """One condition on a dimension. All hold; of those with the same number in `either`, one does."""

    model_config = ConfigDict(extra="forbid")

    dimension: _Name
    operator: Operator = Operator.EQ
    values: Annotated[list[Annotated[str, Field(max_length=1000)]], Field(min_length=1, max_length=1000)]
    either: Annotated[int | None, Field(ge=0, le=1000)] = None


class HavingBody(BaseModel):
    """One condition on a metric of the question: which rows of the answer are kept."""

    model_config = ConfigDict(extra="forbid")

    metric: _Name
    operator: Operator = Operator.GE
    value: Decimal


class QuestionBody(BaseModel):
    """A question in business terms; see the semantic room for the meaning of each part.

    Without `by` and `grain` a metric answers in its usual grouping; `"by": []` asks for one number.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": _EXAMPLES})

    metrics: Annotated[list[_Name], Field(min_length=1, max_length=50)]
    by: Annotated[list[_Name], Field(max_length=20)] = []
    grain: Grain | None = None
    first: Annotated[date | None, Field(alias="from")] = None
    last: Annotated[date | None, Field(alias="to")] = None
    filters: Annotated[list[FilterBody], Field(max_length=50)] = []
    having: Annotated[list[HavingBody], Field(max_length=30)] = []
    order_by: _Name | None = None
    limit: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    today: date | None = None
    compare: bool = False
    fill: bool = False

    def question(self, business_day: date) -> Question:
        """The question for the semantic room. Raises InvalidFilter for days that make no range."""
        return Question(
            metrics=tuple(self.metrics),
            today=self.today or business_day,
            by=tuple(self.by),
            grain=self.grain,
            days=self._days(),
            filters=tuple(
                Filter(each.dimension, each.operator, tuple(each.values), each.either)
                for each in self.filters
            ),
            having=tuple(Having(each.metric, each.operator, each.value) for each in self.having),
            order_by=self.order_by,
            limit=self.limit,
            compare=self.compare,
            fill=self.fill,
            usual=not {"by", "grain"} & self.model_fields_set,
        )

    def _days(self) -> DayRange | None:
        if self.first is None and self.last is None:
            return None
        if self.first is None or self.last is None or self.last < self.first:
            raise InvalidFilter(
                "from and to make no range of days",
                where="from, to",
                expected="both days, from before to",
                next_step="give both, or neither for all days",
            )
        return DayRange(self.first, self.last)


@router.post("/query")
def query(body: QuestionBody, principal: SignedIn, services: Services) -> WireResponse:
    """Answer one question: typed columns, rows, and the receipt that makes the numbers traceable."""
    answer = services.semantic.ask(body.question(current_business_day(services)), principal)
    return WireResponse(_answer(answer))


@router.get("/metrics")
def metrics(principal: SignedIn, services: Services) -> WireResponse:
    """Every metric the reader may ask for, with its definition."""
    return WireResponse({"metrics": [_described(each) for each in services.semantic.metrics(principal)]})


@router.get("/dimensions")
def dimensions(principal: SignedIn, services: Services) -> WireResponse:
    """Every dimension the reader may group and filter by."""
    return WireResponse(
        {"dimensions": [_described(each) for each in services.semantic.dimensions(principal)]}
    )


@router.get("/dimensions/{name}/values")
def dimension_values(
    name: str,
    principal: SignedIn,
    services: Services,
    search: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> WireResponse:
    """Keys and labels of a dimension, as far as the reader may see them."""
    found = services.semantic.values(name, principal, search=search, limit=limit)
    return WireResponse({"values": [{"key": each.key, "label": each.label} for each in found]})


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "columns": [_described(column) for column in answer.columns],
        "rows": [[wire_value(value) for value in row] for row in answer.rows],
        "receipt": _described(answer.receipt),
    }


def _described(thing: Any) -> Any:
    """A frozen dataclass of another room as JSON, parts and all."""
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        return {
            field.name: _described(getattr(thing, field.name))
            for field in dataclasses.fields(thing)
            if not field.name.startswith("_")
        }
    if isinstance(thing, frozenset | set):
        return sorted(_described(each) for each in thing)
    if isinstance(thing, tuple | list):
        return [_described(each) for each in thing]
    if isinstance(thing, dict):
        return {str(key): _described(value) for key, value in thing.items()}
    return wire_value(thing)
