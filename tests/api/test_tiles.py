"""Heat maps, funnels, words, work lists and forms of courses: what is asked, and what comes of it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import vl_convert
from hypothesis import given
from hypothesis import strategies as st

from amalimart.api.dashboards.charts import trend_spec
from amalimart.api.dashboards.definition import TrendForm
from amalimart.api.dashboards.heat import heat_grid
from amalimart.api.dashboards.library import load_dashboards
from amalimart.api.dashboards.page import answer_page
from amalimart.api.dashboards.planning import plan_tile
from amalimart.api.dashboards.state import read_state
from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import ConfigError, NotAvailable
from amalimart.core.fiscal import Calendar
from amalimart.semantic.answer import Answer, Column, ColumnKind, Receipt
from amalimart.semantic.question import Operator, Question
from tests.web.fake_marketplace import NOON, TODAY, FakeMarketplace
from tests.web.test_charts import ANYONE

PAGE = """\
title: A page
description: About it.
roles: [admin]
range: yesterday
filters:
  - {dimension: shipping_region, label: Region, control: click}
  - {dimension: payment_kind, label: Payment kind, control: click}
tiles:
  - {id: day, type: kpi, metric: order_count}
  - {id: fixed, type: trend, title: T, metric: order_count, range: this_year, form: bar}
  - {id: parts, type: trend, title: P, metric: order_count, by: payment_kind, form: area}
  - {id: grid, type: heat, title: G, metric: gmv, rows: shipping_region, across: payment_kind, limit: 3}
  - id: cohorts
    type: heat
    title: C
    metric: cohort_retention
    rows: cohort_month
    across: months_since_first_order
    within_days: true
  - id: flow
    type: funnel
    title: F
    steps:
      - {metric: order_count, label: Placed}
      - {metric: shipment_count}
      - {metric: fulfilled_orders}
  - {id: words, type: text, title: W, text: "One.\\n\\nTwo.", links: [{label: Work, to: /work}]}
  - {id: late, type: work, title: Late, list: late}
