"""The YAML shapes of the semantic model, as an analyst writes them; loading.py checks what they refer to."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator

from amalimart.access.rules import DataClass
from amalimart.config.strict_yaml import StrictModel
from amalimart.core.calendar import Grain


class FieldType(StrEnum):
    """What a column holds."""

    ID = "id"
    TEXT = "text"
    ENUM = "enum"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    BOOLEAN = "boolean"
    DATE = "date"


class Unit(StrEnum):
    """How a metric is formatted."""

    MONEY = "money"
    COUNT = "count"
    PERCENT = "percent"  # a share: 0.25 reads 25 %
    DAYS = "days"
    RATING = "rating"
    NUMBER = "number"


class Aggregate(StrEnum):
    """How rows become one number. `avg` is a sum over a count, so that it stays a ratio of sums."""

    SUM = "sum"
    COUNT = "count"
    COUNT_DISTINCT = "count_distinct"
    AVG = "avg"


class Period(StrEnum):
    """A span that a metric brings along; it ends on the question's `today`."""

    YEAR_TO_DATE = "year_to_date"
    CURRENT_MONTH = "current_month"


class LabelShape(StrictModel):
    """A friendly name in English and French."""

    en: str
    fr: str


class FieldShape(StrictModel):
    """One column of a dataset.

    `needs` lists canonical columns (`orders.status`, `payments.method=CARD`, alternatives joined by `|`)
    without which the column holds nothing.
    """

    type: FieldType
    label: str | None = None
    data_class: DataClass = Field(default=DataClass.INTERNAL, alias="class")
    needs: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


class RelationshipShape(StrictModel):
    """Many rows here to one row of `to`: the column `column` holds the key of `to`."""

    to: str
    column: str


class DatasetShape(StrictModel):
    """One gold table."""

    table: str
    description: str
    key: str
    time: str | None = None
    other_times: tuple[str, ...] = ()
    currency: str | None = None
    needs: tuple[str, ...] = ()
    fields: dict[str, FieldShape]
    relationships: dict[str, RelationshipShape] = {}


class LookupShape(StrictModel):
    """Where an entity's label is read: the column `label` of `dataset`, whose key is the entity's key.

    A picker offers every key of the dataset, or only those that stand in `offered`, a `dataset.field`.
    """

    dataset: str
    label: str
    offered: str | None = None


class DimensionShape(StrictModel):
    """One way to group or filter. `fields` are read in the order of nearness, then of this list."""

    label: LabelShape
    description: str
    synonyms: tuple[str, ...] = ()
    fields: tuple[str, ...] = Field(min_length=1)
    lookup: LookupShape | None = None
    drill: tuple[str, ...] = ()


class DimensionsFile(StrictModel):
    """One file of dimensions."""

    dimensions: dict[str, DimensionShape]


class AliasShape(StrictModel):
    """Another name of a metric, with a default grouping of its own where the metric's does not fit."""

    by: tuple[str, ...] | None = None
    grain: Grain | None = None


class LeftOutShape(StrictModel):
    """Rows that the metric leaves out, counted by another metric and told on the receipt."""

    metric: str
    note: str


class MetricShape(StrictModel):
    """One metric.

    `where` holds conditions on the dataset's columns or, as `relationship.column`, a parent's. `time: none`
    makes it a state, to which days do not apply.
    """

    label: LabelShape
    description: str
    owner: str
    unit: Unit
    kind: Literal["simple", "ratio", "derived"] = "simple"
    dataset: str | None = None
    aggregate: Aggregate | None = None
    field: str | None = None
    where: tuple[str, ...] = ()
    time: str | None = None
    numerator: str | None = None
    denominator: str | None = None
    formula: str | None = None
    period: Period | None = None
    aliases: dict[str, AliasShape | None] = {}
    non_additive: Literal["all"] | tuple[str, ...] = ()
    default_by: tuple[str, ...] = ()
    default_grain: Grain | None = None
    hints: dict[str, str] = {}
    needs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: LeftOutShape | None = None

    @model_validator(mode="after")
    def kind_fits(self) -> MetricShape:
        simple = (self.dataset, self.aggregate, self.field)
        ratio = (self.numerator, self.denominator)
        given = {
            "simple": all(simple) and not any(ratio) and not self.formula,
            "ratio": all(ratio) and not any(simple) and not self.formula and not self.where and not self.time,
            "derived": bool(self.formula)
            and not any(simple)
            and not any(ratio)
            and not self.where
            and not self.time,
        }
        wanted = {
            "simple": "dataset, aggregate and field (and may have where and time)",
            "ratio": "numerator and denominator only",
            "derived": "formula only",
        }
        if not given[self.kind]:
            raise ValueError(f"a {self.kind} metric takes {wanted[self.kind]}")
        return self


class SubjectShape(StrictModel):
    """The subject area (mart) a file of metrics belongs to."""

    name: str
    label: LabelShape


class MetricsFile(StrictModel):
    """One file of metrics of one subject area."""

    subject: SubjectShape
    metrics: dict[str, MetricShape]
