"""Binary COPY held against PostgreSQL itself: what comes back is what Python meant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amalimart.demo import copy_binary
from amalimart.demo.generator.rows import (
    NONE,
    Rows,
    bigint,
    date_of,
    flag,
    instant,
    integer,
    money,
    rate,
    text,
    texts,
)

if TYPE_CHECKING:
    from tests.demo.conftest import Shop

_CHARACTERS = st.characters(exclude_characters="\x00", exclude_categories=["Cs"])
_ROW = st.tuples(
    st.none() | st.integers(-(2**62), 2**62),
    st.none() | st.integers(-(2**31), 2**31 - 1),
    st.none() | st.integers(-(10**12) + 1, 10**12 - 1),
    st.none() | st.integers(-99_9999, 99_9999),
    st.none() | st.integers(-4_000_000_000_000_000, 7_000_000_000_000_000),
    st.none() | st.integers(-200_000, 200_000),
    st.booleans(),
    st.none() | st.text(_CHARACTERS, min_size=1, max_size=40),
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_ROW, min_size=1, max_size=30))
def test_every_kind_of_value_survives(shop: Shop, rows: list[tuple[object, ...]]) -> None:
    def column(position: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array([NONE if row[position] is None else row[position] for row in rows], dtype=np.int64)

    generated = Rows(
        "copied",
        {
            "a": bigint(column(0)),
            "b": integer(column(1)),
            "c": money(column(2)),
            "d": rate(column(3)),
            "e": instant(column(4)),
            "f": date_of(column(5)),
            "g": flag(column(6).astype(np.bool_)),
            "h": text(texts(str(row[7] or "") for row in rows)),
        },
    )
    with psycopg.connect(shop.dsn) as connection, connection.cursor() as cursor:
        cursor.execute(
            """
            create temporary table copied (
                n integer generated always as identity,
                a bigint, b integer, c numeric(14, 2), d numeric(6, 4), e timestamptz,
                f date, g boolean, h text
            )
            """
        )
        with cursor.copy("copy copied (a, b, c, d, e, f, g, h) from stdin (format binary)") as copy:
            copy.write(copy_binary.HEADER)
            for block in copy_binary.encoded(generated):
                copy.write(block)
            copy.write(copy_binary.TRAILER)
        found = cursor.execute("select a, b, c, d, e, f, g, h from copied order by n").fetchall()
        connection.rollback()
    assert found == [_meant(row) for row in rows]


def _meant(row: tuple[object, ...]) -> tuple[object, ...]:
    a, b, cents, ten_thousandths, microseconds, days, truth, label = row
    return (
        a,
        b,
        Decimal(cents).scaleb(-2) if isinstance(cents, int) else None,
        Decimal(ten_thousandths).scaleb(-4) if isinstance(ten_thousandths, int) else None,
        _EPOCH + timedelta(microseconds=microseconds) if isinstance(microseconds, int) else None,
        date(1970, 1, 1) + timedelta(days=days) if isinstance(days, int) else None,
        truth,
        label,
    )


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="different length"):
        Rows("t", {"a": bigint(np.arange(2)), "b": bigint(np.arange(3))})


def test_more_rows_than_one_block_keep_their_number_and_order() -> None:
    count = copy_binary.BLOCK_ROWS + 5
    blocks = list(copy_binary.encoded(Rows("t", {"a": bigint(np.arange(count))})))
    assert len(blocks) == 2
    assert sum(len(block) for block in blocks) == count * (2 + 4 + 8)
