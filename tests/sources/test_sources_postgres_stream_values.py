"""A value lands the same by the stream as by a snapshot, whatever its type."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amalimart.sources.postgres import stream
from amalimart.sources.postgres.relations import SourceColumn
from amalimart.sources.postgres.text_values import TextColumn
from tests.sources.followed_shop import FollowedShop

if TYPE_CHECKING:
    from tests.sources.conftest import Database, Mappings, ReadingLake

MAPPING = """
tables: {tags: {}}
entities: {tags: {table: tags, columns: {tag_id: id}, where: {%s}}}
"""

TYPES: dict[str, list[str]] = {
    "smallint": ["-32768", "null"],
    "integer": ["2147483647"],
    "bigint": ["-9223372036854775808"],
    "boolean": ["true", "false", "null"],
    "text": ["''", "'Ɛyɛ \"fɛ\"'", "E'a\\nb\\t\\\\'", "null", "repeat('x', 100000)"],
    "varchar(5)": ["'abc'", "'ab  '"],
    "char(5)": ["'abc'", "'é'", "null"],
    '"char"': ["'x'", "''"],
    "name": ["'a_name'"],
    "numeric(18,2)": ["9999999999999999.99", "-0.01", "'NaN'", "null"],
    "numeric(38,10)": ["-1234567890123456789012345678.0123456789"],
    "numeric(3,-2)": ["12345"],
    "numeric(2,5)": ["0.00012"],
    "numeric(40,2)": ["12345678901234567890123456789012345678.90"],
    "numeric": ["1e40", "'NaN'", "0.1000", "'-Infinity'", "1e-20"],
    "real": ["1.1", "'NaN'", "'Infinity'", "1e-45", "3.4028235e38"],
    "double precision": ["0.1", "1e308", "'-Infinity'", "5e-324", "-0.0"],
    "date": [
        "'2024-02-29'",
        "'0001-01-01'",
        "'9999-12-31'",
        "'infinity'",
        "'4713-01-01 BC'",
        "'10000-01-01'",
    ],
    "timestamp": [
        "'2024-12-31 23:59:59.999999'",
        "'2024-01-01 00:00'",
        "'-infinity'",
        "'0044-03-15 BC'",
        "'9999-12-31 23:59:59.999999'",
        "'0001-01-01 00:00:00.5'",
        "'294276-12-31'",
        "null",
    ],
    "timestamp(3)": ["'2024-12-31 23:59:59.1'"],
    "timestamptz": [
        "'2024-01-01 00:30:00+01'",
        "'infinity'",
        "'0001-01-01 00:00+00'",
        "'0001-12-31 23:59:59+00 BC'",
        "null",
    ],
    "time": ["'01:02:03.5'", "'24:00:00'"],
    "timetz": ["'01:02:03.5+05:30'"],
    "interval": ["'1 year 2 days 03:00'", "'-1 month'", "'0'"],
    "uuid": ["'11111111-2222-3333-4444-555555555555'"],
    "inet": ["'10.0.0.1'", "'10.0.0.1/8'", "'::1'", "'2001:db8::/32'"],
    "cidr": ["'10.0.0.0/8'", "'10.0.0.1/32'"],
    "macaddr": ["'08:00:2b:01:02:03'"],
    "money": ["1234.5", "-0.05", "'92233720368547758.07'", "null"],
    "bytea": ["'\\x00ff'", "''"],
    "json": ["'{\"a\":  1}'"],
    "jsonb": ['\'{"b": 1.0, "a": null}\''],
    "bit(3)": ["b'101'"],
    "varbit": ["b'1'"],
    "point": ["'(1.5,2)'"],
    "int4range": ["'[1,5]'", "'empty'"],
    "tsvector": ["'a fat cat'"],
    "text[]": ['\'{a,"b c",null,""}\'', "'{}'"],
    "numeric(10,2)[]": ["'{1.10,NaN}'"],
    "timestamptz[]": ["'{\"2024-01-01 00:30:00+01\",infinity}'"],
    "mood": ["'sad'"],
    "mood[]": ["'{sad,happy}'"],
    "price": ["12345.678"],
    "code": ["'ab'"],
    "pair": ["row(1, 'a b')", "row(null, null)"],
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LOOK_SECONDS", 0.2)


def test_each_type_lands_as_a_snapshot_lands_it(
    either: Database, mappings: Mappings, lake: ReadingLake
) -> None:
    """Every value twice: copied by the snapshot, and told by the stream when its row gets another key."""
    columns = {f"c{place}": kind for place, kind in enumerate(TYPES)}
    either.run(
        "create type mood as enum ('happy', 'sad')",
        "create domain price as numeric(8,3) check (value >= 0)",
        "create domain code as char(4)",
        "create type pair as (n int, t text)",
        f"create table tags (id bigint primary key, {', '.join(' '.join(one) for one in columns.items())})",
    )
    for name, kind in columns.items():
        for number, value in enumerate(TYPES[kind]):
            either.run(
                f"insert into tags (id, {name}) values ({number}, {value})"
                f" on conflict (id) do update set {name} = excluded.{name}"
            )
    # A filter lands its column whatever the type; the canonical ones would each take some types only.
    listed = ", ".join(f"{name}: [x]" for name in columns)
    shop = FollowedShop(either, mappings, lake, MAPPING % listed)
    shop.snapshot()
    copied, by_snapshot = shop.rows["tags"], shop.replaced
    shop.rows, shop.replaced = {"tags": {}}, {}
    either.run("update tags set id = id + 100")
    changes = shop.catch_up()
    shop.close()
    told = {key[0] - 100: row for key, row in shop.rows["tags"].items()}
    differing = {
        columns[name]: (row[name], told[key[0]][name])
        for key, row in copied.items()
        for name in columns
        if repr(row[name]) != repr(told[key[0]][name])
    }
    assert differing == {}
    assert len(told) == len(copied) == max(len(values) for values in TYPES.values())
    assert {kind: by_snapshot["tags"].get(name) for name, kind in columns.items()} == {
        kind: shop.replaced["tags"].get(name) for name, kind in columns.items()
    }
    assert changes[-1].shape.schema.remove_metadata() == pa.schema(_source_fields(lake))


def _source_fields(lake: ReadingLake) -> list[pa.Field]:
    """The fields a snapshot's file has from the source."""
    (path,) = lake.live_files("shop")["tags"].paths
    return [field for field in pq.read_schema(path) if not field.name.startswith("_")]


TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
ROWS = st.lists(
    st.tuples(
        TEXTS,
        st.decimals(-(10**15), 10**15, places=4) | st.just(Decimal("NaN")),
        st.integers(-(10**50), 10**50).map(lambda number: Decimal(number).scaleb(-13)),
        st.floats(),
        st.floats(width=32),
        st.datetimes(),
        st.datetimes(timezones=st.just(UTC)),
        st.dates(),
        st.binary(max_size=20),
        st.lists(TEXTS, max_size=3),
        st.timedeltas(timedelta(days=-9999), timedelta(days=9999)),
    ),
    min_size=1,
    max_size=30,
)


def test_any_row_lands_by_the_stream_as_a_snapshot_lands_it(
    captured: Database, mappings: Mappings, lake: ReadingLake
) -> None:
    """Told by the stream first, then copied again: the two must be one."""
    kinds = [
        "text",
        "numeric(20,4)",
        "numeric",
        "double precision",
        "real",
        "timestamp",
        "timestamptz",
        "date",
        "bytea",
        "text[]",
        "interval",
    ]
    names = [f"c{place}" for place in range(len(kinds))]
    columns = ", ".join(f"{name} {kind}" for name, kind in zip(names, kinds, strict=True))
    captured.run(f"create table tags (id bigserial primary key, {columns})")
    shop = FollowedShop(captured, mappings, lake, MAPPING % ", ".join(f"{name}: [x]" for name in names))
    shop.snapshot()
    shop.follow()

    @settings(max_examples=15)
    @given(ROWS)
    def told_is_copied(rows: list[tuple[Any, ...]]) -> None:
        with captured.connect() as connection, connection.cursor() as cursor:
            cursor.executemany(
                f"insert into tags ({', '.join(names)}) values ({', '.join(['%s'] * len(names))})", rows
            )
        shop.replaced = {}
        shop.catch_up()
        told, lost = shop.rows["tags"], shop.replaced
        shop.snapshot("tags")
        assert repr(sorted(told.items())) == repr(sorted(shop.rows["tags"].items()))
        assert shop.replaced == lost
        captured.run("truncate tags")
        shop.follow()
        shop.catch_up()

    told_is_copied()
    shop.close()


def column(base: str, modifier: int = -1) -> TextColumn:
    return TextColumn(SourceColumn("value", base, True, modifier, base), 2)


@pytest.mark.parametrize(
    ("base", "modifier", "texts", "landed", "lost"),
    [
        ("int4", -1, [b"1", b"one", None, b"2147483648"], [1, None, None, None], 2),
        ("numeric", ((5 << 16) | 2) + 4, [b"1.00", b"1.005", b"1000.00"], [Decimal("1.00"), None, None], 2),
        ("bool", -1, [b"t", b"maybe"], [True, None], 1),
        ("date", -1, [b"2024-01-01", b"2024-13-01", b"soon"], [date(2024, 1, 1), None, None], 2),
        ("timestamp", -1, [b"2024-01-01 00:00:00", b"2024-01-01 99:00:00"], [datetime(2024, 1, 1), None], 1),  # noqa: DTZ001
        ("timestamptz", -1, [b"2024-01-01 00:00:00+02"], [None], 1),
        ("text", -1, [b"\xff\xfe", b"ok"], [None, "ok"], 1),
        ("money", -1, [b"$1.00", b"one"], ["1.00", None], 1),
    ],
)
def test_a_poison_value_is_null_and_counted_and_its_neighbours_stay(
    base: str, modifier: int, texts: list[bytes | None], landed: list[Any], lost: int
) -> None:
    values, count = column(base, modifier).landed(texts)
    assert (values.to_pylist(), count) == (landed, lost)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_floats_survive_their_text(values: list[float]) -> None:
    landed, count = column("float8").landed([repr(value).encode() for value in values])
    assert (landed.to_pylist(), count) == (values, 0)


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_small_floats_survive_their_text(values: list[float]) -> None:
    landed, count = column("float4").landed([repr(value).encode() for value in values])
    assert (landed.to_pylist(), count) == (values, 0)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999))))  # noqa: DTZ001
def test_moments_survive_their_text(values: list[datetime]) -> None:
    """As PostgreSQL writes them, without the zeros at the end of a fraction."""
    texts = [value.isoformat(" ", "microseconds").rstrip("0").rstrip(".") for value in values]
    texts = [
        text if text[-3] == ":" or "." in text else value.isoformat(" ", "seconds")
        for text, value in zip(texts, values, strict=True)
    ]
    landed, count = column("timestamp").landed([text.encode() for text in texts])
    assert (landed.to_pylist(), count) == (values, 0)


@given(st.lists(st.integers(-(10**18), 10**18)))
def test_amounts_of_money_survive_their_text(cents: list[int]) -> None:
    texts = [f"{'-' if value < 0 else ''}${abs(value) // 100:,}.{abs(value) % 100:02}" for value in cents]
    landed, _ = column("money").landed([text.encode() for text in texts])
    assert [Decimal(value) * 100 for value in landed.to_pylist()] == cents
