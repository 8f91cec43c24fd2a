"""Every cast of a landed cell on both engines: the same value, readable or not, changed or not."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from amalimart.core.errors import CompileFailed
from amalimart.mapping.entities import ColumnType
from amalimart.warehouse.lake_view import engine_type
from amalimart.warehouse.staging.casts import cast_expression, present_value
from amalimart.warehouse.staging.macros import call, rendered
from tests.spark.session import BothEngines
from tests.warehouse.test_casts import BUSINESS_ZONE, CELLS, TYPED, VALUES, is_negligible

pytestmark = pytest.mark.slow
SOURCE_ZONE = "America/New_York"  # its summer time begins and ends on other days than the business zone's


def drawn(cells: st.SearchStrategy[Any], tables: int) -> list[Any]:
    """Cells as a property would try them, all at once: a question costs Spark a second, whatever its size."""
    found: list[Any] = []

    @settings(
        max_examples=tables,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(st.lists(cells, min_size=30, max_size=60))
    def collect(some: list[Any]) -> None:
        found.extend(some)

    collect()
    return found


def apart(engines: BothEngines, cells: list[Any], arrow: pa.DataType) -> list[tuple[Any, ...]]:
    """(target, cell, DuckDB, Spark) of the cells that are told differently as any canonical type."""
    source_type = engine_type(str(arrow))
    selected, asked = [], []
    for target in ColumnType:
        cast = cast_expression(
            '"from x"',
            source_type=source_type,
            target=target,
            result=f"as_{target.value}",
            values=VALUES if target is ColumnType.ENUM else None,
            default="UNKNOWN",
            text_format=None,
            source_zone=SOURCE_ZONE,
            business_zone=BUSINESS_ZONE,
        )
        selected.append(f"{cast.value} as as_{target.value}")
        asked += [f"as_{target.value}", f"coalesce({cast.is_changed or 'false'}, false) as is_{target.value}"]
    engines.land(pa.table({"n": range(len(cells)), "x": pa.array(cells, arrow)}))
    duck, spark = engines.ask(
        f'with given as (select n, {present_value("x", source_type)} as "from x" from landed), '
        f"typed as (select *, {', '.join(selected)} from given) "
        f'select n, "from x" is null as is_blank, {", ".join(asked)} from typed order by n'
    )
    assert [row[:2] for row in duck] == [row[:2] for row in spark]
    return [
        (target, cells[ours[0]], ours[at : at + 2], theirs[at : at + 2])
        for ours, theirs in zip(duck, spark, strict=True)
        for at, target in enumerate_pairs()
        if not is_alike(ours[at], theirs[at], source_type)
        or (ours[at + 1] != theirs[at + 1] and not is_negligible(target, str(cells[ours[0]])))
    ]


def is_alike(ours: Any, theirs: Any, source_type: str) -> bool:
    """Java before 19 writes some doubles with more digits than tell them apart (JDK-4511638)."""
    if (ours, type(ours)) == (theirs, type(theirs)):
        return True
    are_texts = isinstance(ours, str) and isinstance(theirs, str)
    return source_type == "double" and are_texts and float(ours) == float(theirs)


def enumerate_pairs() -> list[tuple[int, ColumnType]]:
    return [(2 + 2 * place, target) for place, target in enumerate(ColumnType)]


def test_a_text_cell_is_read_alike(engines: BothEngines) -> None:
    cells = drawn(st.none() | CELLS, 60)
    assert len(cells) > 2_000
    assert apart(engines, cells, pa.string()) == []


@pytest.mark.parametrize("kind", TYPED)
def test_a_typed_cell_is_read_alike(engines: BothEngines, kind: str) -> None:
    arrow, cells = TYPED[kind]
    assert apart(engines, drawn(st.none() | cells, 12), arrow) == []


FORMATS = {
    "%d/%m/%Y %H:%M": [
        "01/07/2026 12:00", "1/7/2026 2:05", " 08/03/2026  02:30 ", "31/02/2026 10:00", "2026-03-01 1:00",
    ],
    "%-d.%-m.%y": ["1.7.26", "29.2.68", "31.12.69", "01.07.2026", "1.13.26"],
    "%b %d, %Y %I:%M:%S.%f %p": [
        "Mar 08, 2026 02:30:00.5 AM", "jul 4, 1976 12:00:01.000001 pm", "Dec 1, 2026 13:00:00.0 PM",
    ],
    "%B %d %Y": ["march 5 2026", "February 30 2026", "May 1 2026"],
    "%A, %d.%m.%Y": ["Sunday, 08.03.2026", "someday, 08.03.2026"],
    "%Y%m%d": ["20260308", "2026038", "202603"],
    "%Y %j": ["2024 60", "2023 366", "2024 366", "2024 0"],
    "%H:%M:%S": ["23:59:59", "24:00:00", "12:60:00", "12:00:60"],
    "%Y-%m-%dT%H:%M:%S%z": [
        "2026-03-29T01:30:00+0100", "2026-03-29T01:30:00-05", "2026-03-29T01:30:00+05:45",
        "2026-03-29T01:30:00",
    ],
    "%d/%m/%Y %H:%M %Z": ["01/01/2026 12:00 UTC", "01/01/2026 12:00"],
    "it's %d%% of %m": ["it's 5% of 7", "its 5% of 7"],
}  # fmt: skip


@pytest.mark.parametrize("text_format", FORMATS)
def test_a_format_is_read_alike(engines: BothEngines, text_format: str) -> None:
    cells = [*FORMATS[text_format], "", "x", None]
    cast = cast_expression(
        "x", source_type="varchar", target=ColumnType.TIMESTAMP, result="told", values=None, default=None,
        text_format=text_format, source_zone=SOURCE_ZONE, business_zone=BUSINESS_ZONE,
    )  # fmt: skip
    engines.land(pa.table({"n": range(len(cells)), "x": cells}))
    ours, theirs = engines.ask(f"select x, {cast.value} from landed order by n")
    assert theirs == ours
    assert any(value is not None for _, value in ours)


def test_a_format_that_spark_cannot_read_is_named() -> None:
    with pytest.raises(CompileFailed, match="%W"):
        rendered(call("text_by_format", "x", "%Y %W"), "spark")


ZONES = (
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Asia/Kolkata",
)


def test_an_hour_that_is_skipped_or_comes_twice_is_the_same_moment(engines: BothEngines) -> None:
    """Every quarter of an hour around each change of the clocks of a few years."""
    for zone in ZONES:
        start = datetime(2011, 12, 28) if zone == "Pacific/Apia" else datetime(2026, 1, 1)  # noqa: DTZ001
        steps = range(5 * 96) if zone == "Pacific/Apia" else range(0, 366 * 96, 3)
        cells = [start + step * timedelta(minutes=15) for step in steps]
        engines.land(pa.table({"n": range(len(cells)), "x": pa.array(cells, pa.timestamp("us"))}))
        ours, theirs = engines.ask(
            f"select n, {call('from_zone', 'x', zone, BUSINESS_ZONE)},"
            f" {call('from_zone', 'x', BUSINESS_ZONE, zone)} from landed order by n"
        )
        differ = [(zone, cells[a[0]], a, b) for a, b in zip(ours, theirs, strict=True) if a != b]
        assert differ == []


def test_texts_that_rows_are_ordered_by_are_compared_alike(engines: BothEngines) -> None:
    days = ("2026-03-01", "2026/3/1", "2026-03-01 24:00:00", "soon")
    clocks = (
        "",
        " 10:00",
        "T10:00:00.5",
        " 10:00:00Z",
        " 10:00:00+02",
        "T10:00:00 -05:30",
        " 10:00:00 UTC",
        " 10:00Z",
    )
    cells = ["7", "07", "-1.5", "1e3", "ten", *(day + clock for day, clock in product(days, clocks))]
    engines.land(pa.table({"n": range(len(cells)), "x": cells}))
    number, moment = call("text_to_order_as_number", "x"), call("text_to_order_as_moment", "x")
    ours, theirs = engines.ask(f"select x, {number}, {moment} from landed order by n")
    assert theirs == ours
