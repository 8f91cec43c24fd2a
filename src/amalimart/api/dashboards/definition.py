"""What a dashboard file may say. Shapes only: files are found by `library`, questions made by `planning`."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, RootModel, field_validator, model_validator

from amalimart.access.policy_shapes import RoleName
from amalimart.access.principal import Role
from amalimart.config.strict_yaml import StrictModel
from amalimart.core.calendar import Grain

Text = Annotated[str, Field(min_length=1, max_length=200)]
LongText = Annotated[str, Field(min_length=1, max_length=2000)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class RangeName(StrEnum):
    """A date range a page can show; all but yesterday end with the current business day.

    Yesterday is the last business day that is complete; this year is the fiscal one of the project.
    """

    YESTERDAY = "yesterday"
    LAST_7_DAYS = "last_7_days"
    LAST_30_DAYS = "last_30_days"
    LAST_90_DAYS = "last_90_days"
    THIS_MONTH = "this_month"
    THIS_YEAR = "this_year"
    LAST_12_MONTHS = "last_12_months"
    CUSTOM = "custom"


class Better(StrEnum):
    """Which way a metric should move: decides if a change is good news."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


class Width(StrEnum):
    """Share of the row a tile takes on a wide screen; a phone shows one tile a row."""

    FULL = "full"
    TWO_THIRDS = "two_thirds"
    HALF = "half"
    THIRD = "third"


class CellStyle(StrEnum):
    """How a number is drawn in a table."""

    PLAIN = "plain"
    BAR = "bar"
    HEAT = "heat"


class Control(StrEnum):
    """How a filter is set: from a list in the toolbar, or only by a click on a mark."""

    SELECT = "select"
    CLICK = "click"


class PageFilter(StrictModel):
    """A dimension the page can be filtered by."""

    dimension: Name
    label: Text
    control: Control = Control.SELECT


class Substitute(StrictModel):
    """What to show while one of the filters `when` is set.

    Order-grain metrics cannot be split by category or vendor; `metric` names the one that can. Without
    `metric` the number is left out, and `because` says why.
    """

    when: tuple[Name, ...] = Field(min_length=1)
    metric: Name | None = None
    because: Text


class Measured(StrictModel):
    """One metric on a page, and what stands in for it under a filter."""

    metric: Name
    substitute: Substitute | None = None


class Level(StrictModel):
    """One step of a drill-down: grouped by `by`; a click filters the page and goes to the next step.

    With `opens` a click leaves the page for what is below its groups: the orders that hold the product.
    """

    by: Name
    title: Text
    opens: Literal["orders"] | None = None

    @model_validator(mode="after")
    def of_what_it_groups_by(self) -> Self:
        if self.opens is not None and self.by != "product":
            raise ValueError("orders are opened from products: `opens` needs `by: product`")
        return self


class TileBase(StrictModel):
    """What all tiles share. `{metric}` in a title is the friendly name of the metric shown.

    `labels` are friendly names for raw values of the tile's dimensions.
    """

    id: Name
    width: Width = Width.HALF
    description: Text | None = None
    labels: dict[str, Text] = {}


class Span(StrEnum):
    """Which time a tile speaks of: the page's days, or this moment (what has no past to compare)."""

    PERIOD = "period"
    NOW = "now"


class KpiTile(TileBase, Measured):
    """One number; over a period also its change against the preceding one, and its course."""

    type: Literal["kpi"]
    title: Text | None = None
    better: Better = Better.HIGHER
    span: Span = Span.PERIOD


class TrendForm(StrEnum):
    """How a course over time is drawn: with a dimension, area and stacked are its members on each other."""

    LINE = "line"
    AREA = "area"
    BAR = "bar"
    STACKED = "stacked"


class TrendTile(TileBase, Measured):
    """A metric over time: by the members of a dimension, or against the preceding period.

    `form` is a line without `by` and stacked bars with it, unless it says otherwise. `range` fixes the days
    whatever the page shows.
    """

    type: Literal["trend"]
    title: Text
    by: Name | None = None
    form: TrendForm | None = None
    range: RangeName | None = None

    @model_validator(mode="after")
    def of_what_it_shows(self) -> Self:
        if self.form is TrendForm.STACKED and self.by is None:
            raise ValueError("stacked needs `by`, the dimension whose members are stacked")
        if self.form is TrendForm.BAR and self.by is not None:
            raise ValueError("with `by` the form is line, area or stacked")
        return self

    def drawn_as(self) -> TrendForm:
        """The form, chosen by what is shown where the file does not say."""
        return self.form or (TrendForm.STACKED if self.by else TrendForm.LINE)


class RankingTile(TileBase, Measured):
    """The largest members of a dimension by a metric. `range` fixes the days whatever the page shows."""

    type: Literal["ranking"]
    span: Span = Span.PERIOD
    levels: tuple[Level, ...] = Field(min_length=1)
    limit: int = Field(default=10, ge=1, le=50)
    range: RangeName | None = None


class TableColumn(Measured):
    """One metric of a table; `label` is a shorter heading than the metric's friendly name."""

    label: Text | None = None
    style: CellStyle = CellStyle.PLAIN


class RowOrder(StrEnum):
    """Which rows come first: by the first column, or the newest where they are days or months."""

    LARGEST = "largest"
    SMALLEST = "smallest"
    NEWEST = "newest"