"""


def page_of(folder: Path, query: str = "", market: FakeMarketplace | None = None) -> dict[str, Any]:
    (folder / "page.yml").write_text(PAGE, encoding="utf-8")
    dashboard = load_dashboards(packaged=folder).dashboards["page"]
    pairs = [tuple(each.split("=")) for each in query.split("&") if each]
    state = read_state(pairs, dashboard, TODAY, Calendar(10))  # type: ignore[arg-type]
    page = answer_page(dashboard, state, ANYONE, market or FakeMarketplace(), TODAY)
    return {tile["id"]: tile for tile in page.document["tiles"]}


def test_the_last_complete_day_is_yesterday_and_its_course_leads_to_it(tmp_path: Path) -> None:
    market = FakeMarketplace()
    tile = page_of(tmp_path, market=market)["day"]
    yesterday = TODAY - timedelta(days=1)
    assert tile["value"] == int(market.total("order_count", DayRange(yesterday, yesterday)))
    before = yesterday - timedelta(days=1)
    assert tile["previous"] == int(market.total("order_count", DayRange(before, before)))
    assert [point["time"] for point in tile["course"]][-1] == yesterday.isoformat()
    assert len(tile["course"]) == 14
    assert not any(point["partial"] for point in tile["course"])


def test_this_year_is_the_fiscal_one_also_where_a_tile_keeps_its_own_days(tmp_path: Path) -> None:
    tile = page_of(tmp_path)["fixed"]
    assert tile["grain"] == "week"
    assert tile["rows"][0][0] == Grain.WEEK.start(date(2025, 10, 1)).isoformat()
    assert tile["range_label"] == "This year"


def test_members_of_a_course_lead_to_their_filter_once(tmp_path: Path) -> None:
    assert page_of(tmp_path)["parts"]["drill"] == "payment_kind"
    assert page_of(tmp_path, "payment_kind=COD")["parts"]["drill"] is None


def test_a_grid_keeps_its_largest_rows_and_says_how_many_it_leaves_out(tmp_path: Path) -> None:
    tile = page_of(tmp_path)["grid"]
    assert len(tile["down"]) == len(tile["cells"]) == 3
    assert tile["more"]["down"] == 7
    assert tile["drill"] == "shipping_region"
    sizes = [sum(Decimal(value or 0) for value in row) for row in tile["cells"]]
    assert sizes == sorted(sizes, reverse=True)


def test_cohorts_are_asked_from_the_first_whole_month(tmp_path: Path) -> None:
    (tmp_path / "page.yml").write_text(PAGE, encoding="utf-8")
    dashboard = load_dashboards(packaged=tmp_path).dashboards["page"]
    state = read_state([("range", "last_90_days")], dashboard, TODAY)
    (cohorts,) = (tile for tile in dashboard.tiles if tile.id == "cohorts")
    (question,) = plan_tile(cohorts, dashboard, state).questions
    (only,) = question.filters
    assert (only.dimension, only.operator, only.values) == ("cohort_month", Operator.GE, ("2026-01-01",))


def answer_of(rows: list[tuple[Any, Any, Any]]) -> Answer:
    columns = (
        Column("a", "A", ColumnKind.DIMENSION, "text"),
        Column("b", "B", ColumnKind.DIMENSION, "number"),
        Column("m", "M", ColumnKind.METRIC, "count"),
    )
    return Answer(columns, tuple(rows), Receipt(1, NOON, NOON, (), (), None))


CELLS = st.dictionaries(
    st.tuples(st.sampled_from([None, "x", "y", "z"]), st.integers(0, 20)),
    st.one_of(st.none(), st.integers(-50, 50)),
    max_size=40,
)


@given(CELLS, st.integers(1, 5))
def test_a_grid_shows_exactly_the_numbers_of_its_places(cells: dict[Any, Any], most: int) -> None:
    grid = heat_grid(answer_of([(a, b, value) for (a, b), value in cells.items()]), most)
    across = [each["key"] for each in grid["across"]]
    assert across == sorted(across)
    assert len(grid["down"]) <= most
    for row, line in zip(grid["down"], grid["cells"], strict=True):
        for column, value in zip(grid["across"], line, strict=True):
            assert value == cells.get((row["key"], column["key"]))
    members = {a for a, _ in cells}
    assert len(grid["down"]) + grid["more"]["down"] == len(members)


def test_months_stand_in_their_order_and_the_last_are_kept() -> None:
    months = [date(2024, month, 1) for month in (3, 1, 2)]
    grid = heat_grid(answer_of([(month, 0, size) for month, size in zip(months, (1, 50, 9), strict=True)]), 2)
    assert [each["key"] for each in grid["down"]] == ["2024-02-01", "2024-03-01"]


def test_a_funnel_says_what_is_left_of_the_first_and_of_the_step_before(tmp_path: Path) -> None:
    steps = page_of(tmp_path)["flow"]["steps"]
    values = [Decimal(step["value"]) for step in steps]
    assert [step["label"] for step in steps] == ["Placed", "Orders shipped", "Fulfilled orders"]
    assert steps[0]["of_previous"] is None
    assert Decimal(steps[2]["of_first"]) == pytest.approx(values[2] / values[0], abs=Decimal("0.0001"))
    assert Decimal(steps[2]["of_previous"]) == pytest.approx(values[2] / values[1], abs=Decimal("0.0001"))


def test_a_failed_funnel_leaves_the_rest_of_the_page(tmp_path: Path) -> None:
    market = FakeMarketplace(
        failing={"shipment_count": NotAvailable("no parcels here", next_step="map them")}
    )
    tiles = page_of(tmp_path, market=market)
    assert (tiles["flow"]["status"], tiles["flow"]["message"]) == ("left_out", "no parcels here")
    assert {tiles[name]["status"] for name in ("day", "grid", "words", "late")} == {"ok"}


def test_words_and_work_lists_ask_nothing_and_have_no_receipt(tmp_path: Path) -> None:
    tiles = page_of(tmp_path)
    assert tiles["words"]["text"] == "One.\n\nTwo."
    assert tiles["words"]["links"] == [{"label": "Work", "to": "/work"}]
    assert tiles["late"]["list"] == "late"
    assert tiles["late"]["definitions"] == tiles["words"]["definitions"] == []


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("range: this_year, form: bar", "form: stacked", 10, "stacked needs"),
        ("by: payment_kind, form: area", "by: payment_kind, form: bar", 11, "line, area or stacked"),
        ("form: area", "form: pie", 11, "form"),
        ("across: payment_kind, limit: 3", "acros: payment_kind", 12, "unknown key 'acros'"),
        ("limit: 3", "limit: 0", 12, "limit"),
        ("      - {metric: shipment_count}\n      - {metric: fulfilled_orders}\n", "", 23, "steps"),
        ("to: /work", "to: https://elsewhere.test", 27, "to"),
        ("to: /work", "to: //elsewhere.test", 27, "to"),
        ("list: late", "list: lost", 28, "list"),
        ("type: funnel", "type: tunnel", 21, "unknown tile type 'tunnel'"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_line(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    assert old in PAGE
    (tmp_path / "page.yml").write_text(PAGE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_dashboards(packaged=tmp_path)
    assert what in f"{caught.value.what} {caught.value.expected}"
    assert (caught.value.where or "").rpartition(":")[2] == str(line)


@pytest.mark.parametrize(
    ("form", "by", "style"),
    [
        (TrendForm.LINE, (), "current_area"),
        (TrendForm.AREA, (), "filled_area"),
        (TrendForm.BAR, (), "current_bar"),
        (TrendForm.STACKED, ("payment_kind",), "stacked"),
        (TrendForm.AREA, ("payment_kind",), "stacked_area"),
        (TrendForm.LINE, ("payment_kind",), "member_line"),
    ],
)
def test_every_form_is_one_the_chart_library_compiles(
    form: TrendForm, by: tuple[str, ...], style: str
) -> None:
    days = DayRange(TODAY - timedelta(days=59), TODAY)
    question = Question(("order_count",), TODAY, by, Grain.WEEK, days, compare=not by, fill=True)
    spec = trend_spec(FakeMarketplace().ask(question, ANYONE), Grain.WEEK, "A course", form)
    assert style in str(spec)
    compiled = vl_convert.vegalite_to_vega({**spec, "config": {"customFormatTypes": True}})
    assert next(data["name"] for data in compiled["data"]) == "rows"
    assert "#" not in str(spec)
