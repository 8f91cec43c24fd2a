"""Every cast of a landed cell on both engines: the same value, readable or not, changed or not."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from amalimart.mapping.entities import ColumnType
from amalimart.warehouse.lake_view import engine_type
from amalimart.warehouse.staging.casts import cast_expression, present_value
from tests.spark.session import BothEngines
from tests.warehouse.test_casts import CELLS, TYPED, VALUES

pytestmark = pytest.mark.slow
SOURCE_ZONE, BUSINESS_ZONE = "America/New_York", "Europe/London"  # summer time, on other days
# Whole tables at once, and no search for a smaller one: a question costs Spark a second, whatever its size.
FEW = settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=[Phase.generate],
)


def compared(
    engines: BothEngines,
    target: ColumnType,
    cells: list[Any],
    arrow: pa.DataType,
    text_format: str | None = None,
) -> None:
    source_type = engine_type(str(arrow))
    cast = cast_expression(
        '"from x"',
        source_type=source_type,
        target=target,
        result="told",
        values=VALUES if target is ColumnType.ENUM else None,
        default="UNKNOWN",
        text_format=text_format,
        source_zone=SOURCE_ZONE,
        business_zone=BUSINESS_ZONE,
    )
    engines.land(pa.table({"n": range(len(cells)), "x": pa.array(cells, arrow)}))
    duck, spark = engines.ask(
        f'with given as (select n, {present_value("x", source_type)} as "from x" from landed), '
        f"typed as (select *, {cast.value} as told from given) "
        f'select n, told, "from x" is not null and told is null as unreadable,'
        f" coalesce({cast.is_changed or 'false'}, false) as changed from typed order by n"
    )
    apart = [
        (cells[ours[0]], ours, theirs) for ours, theirs in zip(duck, spark, strict=True) if ours != theirs
    ]
    assert apart == []


@pytest.mark.parametrize("target", list(ColumnType))
@FEW
@given(cells=st.lists(st.none() | CELLS, min_size=200, max_size=400))
def test_a_text_cell_is_read_alike(engines: BothEngines, target: ColumnType, cells: list[str | None]) -> None:
    compared(engines, target, list(cells), pa.string())


@pytest.mark.parametrize("kind", TYPED)
@pytest.mark.parametrize("target", [each for each in ColumnType if each is not ColumnType.ENUM])
@FEW
@given(data=st.data())
def test_a_typed_cell_is_read_alike(
    engines: BothEngines, target: ColumnType, kind: str, data: st.DataObject
) -> None:
    arrow, cells = TYPED[kind]
    compared(engines, target, data.draw(st.lists(st.none() | cells, min_size=100, max_size=200)), arrow)
