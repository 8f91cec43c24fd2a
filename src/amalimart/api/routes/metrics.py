"""Questions, and the names they may use: /query, /metrics, /dimensions."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from amalimart.access.principal import Role
from amalimart.api.identity import SignedIn
from amalimart.api.routes.context import Services, current_business_day
from amalimart.api.wire_response import WireResponse
from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import Denied, EngineUnavailable, InvalidFilter, UnknownName
from amalimart.core.names import nearest
from amalimart.core.wire import wire_value
from amalimart.semantic.answer import Answer
from amalimart.semantic.definition_files import DefinitionFiles
from amalimart.semantic.question import Comparison, Filter, Having, Operator, Question, Top, Totals

router = APIRouter(tags=["metrics"])
local = APIRouter(tags=["metrics"])
"""Only on the local socket: definitions are brought along, and whoever defines may read every table."""

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
    {
        "metrics": ["item_gmv", "take_rate"],
        "by": ["vendor"],
        "from": "2024-01-01",
        "to": "2024-03-31",
        "compare_with": "same_period_last_year",
        "changes": True,
        "top": {"count": 5, "dimension": "vendor"},
        "totals": "total",
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


class DaysBody(BaseModel):
    """Days from the first to the last, both included."""

    model_config = ConfigDict(extra="forbid")

    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]


class TopBody(BaseModel):
    """Of a dimension the members with the greatest values of a metric, and one row for all others."""

    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(ge=1, le=1000)]
    dimension: _Name
    metric: _Name | None = None


class QuestionBody(BaseModel):
    """A question in business terms; see the semantic room for the meaning of each part.

    Without `by` and `grain` a metric answers in its usual grouping; `"by": []` asks for one number.
    `compare_with` compares, and says with which days; `compare` alone is with the range before.
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
    compare_with: Comparison | DaysBody | None = None
    changes: bool = False
    fill: bool = False
    time: _Name | None = None
    totals: Totals = Totals.NONE
    top: TopBody | None = None

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
            compare=self.compare or self.compare_with is not None,
            compare_with=self._compared(),
            changes=self.changes,
            fill=self.fill,
            time=self.time,
            totals=self.totals,
            top=Top(self.top.count, self.top.dimension, self.top.metric) if self.top else None,
            usual=not {"by", "grain"} & self.model_fields_set,
        )

    def _days(self) -> DayRange | None:
        if self.first is None and self.last is None:
            return None
        return _range(self.first, self.last, "from, to", "give both, or neither for all days")

    def _compared(self) -> Comparison | DayRange:
        wanted = self.compare_with
        if isinstance(wanted, DaysBody):
            return _range(wanted.first, wanted.last, "compare_with", "give both, from before to")
        return wanted or Comparison.PREVIOUS_PERIOD


def _range(first: date | None, last: date | None, where: str, next_step: str) -> DayRange:
    if first is None or last is None or last < first:
        raise InvalidFilter(
            "from and to make no range of days",
            where=where,
            expected="both days, from before to",
            next_step=next_step,
        )
    return DayRange(first, last)


class FilesBody(BaseModel):
    """A set of definition files: where they are from, and path -> text."""

    model_config = ConfigDict(extra="forbid")

    origin: Annotated[str, Field(max_length=1000)]
    texts: Annotated[dict[str, str], Field(max_length=1000)]

    def files(self) -> DefinitionFiles:
        """As the semantic room reads them."""
        return DefinitionFiles(self.origin, self.texts)


class EffectsBody(BaseModel):
    """Definitions before and after, later sets over earlier ones, and which metrics are asked of both."""

    model_config = ConfigDict(extra="forbid")

    before: Annotated[list[FilesBody], Field(min_length=1, max_length=5)]
    after: Annotated[list[FilesBody], Field(min_length=1, max_length=5)]
    metrics: Annotated[list[_Name], Field(max_length=2000)]
    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]
    today: date | None = None


@router.post("/query")
def query(body: QuestionBody, principal: SignedIn, services: Services) -> WireResponse:
    """Answer one question: typed columns, rows, and the receipt that makes the numbers traceable."""
    answer = services.semantic.ask(body.question(current_business_day(services)), principal)
    return WireResponse(_answer(answer))


@router.get("/metrics")
def metrics(principal: SignedIn, services: Services) -> WireResponse:
    """Every metric the reader may ask for, with its definition."""
    return WireResponse({"metrics": [_described(each) for each in services.semantic.metrics(principal)]})


@router.get("/metrics/{name}")
def metric(name: str, principal: SignedIn, services: Services) -> WireResponse:
    """One metric by its name or alias: its definition, and what each of its versions has meant."""
    known = {
        spelling: each
        for each in services.semantic.metrics(principal)
        for spelling in (*each.aliases, each.name)
    }
    if name not in known:
        raise UnknownName(
            f"no metric is called {name!r}",
            expected="a name that `amalimart metrics list` shows",
            nearest=nearest(name[:100], known),
            next_step="run: amalimart metrics list",
        )
    found = known[name]
    history = [_described(each) for each in services.metric_history(found.name)]
    return WireResponse({"metric": _described(found), "changes": history})


@local.post("/metrics/effects")
def effects(body: EffectsBody, principal: SignedIn, services: Services) -> WireResponse:
    """What a change of definitions does to numbers: each metric before and after, of one release."""
    if principal.role is not Role.ADMIN:
        raise Denied("only an administrator may do this")
    if services.metric_effects is None:
        raise EngineUnavailable("this engine measures no changes", next_step="amalimart up")
    measured = services.metric_effects.measure(
        [each.files() for each in body.before],
        [each.files() for each in body.after],
        body.metrics,
        DayRange(body.first, max(body.first, body.last)),
        body.today or current_business_day(services),
    )
    return WireResponse(_described(measured))


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
