from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import vl_convert

from amalimart.access.principal import Principal, Role
from amalimart.api.dashboards.charts import trend_spec
from amalimart.core.calendar import DayRange, Grain
from amalimart.semantic.question import Question
from tests.web.fake_marketplace import TODAY, FakeMarketplace

ANYONE = Principal("x", Role.ADMIN)


def specification(
    *, by: tuple[str, ...] = (), grain: Grain = Grain.DAY, metric: str = "gmv"
) -> dict[str, Any]:
    days = DayRange(TODAY - timedelta(days=59), TODAY)
    question = Question(
        metrics=(metric,), today=TODAY, by=by, grain=grain, days=days, compare=not by, fill=True
    )
    answer = FakeMarketplace().ask(question, ANYONE)
    return trend_spec(answer, grain, "A metric over time")


@pytest.mark.parametrize("grain", [Grain.DAY, Grain.WEEK, Grain.MONTH])
@pytest.mark.parametrize("by", [(), ("payment_kind",)])
def test_a_specification_is_one_the_chart_library_compiles(by: tuple[str, ...], grain: Grain) -> None:
    spec = specification(by=by, grain=grain)
    compiled = vl_convert.vegalite_to_vega({**spec, "config": {"customFormatTypes": True}})
    assert next(data["name"] for data in compiled["data"]) == "rows"
    kinds = {mark["type"] for mark in compiled["marks"]}
    assert kinds & {"group", "rect"}


def test_a_specification_has_no_colour_and_no_data() -> None:
    for text in (str(specification()), str(specification(by=("payment_kind",)))):
        assert "#" not in text
        assert "rgb" not in text
        assert "values" not in text


def test_partial_buckets_leave_the_line_and_the_area() -> None:
    layers = {layer["mark"]["style"]: layer for layer in specification()["layer"]}
    assert set(layers) == {"previous", "current_area", "current", "partial", "partial_point"}
    for style in ("current", "current_area"):
        assert layers[style]["transform"] == [{"filter": "!datum.partial"}]
    assert "transform" not in layers["previous"]


def test_counts_have_no_fractions_on_their_axis() -> None:
    def axis(metric: str) -> dict[str, Any]:
        found: dict[str, Any] = specification(metric=metric)["layer"][0]["encoding"]["y"]["axis"]
        return found

    assert axis("order_count")["tickMinStep"] == 1
    assert "tickMinStep" not in axis("gmv")
    assert axis("gmv")["format"] == "axis:money:GHS"
