"""The YAML shapes of the semantic model, as an analyst writes them; loading.py checks what they refer to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

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
    DATE = "date"


class Aggregate(StrEnum):
    """How rows become one number. `avg` is a sum over a count, so that it stays a ratio of sums."""

    SUM = "sum"
    COUNT = "count"
    COUNT_DISTINCT = "count_distinct"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    SPAN = "span"  # days from the first to the last


class Over(StrEnum):
    """How the values of many entities become one number."""

    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    MEDIAN = "median"
    P90 = "p90"


class OverTime(StrEnum):
    """How the days of a stock become one number; over anything else it adds up."""

    LAST = "last"  # of the last day of the period that has any
    AVERAGE = "average"  # over the days of the period that have any
    SUM = "sum"  # days times what was there on each


class Period(StrEnum):
    """A span that a metric brings along; it ends on the question's `today`.

    Years and quarters are those of the project's fiscal year.
    """

    YEAR_TO_DATE = "year_to_date"
    QUARTER_TO_DATE = "quarter_to_date"
    CURRENT_MONTH = "current_month"
    LAST_30_DAYS = "last_30_days"

    @property
    def is_fiscal(self) -> bool:
        """Whether it starts where the project's fiscal year says."""
        return self in {Period.YEAR_TO_DATE, Period.QUARTER_TO_DATE}


class LabelShape(StrictModel):
    """A friendly name in English and French."""

    en: str = Field(min_length=1)
    fr: str = Field(min_length=1)


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


class MarkShape(StrictModel):
    """A column that is true in exactly one row of each value of `field` and each parent of a relationship.

    All parents that are unknown count as one. `alike` are the columns that are the same in all rows of one
    value of `field`.
    """

    field: str
    within: str
    alike: tuple[str, ...] = ()


class DatasetShape(StrictModel):
    """One gold table.

    `time_roles` name the dates by which a question may ask to count it: `delivered: delivered_date`, or
    `order.delivered_date` of a parent.
    A dataset of `stock` has a row for each key on each day: it adds up over no days.
    By its `marks` distinct values are counted as rows.
    """

    table: str
    description: str
    key: str
    time: str | None = None
    other_times: tuple[str, ...] = ()
    time_roles: dict[str, str] = {}
    stock: bool = False
    currency: str | None = None
    needs: tuple[str, ...] = ()
    fields: dict[str, FieldShape]
    relationships: dict[str, RelationshipShape] = {}
    marks: dict[str, MarkShape] = {}


class LookupShape(StrictModel):
    """Where an entity's label is read: the column `label` of `dataset`, whose key is the entity's key.

    A picker offers every key of the dataset, or only those that stand in `offered`, a `dataset.field`.
    """

    dataset: str
    label: str
    offered: str | None = None


class DimensionShape(StrictModel):
    """One way to group or filter. `fields` are read in the order of nearness, then of this list.

    With `bucket`, the fields are dates, and the value is the first day of the bucket; with `elapsed`, how
    many of these have passed from the date to the day of the fact.
    """

    label: LabelShape
    description: str
    synonyms: tuple[str, ...] = ()
    fields: tuple[str, ...] = Field(min_length=1)
    lookup: LookupShape | None = None
    drill: tuple[str, ...] = ()
    bucket: Grain | None = None
    elapsed: Grain | None = None
    owner: str | None = None
    description_fr: str | None = None


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
    note_fr: str | None = None


class PerShape(StrictModel):
    """Take the measure for each value of `field`, then over those; `keep: ">= 2"` looks at some only."""

    field: str
    over: Over
    keep: str | None = Field(default=None, pattern=r"^(=|!=|<|<=|>|>=) *[0-9]+(\.[0-9]+)?$")


class ExampleShape(StrictModel):
    """A question and its number in the small shop of the examples (tests/semantic/shop.sql).

    Without days it is asked of all of them; `value: null` says that there is no number.
    """

    value: Decimal | date | None
    first: date | None = Field(default=None, alias="from")
    last: date | None = Field(default=None, alias="to")
    where: str | None = None
    today: date | None = None

    @model_validator(mode="after")
    def both_days(self) -> ExampleShape:
        if (self.first is None) != (self.last is None):
            raise ValueError("from and to belong together")
        return self


_NEEDED = {
    "simple": ("dataset", "aggregate", "field"),
    "ratio": ("numerator", "denominator"),
    "derived": ("formula",),
    "growth": ("of",),
}
_MORE = {"simple": ("where", "time", "over_time", "per", "ignore")}


def _tell_kinds(schema: dict[str, Any]) -> None:
    """Have the JSON Schema ask for the keys of each kind; a metric that names none is simple."""
    schema["allOf"] = [
        {
            "if": {
                "properties": {"kind": {"const": kind}},
                **({} if kind == "simple" else {"required": ["kind"]}),
            },
            "then": {"required": list(names)},
        }
        for kind, names in _NEEDED.items()
    ]


class MetricShape(StrictModel):
    """One metric.

    `version` counts its meanings: it goes up whenever the number changes, and no new wording needs it.

    `where` holds conditions on the dataset's columns or, as `relationship.column`, a parent's; the word
    `period_start` stands for the first day of the bucket or range. `time: none` makes it a state, to which
    days do not apply. `over_time` says how the days of a stock become one number. `ignore` names dimensions
    for all of whose values it is the same. A metric of kind growth says by which share another one grew
    since the same elapsed span of the period before.
    """

    model_config = ConfigDict(json_schema_extra=_tell_kinds)

    label: LabelShape
    description: str
    description_fr: str | None = None
    owner: str
    unit: Unit
    kind: Literal["simple", "ratio", "derived", "growth"] = "simple"
    dataset: str | None = None
    aggregate: Aggregate | None = None
    field: str | None = None
    where: tuple[str, ...] = ()
    time: str | None = None
    over_time: OverTime | None = None
    per: PerShape | None = None
    ignore: tuple[str, ...] = ()
    of: str | None = None
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
    notes_fr: tuple[str, ...] = ()
    left_out: LeftOutShape | None = None
    version: int = Field(default=1, ge=1)
    example: ExampleShape | None = None

    @model_validator(mode="after")
    def kind_fits(self) -> MetricShape:
        parts = {name for names in (*_NEEDED.values(), *_MORE.values()) for name in names}
        given = {name for name in parts if getattr(self, name)}
        needed = set(_NEEDED[self.kind])
        if not needed <= given or given - needed - set(_MORE.get(self.kind, ())):
            more = f" (and may have {', '.join(_MORE[self.kind])})" if self.kind in _MORE else " only"
            raise ValueError(f"a {self.kind} metric takes {' and '.join(_NEEDED[self.kind])}{more}")
        return self


class SubjectShape(StrictModel):
    """The subject area (mart) a file of metrics belongs to."""

    name: str
    label: LabelShape


class MetricsFile(StrictModel):
    """One file of metrics of one subject area."""

    subject: SubjectShape
    metrics: dict[str, MetricShape]
