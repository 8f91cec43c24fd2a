"""A question as it comes in: as a JSON body, or as the parameters of an address."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from amalimart.api.exports.formats import Format
from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import InvalidFilter
from amalimart.semantic.question import Comparison, Filter, Having, Operator, Question, Top, Totals
from amalimart.semantic.question_text import parse_filters, parse_having

_Name = Annotated[str, Field(min_length=1, max_length=200)]
_Release = Annotated[
    Annotated[int, Field(ge=1, le=10**15)] | Literal["current"] | None,
    Field(description="The release to answer from: its number, or current. Earlier ones are not kept."),
]

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
    as_of: _Release = None

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
            as_of=self.as_of if isinstance(self.as_of, int) else None,
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


_READ_APART = {"metrics", "by", "where", "having", "top", "top_of", "top_by", "format"}


class QuestionParameters(BaseModel):
    """The same question in the parameters of an address; lists are separated by commas."""

    model_config = ConfigDict(extra="forbid")

    metrics: Annotated[str, Field(min_length=1, max_length=2_000, examples=["gmv"])]
    by: Annotated[str | None, Field(max_length=2_000, examples=["vendor"])] = None
    grain: Grain | None = None
    first: Annotated[date | None, Field(alias="from")] = None
    last: Annotated[date | None, Field(alias="to")] = None
    where: Annotated[str | None, Field(max_length=10_000, examples=["category = Electronics"])] = None
    having: Annotated[list[Annotated[str, Field(max_length=1_000)]], Field(max_length=30)] = []
    order_by: _Name | None = None
    limit: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    today: date | None = None
    compare: bool = False
    compare_with: Comparison | None = None
    changes: bool = False
    fill: bool = False
    time: _Name | None = None
    totals: Totals = Totals.NONE
    top: Annotated[int | None, Field(ge=1, le=1000)] = None
    top_of: _Name | None = None
    top_by: _Name | None = None
    as_of: _Release = None
    format: Format | None = None

    def body(self) -> QuestionBody:
        """The question as its body. Raises InvalidFilter for conditions that cannot be read."""
        conditions = parse_filters(self.where) if self.where else ()
        kept = [parse_having(text) for text in self.having]
        given = self.model_dump(by_alias=True, exclude_unset=True, exclude=_READ_APART)
        if self.by is not None:
            given["by"] = _names(self.by)
        filters = [
            {
                "dimension": each.dimension,
                "operator": each.operator,
                "values": each.values,
                "either": each.either,
            }
            for each in conditions
        ]
        having = [{"metric": each.metric, "operator": each.operator, "value": each.value} for each in kept]
        if self.top is not None or self.top_of is not None:
            given["top"] = {"count": self.top, "dimension": self.top_of, "metric": self.top_by}
        document = {**given, "metrics": _names(self.metrics), "filters": filters, "having": having}
        try:
            return QuestionBody.model_validate(document)
        except ValidationError as error:
            raise InvalidFilter(
                f"The question cannot be read: {error.errors()[0]['msg']}.",
                where=".".join(map(str, error.errors()[0]["loc"])),
            ) from error


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
