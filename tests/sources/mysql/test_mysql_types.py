"""Both ways into the lake land the same value, and it is the value that is in the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from struct import pack, unpack
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from amalimart.sources.mysql.relations import read_relations
from tests.mariadb_server import MySQLDatabase
from tests.sources.mysql.conftest import Copies, Copy, Row


@dataclass(frozen=True)
class Kind:
    """A column type, values of it, and what each is in the lake; None where only the server knows."""

    sql: str
    values: st.SearchStrategy[Any]
    landed: Callable[[Any], Any] | None
    arrow: pa.DataType


def same(value: Any) -> Any:
    return value


def whole(sql: str, bits: int, arrow: pa.DataType) -> Kind:
    if "unsigned" in sql:
        return Kind(sql, st.integers(0, 2**bits - 1), same, arrow)
    return Kind(sql, st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1), same, arrow)


def exact(precision: int, scale: int) -> st.SearchStrategy[Decimal]:
    most = 10**precision - 1
    return st.integers(-most, most).map(lambda digits: Decimal(f"{digits}E-{scale}"))


def clock(value: timedelta) -> str:
    """MySQL's own way to show a time with three digits after the point."""
    thousandths = abs(value) // timedelta(milliseconds=1)
    seconds, rest = divmod(thousandths, 1000)
    sign = "-" if value < timedelta(0) else ""
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
MOMENTS = st.datetimes()
INSTANTS = st.datetimes(datetime(1970, 1, 2), datetime(2038, 1, 18))  # noqa: DTZ001 - of a session in UTC
LATIN1 = st.text(st.sampled_from([chr(code) for code in range(1, 256)] + ["€", "„", "Ÿ"]), max_size=40).map(
    lambda text: "".join(letter for letter in text if not 0x80 <= ord(letter) <= 0x9F)
)
FINITE = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)
SINGLE = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False, width=32)

KINDS = {
    "tiny": whole("tinyint", 8, pa.int8()),
    "flag": whole("tinyint(1)", 8, pa.int8()),
    "tiny_u": whole("tinyint unsigned", 8, pa.uint8()),
    "small": whole("smallint", 16, pa.int16()),
    "small_u": whole("smallint unsigned", 16, pa.uint16()),
    "medium": whole("mediumint", 24, pa.int32()),
    "medium_u": whole("mediumint unsigned", 24, pa.uint32()),
    "whole": whole("int", 32, pa.int32()),
    "whole_u": whole("int unsigned", 32, pa.uint32()),
    "zeros": whole("int(8) unsigned zerofill", 32, pa.uint32()),
    "big": whole("bigint", 64, pa.int64()),
    "big_u": whole("bigint unsigned", 64, pa.uint64()),
    "bit_1": Kind("bit(1)", st.integers(0, 1), same, pa.int8()),
    "bit_10": Kind("bit(10)", st.integers(0, 1023), lambda value: f"{value:010b}", pa.string()),
    "bit_64": Kind("bit(64)", st.integers(0, 2**64 - 1), lambda value: f"{value:064b}", pa.string()),
    "money": Kind("decimal(10,2)", exact(10, 2), same, pa.decimal128(10, 2)),
    "widest": Kind("decimal(38,10)", exact(38, 10), same, pa.decimal128(38, 10)),
    "share": Kind("decimal(5,5)", exact(5, 5), same, pa.decimal128(5, 5)),
    "round": Kind("decimal(9,0)", exact(9, 0), same, pa.decimal128(9, 0)),
    "too_wide": Kind("decimal(65,30)", exact(65, 30), lambda value: f"{value:.30f}", pa.string()),
    "single": Kind("float", SINGLE, lambda value: unpack("<f", pack("<f", value))[0], pa.float32()),
    "twice": Kind("double", FINITE, same, pa.float64()),
    "year_of": Kind("year", st.one_of(st.just(0), st.integers(1901, 2155)), same, pa.int16()),
    "day": Kind("date", st.dates(date(1, 1, 1)), same, pa.date32()),
    "moment": Kind("datetime(6)", MOMENTS, same, pa.timestamp("us")),
    "second": Kind("datetime", MOMENTS.map(lambda at: at.replace(microsecond=0)), same, pa.timestamp("us")),
    "tenth": Kind(
        "datetime(1)",
        MOMENTS.map(lambda at: at.replace(microsecond=at.microsecond // 100_000 * 100_000)),
        same,
        pa.timestamp("us"),
    ),
    "instant": Kind(
        "timestamp(6) null", INSTANTS, lambda at: at.replace(tzinfo=UTC), pa.timestamp("us", tz="UTC")
    ),
    "instant_3": Kind(
        "timestamp(3) null",
        INSTANTS.map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)),
        lambda at: at.replace(tzinfo=UTC),
        pa.timestamp("us", tz="UTC"),
    ),
    "span": Kind(
        "time(3)",
        st.integers(-838 * 3600_000, 838 * 3600_000).map(lambda count: timedelta(milliseconds=count)),
        clock,
        pa.string(),
    ),
    "letters": Kind("varchar(200)", TEXTS, same, pa.string()),
    "fixed": Kind("char(60)", TEXTS.map(lambda text: text.rstrip(" ")), same, pa.string()),
    "long_text": Kind("longtext", TEXTS, same, pa.string()),
    "latin": Kind("varchar(50) character set latin1", LATIN1, same, pa.string()),
    "latin_fixed": Kind(
        "char(50) character set latin1", LATIN1.map(lambda t: t.rstrip(" ")), same, pa.string()
    ),
    "wide": Kind("varchar(50) character set utf16", TEXTS, same, pa.string()),
    "wider": Kind("varchar(50) character set utf32", TEXTS, same, pa.string()),
    "state": Kind(
        "enum('new','paid','été','a,b','it''s')",
        st.sampled_from(["new", "paid", "été", "a,b", "it's"]),
        same,
        pa.string(),
    ),
    "state_latin": Kind(
        "enum('ja','né','" + "l" * 200 + "') character set latin1",
        st.sampled_from(["ja", "né", "l" * 200]),
        same,
        pa.string(),
    ),
    "tags": Kind(
        "set('red','grün','blue','x y')",
        st.sets(st.sampled_from(["red", "grün", "blue", "x y"])).map(
            lambda some: ",".join(tag for tag in ("red", "grün", "blue", "x y") if tag in some)
        ),
        same,
        pa.string(),
    ),
    "fixed_bytes": Kind(
        "binary(8)", st.binary(max_size=8), lambda value: value.ljust(8, b"\0").hex(), pa.string()
    ),
    "some_bytes": Kind("varbinary(300)", st.binary(max_size=300), bytes.hex, pa.string()),
    "more_bytes": Kind("blob", st.binary(max_size=300), bytes.hex, pa.string()),
}
ADDRESSES = st.one_of(
    st.ip_addresses(v=6).map(str),
    st.ip_addresses(v=4).map(lambda address: f"::ffff:{address}"),
    st.lists(st.sampled_from(["0", "0", "1", "db8"]), min_size=8, max_size=8).map(":".join),
)
MARIADB_KINDS = {
    "uuid_4": Kind("uuid", st.uuids(version=4).map(str), same, pa.string()),
    "uuid_1": Kind("uuid", st.uuids(version=1).map(str), same, pa.string()),
    "address": Kind("inet6", ADDRESSES, None, pa.string()),
    "old_address": Kind("inet4", st.ip_addresses(v=4).map(str), same, pa.string()),
}