class TableTile(TileBase):
    """Members of a dimension with several metrics."""

    type: Literal["table"]
    span: Span = Span.PERIOD
    order: RowOrder = RowOrder.LARGEST
    levels: tuple[Level, ...] = Field(min_length=1)
    also: tuple[Name, ...] = ()
    columns: tuple[TableColumn, ...] = Field(min_length=1)
    limit: int = Field(default=12, ge=1, le=100)


class HeatTile(TileBase, Measured):
    """A metric by two dimensions, shaded by size: `rows` down, `across` to the right.

    `within_days` is for rows that are months, such as that of a first order: it leaves out those that begin
    before the page's days. Rows of such dimensions stand in order of time, others by size.
    """

    type: Literal["heat"]
    span: Span = Span.PERIOD
    title: Text
    rows: Name
    across: Name
    within_days: bool = False
    limit: int = Field(default=14, ge=1, le=60)


class FunnelStep(StrictModel):
    """One step of a funnel; `label` is a shorter name than the metric's friendly one."""

    metric: Name
    label: Text | None = None


class FunnelTile(TileBase):
    """How many are left from step to step, each as a share of the first and of the one before."""

    type: Literal["funnel"]
    title: Text
    steps: tuple[FunnelStep, ...] = Field(min_length=2, max_length=12)


class TextLink(StrictModel):
    """Where a text leads: a page of this site."""

    label: Text
    to: Annotated[str, Field(pattern=r"^/([A-Za-z0-9_?=&.-][A-Za-z0-9_/?=&.-]*)?$", max_length=200)]


class TextTile(TileBase):
    """Words on a page, in paragraphs; numbers do not belong in them."""

    type: Literal["text"]
    title: Text
    text: LongText
    links: tuple[TextLink, ...] = ()


class WorkListName(StrEnum):
    """A list of single orders or parcels that wait for somebody."""

    LATE = "late"
    SOON = "soon"
    TO_DELIVER = "to_deliver"
    FAILED = "failed"
    FAILED_ORDERS = "failed_orders"


class WorkTile(TileBase):
    """The most urgent of a work list. The page's days and filters do not apply: it is what waits now."""

    type: Literal["work"]
    title: Text
    list: WorkListName
    limit: int = Field(default=6, ge=1, le=20)


Tile = KpiTile | TrendTile | RankingTile | TableTile | HeatTile | FunnelTile | TextTile | WorkTile
TILE_TYPES: dict[str, type[Tile]] = {
    "kpi": KpiTile,
    "trend": TrendTile,
    "ranking": RankingTile,
    "table": TableTile,
    "heat": HeatTile,
    "funnel": FunnelTile,
    "text": TextTile,
    "work": WorkTile,
}


class DashboardTexts(RootModel[dict[LongText, LongText]]):
    """A file of texts: each English text of dashboards, and the same in the language of its name."""


class DashboardFile(StrictModel):
    """The top of a dashboard file; its tiles are read one by one, each as its own type.

    `refresh_seconds` is how often an open page asks for news, where not as often as the site does.
    """

    title: Text
    description: Text
    roles: tuple[RoleName, ...] = Field(min_length=1)
    home_of: tuple[RoleName, ...] = ()
    range: RangeName = RangeName.LAST_30_DAYS
    grain: Grain | None = None
    refresh_seconds: int | None = Field(default=None, ge=1, le=3600)
    filters: tuple[PageFilter, ...] = ()
    tiles: tuple[Any, ...] = Field(min_length=1)

    @field_validator("grain")
    @classmethod
    def of_the_calendar(cls, grain: Grain | None) -> Grain | None:
        if grain is not None and grain.is_fiscal:
            raise ValueError("a page's grain is one of the calendar, such as month or quarter")
        return grain


class Dashboard(StrictModel):
    """A whole dashboard as read. `fingerprint` changes with the file."""

    name: str
    title: str
    description: str
    roles: tuple[Role, ...]
    home_of: tuple[Role, ...]
    range: RangeName
    grain: Grain | None
    refresh_seconds: int | None
    filters: tuple[PageFilter, ...]
    tiles: tuple[Tile, ...]
    fingerprint: str

    def filter_names(self) -> frozenset[str]:
        """The dimensions the page can be filtered by."""
        return frozenset(page_filter.dimension for page_filter in self.filters)

    @property
    def listed(self) -> tuple[str, ...]:
        """The dimensions whose values the toolbar offers."""
        return tuple(each.dimension for each in self.filters if each.control is Control.SELECT)


def measured_parts(tile: Tile) -> Iterator[tuple[tuple[str | int, ...], Measured]]:
    """Every metric use of a tile with its place in the file, seen from the tile."""
    match tile:
        case TableTile():
            for position, column in enumerate(tile.columns):
                yield ("columns", position), column
        case FunnelTile():
            for position, step in enumerate(tile.steps):
                yield ("steps", position), Measured(metric=step.metric)
        case TextTile() | WorkTile():
            return
        case _:
            yield (), tile


def grouped_parts(tile: Tile) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every dimension a tile groups by, over all its levels, with its place in the file."""
    match tile:
        case TrendTile(by=str(by)):
            yield ("by",), by
        case RankingTile() | TableTile():
            for step, level in enumerate(tile.levels):
                yield ("levels", step, "by"), level.by
            if isinstance(tile, TableTile):
                for step, name in enumerate(tile.also):
                    yield ("also", step), name
        case HeatTile():
            yield ("rows",), tile.rows
            yield ("across",), tile.across
