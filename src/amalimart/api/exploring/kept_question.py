"""A question as it is kept: as `/query` takes it, but with days that move on, and how it is drawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from amalimart.api.dashboards.definition import RangeName
from amalimart.api.dashboards.state import days_of
from amalimart.api.question_body import DaysBody, FilterBody, QuestionBody, TopBody
from amalimart.core.calendar import Grain
from amalimart.semantic.question import Comparison, Question, Totals

_Name = Annotated[str, Field(min_length=1, max_length=200)]

MOST_ROWS = 5_000
"""So many rows of a question are shown on a page; a file of it has all of them."""


class Drawing(StrEnum):
    """How an answer is shown."""

    TABLE = "table"
    LINE = "line"
    AREA = "area"
    BAR = "bar"
    STACKED = "stacked"
    HEAT = "heat"


class KeptQuestion(BaseModel):
    """A question to be asked again. `range` names days that move on, instead of `from` and `to`."""

    model_config = ConfigDict(extra="forbid")

    metrics: Annotated[list[_Name], Field(min_length=1, max_length=30)]
    by: Annotated[list[_Name], Field(max_length=8)] = []
    grain: Grain | None = None
    range: RangeName | None = None
    first: Annotated[date | None, Field(alias="from")] = None
    last: Annotated[date | None, Field(alias="to")] = None
    filters: Annotated[list[FilterBody], Field(max_length=30)] = []
    compare_with: Comparison | DaysBody | None = None
    totals: Totals = Totals.NONE
    top: TopBody | None = None
    order_by: _Name | None = None
    time: _Name | None = None
    chart: Drawing | None = None

    def question(self, today: date) -> Question:
        """What is asked on a day. Raises InvalidFilter for days that make no range."""
        body = QuestionBody.model_construct(
            _fields_set={"metrics", "by", "grain"},
            metrics=self.metrics,
            by=self.by,
            grain=self.grain,
            first=self.first,
            last=self.last,
            filters=self.filters,
            order_by=self.order_by,
            limit=None if self.top else MOST_ROWS,
            compare_with=self.compare_with,
            changes=self.compare_with is not None,
            totals=self.totals,
            top=self.top,
            time=self.time,
        )
        question = body.question(today)
        if self.range is not None and self.range is not RangeName.CUSTOM:
            question = replace(question, days=days_of(self.range, today))
        # Buckets in which nothing happened are points of a course, too; beside groups they would be of none.
        is_course = self.grain is not None and not self.by and question.days is not None
        return replace(question, fill=is_course)

    def document(self) -> dict[str, object]:
        """The same as JSON, without what is not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
