"""What a dashboard file may say. Shapes only: files are found by `library`, questions made by `planning`."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, RootModel, field_validator

from amalimart.access.policy_shapes import RoleName
from amalimart.access.principal import Role
from amalimart.config.strict_yaml import StrictModel
from amalimart.core.calendar import Grain

Text = Annotated[str, Field(min_length=1, max_length=200)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class RangeName(StrEnum):
    """A date range a page can show; all end with the current business day."""

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
    """One step of a drill-down: grouped by `by`; a click filters the page and goes to the next step."""

    by: Name
    title: Text


class TileBase(StrictModel):
    """What all tiles share. `{metric}` in a title is the friendly name of the metric shown.

    `labels` are friendly names for raw values of the tile's dimensions.
    """

    id: Name
    width: Width = Width.HALF
    description: Text | None = None
    labels: dict[str, Text] = {}


class Span(StrEnum):
    """Which time a key figure speaks of: the page's days, or this moment (stock has no past to compare)."""

    PERIOD = "period"
    NOW = "now"


class KpiTile(TileBase, Measured):
    """One number; over a period also its change against the preceding one, and its course."""

    type: Literal["kpi"]
    title: Text | None = None
    better: Better = Better.HIGHER
    span: Span = Span.PERIOD


class TrendTile(TileBase, Measured):
    """A metric over time; stacked by a dimension, or against the preceding period."""

    type: Literal["trend"]
    title: Text
    by: Name | None = None


class RankingTile(TileBase, Measured):
    """The largest members of a dimension by a metric. `range` fixes the days whatever the page shows."""

    type: Literal["ranking"]
    levels: tuple[Level, ...] = Field(min_length=1)
    limit: int = Field(default=10, ge=1, le=50)
    range: RangeName | None = None


class TableColumn(Measured):
    """One metric of a table; `label` is a shorter heading than the metric's friendly name."""

    label: Text | None = None
    style: CellStyle = CellStyle.PLAIN


class TableTile(TileBase):
    """Members of a dimension with several metrics; ordered by the first column, largest first."""

    type: Literal["table"]
    levels: tuple[Level, ...] = Field(min_length=1)
    also: tuple[Name, ...] = ()
    columns: tuple[TableColumn, ...] = Field(min_length=1)
    limit: int = Field(default=12, ge=1, le=100)


Tile = KpiTile | TrendTile | RankingTile | TableTile
TILE_TYPES: dict[str, type[KpiTile | TrendTile | RankingTile | TableTile]] = {
    "kpi": KpiTile,
    "trend": TrendTile,
    "ranking": RankingTile,
    "table": TableTile,
}


class DashboardTexts(RootModel[dict[Text, Text]]):
    """A file of texts: each English text of dashboards, and the same in the language of its name."""


class DashboardFile(StrictModel):
    """The top of a dashboard file; its tiles are read one by one, each as its own type."""

    title: Text
    description: Text
    roles: tuple[RoleName, ...] = Field(min_length=1)
    home_of: tuple[RoleName, ...] = ()
    range: RangeName = RangeName.LAST_30_DAYS
    grain: Grain | None = None
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
    filters: tuple[PageFilter, ...]
    tiles: tuple[Tile, ...]
    fingerprint: str

    def filter_names(self) -> frozenset[str]:
        """The dimensions the page can be filtered by."""
        return frozenset(page_filter.dimension for page_filter in self.filters)


def measured_parts(tile: Tile) -> Iterator[tuple[tuple[str | int, ...], Measured]]:
    """Every metric use of a tile with its place in the file, seen from the tile."""
    if isinstance(tile, TableTile):
        for position, column in enumerate(tile.columns):
            yield ("columns", position), column
    else:
        yield (), tile
