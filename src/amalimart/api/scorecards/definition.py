"""What a scorecard file may say. Shapes only."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from amalimart.access.principal import Role
from amalimart.api.dashboards.definition import Name, PageFilter, RangeName, Text
from amalimart.config.strict_yaml import StrictModel
from amalimart.core.calendar import Grain

Bound = Annotated[Decimal, Field(allow_inf_nan=False)]


class Side(StrEnum):
    """On which side of its bands a metric is good."""

    HIGHER = "higher"
    LOWER = "lower"


class Sample(StrictModel):
    """The count that a metric stands on, and how many are too few to judge by."""

    metric: Name
    at_least: int = Field(ge=1, le=1_000_000)


class Measure(StrictModel):
    """A metric with its bands: good up to `warn`, to be watched up to `limit`, and bad beyond it."""

    metric: Name
    better: Side
    warn: Bound
    limit: Bound
    sample: Sample
    why: Text

    @model_validator(mode="after")
    def bands_in_order(self) -> Self:
        is_lower = self.better is Side.LOWER
        if (self.limit <= self.warn) if is_lower else (self.limit >= self.warn):
            beyond = "above" if is_lower else "below"
            raise ValueError(f"where {self.better.value} is better the limit is {beyond} the warning")
        return self


class ScorecardFile(StrictModel):
    """One scorecard."""

    title: Text
    description: Text
    roles: tuple[Role, ...] = Field(min_length=1)
    range: RangeName = RangeName.LAST_90_DAYS
    measures: tuple[Measure, ...] = Field(min_length=1, max_length=24)

    @field_validator("range")
    @classmethod
    def named(cls, name: RangeName) -> RangeName:
        if name is RangeName.CUSTOM:
            raise ValueError("a custom range has no days of its own")
        return name


class Scorecard(ScorecardFile):
    """A scorecard as read, with what the state of its page is read by."""

    name: str
    grain: Grain | None = None
    filters: tuple[PageFilter, ...] = (PageFilter(dimension="vendor", label="Vendor"),)