@pytest.fixture(scope="module")
def typed(module_copies: Copies) -> Iterator[tuple[Copy, dict[str, Kind]]]:
    database = module_copies.database
    kinds = KINDS | (MARIADB_KINDS if database.server.is_mariadb else {})
    columns = ", ".join(f"{name} {kind.sql}" for name, kind in kinds.items())
    derived = "twice_whole bigint as (whole * 2) virtual, kept bigint as (whole + 1) stored"
    database.run(f"create table t (id int primary key, touched int default 0, {columns}, {derived})")
    copy = module_copies.whole("t")
    with closing(copy.source):
        copy.snapshot()
        copy.follow()
        yield copy, kinds
        copy.leave()


def insert(database: MySQLDatabase, rows: list[Row]) -> None:
    connection = database.connect(sql_mode="STRICT_ALL_TABLES")
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("set time_zone = '+00:00'")
        cursor.execute("truncate table t")
        for number, row in enumerate(rows):
            names = ", ".join(("id", *row))
            places = ", ".join(["%s"] * (len(row) + 1))
            cursor.execute(f"insert into t ({names}) values ({places})", (number, *row.values()))
        connection.commit()


def landed_twice(copy: Copy, copies: Copies) -> tuple[list[Row], list[Row]]:
    """The rows as the binary log brought them, and as a snapshot does."""
    copy.catch_up()
    other = copies.whole("t")
    with closing(other.source):
        other.snapshot()
    return by_number(copy), by_number(other)


def by_number(copy: Copy) -> list[Row]:
    return sorted(copy.rows["t"].values(), key=lambda row: int(row["id"]))


def test_every_type_has_its_own(typed: tuple[Copy, dict[str, Kind]]) -> None:
    copy, kinds = typed
    with copy.source._connected() as connection:
        columns = read_relations(connection, copy.database.name)["t"].columns
    assert {name: columns[name].type.arrow for name in kinds} == {
        name: kind.arrow for name, kind in kinds.items()
    }


def differences(some: list[Row], others: list[Row]) -> dict[tuple[int, str], tuple[Any, Any]]:
    """(row, column) -> the two values, where they differ."""
    assert len(some) == len(others)
    return {
        (number, name): (row[name], value)
        for number, (row, other) in enumerate(zip(some, others, strict=True))
        for name, value in other.items()
        if row[name] != value
    }


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(
    max_examples=10,
    phases=[Phase.generate, Phase.explicit],
    suppress_health_check=list(HealthCheck),
)
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {name: st.one_of(kind.values, st.none()) for name, kind in (KINDS | MARIADB_KINDS).items()}
        ),
        min_size=1,
        max_size=20,
    )
)
def test_snapshot_and_log_land_what_is_in_the_table(
    typed: tuple[Copy, dict[str, Kind]], module_copies: Copies, rows: list[Row]
) -> None:
    copy, kinds = typed
    rows = [{name: row[name] for name in kinds} for row in rows]
    insert(copy.database, rows)
    from_log, from_snapshot = landed_twice(copy, module_copies)
    expected = [
        {
            name: None if row[name] is None else kind.landed(row[name])
            for name, kind in kinds.items()
            if kind.landed is not None
        }
        for row in rows
    ]
    assert differences(from_snapshot, expected) == {}
    assert differences(from_log, from_snapshot) == {}
