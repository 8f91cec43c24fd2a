"""Every cast against an independent reading of the same cell in Python: value, unreadable, changed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from amalimart.core.errors import ConfigError
from amalimart.mapping.entities import ColumnType
from amalimart.mapping.enum_values import folded
from amalimart.warehouse.lake_view import engine_type
from amalimart.warehouse.staging.casts import cast_expression, present_value
from amalimart.warehouse.staging.macros import rendered

SOURCE_ZONE, BUSINESS_ZONE = "Africa/Lagos", "Europe/London"
BLANKS = " \t\n\r\u00a0"
NEGLIGIBLE = Decimal("1e-18")
VALUES = {folded(text): target for text, target in (("Gone Back", "RETURNED"), ("straße", "OPEN"))}
PROPERTY = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Told:
    """What became of one cell."""

    value: Any
    unreadable: bool = False
    changed: bool = False


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def told(
    engine: duckdb.DuckDBPyConnection,
    target: ColumnType,
    cells: list[Any],
    arrow: pa.DataType,
    text_format: str | None = None,
    default: str | None = "UNKNOWN",
) -> list[Told]:
    landed = pa.table({"n": range(len(cells)), "x": pa.array(cells, arrow)})
    source_type = engine_type(str(arrow))
    cast = cast_expression(
        '"from x"',
        source_type=source_type,
        target=target,
        result="told",
        values=VALUES if target is ColumnType.ENUM else None,
        default=default,
        text_format=text_format,
        source_zone=SOURCE_ZONE,
        business_zone=BUSINESS_ZONE,
    )
    engine.register("landed", landed)
    sql = (
        f'with given as (select n, {present_value("x", source_type)} as "from x" from landed), '
        f"typed as (select *, {cast.value} as told from given) "
        f'select told, "from x" is not null and told is null, coalesce({cast.is_changed or "false"}, false) '
        "from typed order by n"
    )
    rows = engine.execute(rendered(sql)).fetchall()
    return [Told(*row) for row in rows]


# The other reading. No engine, no regular expression of the product.


def to_number(text: str) -> Decimal | None:
    """A number a person would read without doubt: ASCII digits, one point, perhaps an exponent."""
    if not text.isascii() or "_" in text or not set("0123456789") & set(text) or text.strip() != text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def rounded(number: Decimal, digits: int) -> Decimal | None:
    with localcontext() as context:
        context.prec = 60
        if number and number.adjusted() > 30:
            return None
        cents = number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return cents if abs(cents) < Decimal(10) ** (18 - digits) else None


def read_decimal(text: str, digits: int) -> Told:
    number = to_number(text)
    mantissa, _, exponent = text.lower().partition("e")
    if exponent and (len(mantissa.lstrip("+-").partition(".")[0]) > 18 or len(exponent.lstrip("+-")) > 3):
        number = None
    value = None if number is None else rounded(number, digits)
    if number is None or value is None:
        return Told(None, unreadable=True)
    return Told(value, changed=abs(number - value) >= NEGLIGIBLE)


def read_integer(text: str) -> Told:
    number = to_number(text)
    if number is None or "e" in text.lower() or text.lstrip("+-").startswith("."):
        return Told(None, unreadable=True)
    if number != number.to_integral_value() or not -(2**63) <= number < 2**63:
        return Told(None, unreadable=True)
    return Told(int(number))


def read_boolean(text: str) -> Told:
    words = {"true": 1, "t": 1, "yes": 1, "y": 1, "on": 1, "1": 1}
    words |= {"false": 0, "f": 0, "no": 0, "n": 0, "off": 0, "0": 0}
    known = words.get(text.lower())
    return Told(None, unreadable=True) if known is None else Told(bool(known))


def in_business_zone(moment: datetime) -> datetime | None:
    try:
        return moment.astimezone(ZoneInfo(BUSINESS_ZONE)).replace(tzinfo=None)
    except OverflowError:
        return None


def read_moment(text: str) -> Told:
    shape = re.fullmatch(
        r"(?P<y>\d{4})(?P<s>[-/])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})"
        r"(?:[ T](?P<h>\d{1,2}):(?P<min>\d\d)(?::(?P<sec>\d\d)(?:\.(?P<frac>\d+))?)?(?P<zone>.*))?",
        text,
        re.ASCII | re.DOTALL,
    )
    unreadable = Told(None, unreadable=True)
    if shape is None:
        return unreadable
    part = shape.groupdict()
    try:
        moment = datetime(int(part["y"]), int(part["m"]), int(part["d"]))  # noqa: DTZ001 - a day
        if part["h"] is None:
            return Told(moment)
        clock = (int(part["h"]), int(part["min"]), int(part["sec"] or 0))
        micro = int((part["frac"] or "0")[:6].ljust(6, "0"))
        if clock == (24, 0, 0) and micro == 0:
            moment += timedelta(days=1)
        else:
            moment = moment.replace(hour=clock[0], minute=clock[1], second=clock[2], microsecond=micro)
    except (ValueError, OverflowError):
        return unreadable
    zone = part["zone"]
    if zone == "":
        value = in_business_zone(moment.replace(tzinfo=ZoneInfo(SOURCE_ZONE)))
    else:
        offset = offset_of(zone.removeprefix(" "))
        value = None if offset is None else in_business_zone(moment.replace(tzinfo=timezone(offset)))
    return unreadable if value is None else Told(value)


def offset_of(zone: str) -> timedelta | None:
    if zone in {"Z", "z", "UTC", "GMT"}:
        return timedelta()
    shape = re.fullmatch(r"([+-])(\d\d)(?::?(\d\d))?", zone, re.ASCII)
    if shape is None or int(shape[2]) > 15 or int(shape[3] or 0) > 59:
        return None
    offset = timedelta(hours=int(shape[2]), minutes=int(shape[3] or 0))
    return -offset if shape[1] == "-" else offset


def read_date(text: str) -> Told:
    moment = read_moment(text)
    return Told(moment.value.date()) if moment.value is not None else moment


def read_enum(text: str) -> Told:
    spelled = re.sub("[ \t\n\r\u00a0-]+", "_", text)
    by_spelling = {"gone_back": "RETURNED", "straße": "OPEN"}
    known = by_spelling.get(spelled.lower())
    return Told("UNKNOWN", changed=True) if known is None else Told(known)


READ: dict[ColumnType, Callable[[str], Told]] = {
    ColumnType.ID: Told,
    ColumnType.TEXT: Told,
    ColumnType.INTEGER: read_integer,
    ColumnType.DECIMAL: lambda text: read_decimal(text, 6),
    ColumnType.MONEY: lambda text: read_decimal(text, 2),
    ColumnType.BOOLEAN: read_boolean,
    ColumnType.TIMESTAMP: read_moment,
    ColumnType.DATE: read_date,
    ColumnType.ENUM: read_enum,
}


def read_text(target: ColumnType, cell: str | None) -> Told:
    text = (cell or "").strip(BLANKS)
    if text == "":
        return Told("UNKNOWN" if target is ColumnType.ENUM else None)
    return READ[target](text)


def oneof(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from(text.split("|"))


DIGITS = st.text("0123456789", max_size=20)
NUMBERS = st.one_of(
    st.builds("".join, st.tuples(
        oneof("|+|-|--"), DIGITS, oneof("|.|,|_|. "), DIGITS, oneof("|e|E"), oneof("|-|+"),
        st.text("0123456789", max_size=3), oneof("||||d|%| GHS|₵"),
    )),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.floats().map(repr),
    st.integers(-(2**70), 2**70).map(str),
    oneof("1,234.50|1_000|0x10|0b11|5.|.5|.|٣|NaN|inf|-Infinity|1e3|1e-7|0.005|-0.005|1.005|9223372036854775808"),
)  # fmt: skip
NATURAL_DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31)).map(date.isoformat)
ODD_DAYS = st.builds(
    "{}{}{}{}{}".format, oneof("2026|0000|26|12026|9999|-2026"), oneof("-|/|.||"), oneof("3|03|13|00|٣"),
    oneof("-|/|"), oneof("1|01|31|29|32|2026"),
)  # fmt: skip
CLOCKS = st.builds(
    "".join, st.tuples(
        oneof(" |T||  |t"), oneof("0|00|12|23|24|25|"), oneof(":00|:30|:60|:5|"), oneof("|:00|:59|:60|:7"),
        oneof("|.5|.123456|.1234567891|.|,5"),
        oneof("|Z|z| UTC|+01|-0330|+05:45| +01:00|+99:99| Africa/Accra| PM|+1"),
    )
)  # fmt: skip
MOMENTS = st.one_of(
    st.builds("".join, st.tuples(st.one_of(NATURAL_DAYS, ODD_DAYS), st.one_of(st.just(""), CLOCKS))),
    st.datetimes().map(str),
    oneof("12:30|epoch|infinity|-infinity|today|now|2026|2026-03|20260301|01/02/2026"
        "|1 March 2026|2026-03-01 (BC)"),
)  # fmt: skip
FLAGS = st.one_of(oneof("true|True|T|yes|Y|on|1|false|F|no|N|off|0|1.0|2|-1|oui|tru|𝟏|ｔ"))
SPELLINGS = oneof(
    "gone back|GONE-BACK|Gone \u00a0 Back|gone\tback|goneback|straße|STRASSE|STRAẞE|Gone Bacḱ|open|closed"
)
CELLS = st.builds(
    lambda left, text, right: left + text + right,
    st.text(BLANKS, max_size=2),
    st.one_of(NUMBERS, MOMENTS, FLAGS, SPELLINGS, st.text(max_size=8)),
    st.text(BLANKS, max_size=2),
).filter(lambda text: not any(0xD800 <= ord(letter) < 0xE000 for letter in text))


@pytest.mark.parametrize("target", list(ColumnType))
@PROPERTY
@given(cells=st.lists(st.none() | CELLS, min_size=1, max_size=150))
@example(cells=["2026-03-01 0:00Z", "2026/3/1T12:30+05:45", "2026-03-01 9:05 -0330", "2026-03-01 24:00 GMT"])
def test_a_text_cell_is_read_as_documented(
    engine: duckdb.DuckDBPyConnection, target: ColumnType, cells: list[str | None]
) -> None:
    found = told(engine, target, list(cells), pa.string())
    for cell, actual in zip(cells, found, strict=True):
        expected = read_text(target, cell)
        seen = replace(actual, changed=False) if is_negligible(target, cell) else actual
        assert seen == expected, repr(cell)


# Typed columns: the same, from values that carry a type.

WHOLE, FRACTION = pa.int64(), pa.decimal128(38, 4)
TYPED: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "bigint": (WHOLE, st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3))),
    "double": (
        pa.float64(),
        st.one_of(st.floats(), st.integers(-5, 5).map(float), st.just(0.1 + 0.2), st.floats(-9, 9)),
    ),
    "decimal": (FRACTION, st.decimals(-(10**33), 10**33, places=4) | st.integers(-2, 2).map(Decimal)),
    "boolean": (pa.bool_(), st.booleans()),
    "date": (pa.date32(), st.dates()),
    "timestamp": (pa.timestamp("us"), st.datetimes()),
    "timestamptz": (pa.timestamp("us", tz="UTC"), st.datetimes(timezones=st.just(UTC))),
}


def read_typed(target: ColumnType, kind: str, cell: Any) -> Told:
    """What a typed cell means; None where the kind of column cannot mean it at all."""
    number = kind in {"bigint", "double", "decimal"}
    finite = not (isinstance(cell, float) and not math.isfinite(cell))
    value: Any = None
    if target in {ColumnType.MONEY, ColumnType.DECIMAL} and number and finite:
        exact, digits = (
            Decimal(repr(cell) if kind == "double" else cell),
            2 if target is ColumnType.MONEY else 6,
        )
        value = rounded(exact, digits)
        noise = Decimal(0) if kind != "double" else Decimal("1e-6") if digits == 2 else Decimal("1e-9")
        return Told(value, value is None, value is not None and abs(exact - value) > noise)
    if target is ColumnType.INTEGER and number and finite:
        value = int(cell) if cell == int(cell) and -(2**63) <= int(cell) < 2**63 else None
    if target is ColumnType.BOOLEAN and (number or kind == "boolean"):
        value = {0: False, 1: True}.get(cell)
    if target in {ColumnType.TIMESTAMP, ColumnType.DATE}:
        if kind == "date":
            value = datetime.combine(cell, datetime.min.time())
        if kind == "timestamp":
            value = in_business_zone(cell.replace(tzinfo=ZoneInfo(SOURCE_ZONE)))
        if kind == "timestamptz":
            value = in_business_zone(cell)
        if value is not None and target is ColumnType.DATE:
            value = value.date()
    return Told(value, unreadable=value is None)


@pytest.mark.parametrize("kind", TYPED)
@pytest.mark.parametrize(
    "target", [t for t in ColumnType if t not in {ColumnType.TEXT, ColumnType.ID, ColumnType.ENUM}]
)
@PROPERTY
@given(data=st.data())
def test_a_typed_cell_is_read_as_documented(
    engine: duckdb.DuckDBPyConnection, target: ColumnType, kind: str, data: st.DataObject
) -> None:
    arrow, cells = TYPED[kind]
    drawn = data.draw(st.lists(cells, min_size=1, max_size=100))
    for cell, actual in zip(drawn, told(engine, target, drawn, arrow), strict=True):
        expected = read_typed(target, kind, cell)
        is_near = kind == "double" and is_at_the_noise(cell, expected.value)
        assert (replace(actual, changed=expected.changed) if is_near else actual) == expected, repr(cell)


def is_at_the_noise(cell: float, value: Any) -> bool:
    """Whether a double is so near to the tolerance that its own error decides."""
    if not isinstance(value, Decimal):
        return False
    distance = abs(Decimal(repr(cell)) - value)
    error = max(abs(Decimal(cell)), Decimal(1)) * Decimal("1e-15")
    return any(abs(distance - noise) <= error for noise in (Decimal("1e-6"), Decimal("1e-9")))


TYPICAL: dict[str, Any] = {
    "bigint": 9007199254740993, "double": 5.25, "decimal": Decimal("12.5000"), "boolean": True,
    "date": date(2026, 3, 1), "timestamp": datetime(2026, 3, 1, 1, 2, 3),  # noqa: DTZ001
    "timestamptz": datetime(2026, 3, 1, 1, 2, 3, tzinfo=UTC),
}  # fmt: skip
TYPICAL_TEXT = {
    "bigint": "9007199254740993", "double": "5.25", "decimal": "12.5000", "boolean": "true",
    "date": "2026-03-01", "timestamp": "2026-03-01 01:02:03", "timestamptz": "2026-03-01 01:02:03+00",
}  # fmt: skip


@pytest.mark.parametrize("kind", TYPED)
def test_a_typed_cell_as_text_is_written_out(engine: duckdb.DuckDBPyConnection, kind: str) -> None:
    for target in (ColumnType.TEXT, ColumnType.ID):
        assert told(engine, target, [TYPICAL[kind]], TYPED[kind][0]) == [Told(TYPICAL_TEXT[kind])], target


def test_a_whole_double_is_an_id_without_a_point(engine: duckdb.DuckDBPyConnection) -> None:
    """A file writer that knows no empty whole number writes 7 as 7.0, and the key it refers to as 7."""
    cells = [7.0, 7.5, -1.0, 1e15, math.nan, math.inf]
    found = [cell.value for cell in told(engine, ColumnType.ID, cells, pa.float64())]
    assert found[:4] == ["7", "7.5", "-1", "1000000000000000"]


@pytest.mark.parametrize(
    ("text_format", "cell", "moment"),
    [
        ("%d/%m/%Y", "01/07/2026", datetime(2026, 7, 1)),  # noqa: DTZ001 - a day is that day in every zone
        ("%d/%m/%Y %H:%M", "01/07/2026 12:00", datetime(2026, 7, 1, 12)),  # noqa: DTZ001 - Lagos and London in summer
        ("%d/%m/%Y %H:%M", "01/01/2026 12:00", datetime(2026, 1, 1, 11)),  # noqa: DTZ001 - and in winter
        ("%d/%m/%Y %H:%M %z", "01/01/2026 12:00 +0300", datetime(2026, 1, 1, 9)),  # noqa: DTZ001
        ("%d/%m/%Y %H:%M %Z", "01/01/2026 12:00 UTC", datetime(2026, 1, 1, 12)),  # noqa: DTZ001
        ("%d/%m/%Y", "2026-07-01", None),
        ("%-d.%-m.%y", "1.7.26", datetime(2026, 7, 1)),  # noqa: DTZ001
    ],
)
def test_a_format_decides_and_says_whether_there_is_a_zone(
    engine: duckdb.DuckDBPyConnection, text_format: str, cell: str, moment: datetime | None
) -> None:
    (found,) = told(engine, ColumnType.TIMESTAMP, [cell], pa.string(), text_format)
    assert found == Told(moment, unreadable=moment is None)


@pytest.mark.parametrize("text_format", ["%Q", "%d/%", "%-Y", "100%!"])
def test_a_format_that_no_engine_knows_is_refused_before_it_runs(
    engine: duckdb.DuckDBPyConnection, text_format: str
) -> None:
    with pytest.raises(ConfigError, match="unknown directive"):
        told(engine, ColumnType.DATE, ["x"], pa.string(), text_format)


@pytest.mark.parametrize("letter", [chr(code) for code in range(0x20, 0x7F)])
def test_every_directive_that_is_let_through_is_known_to_the_engine(
    engine: duckdb.DuckDBPyConnection, letter: str
) -> None:
    for text_format in (f"%{letter}", f"%-{letter}"):
        try:
            found = told(engine, ColumnType.TIMESTAMP, ["x"], pa.string(), text_format)
        except ConfigError:
            continue
        assert found[0].value is None or letter in "n%"


def test_a_spelling_is_folded_alike_here_and_in_the_engine(engine: duckdb.DuckDBPyConnection) -> None:
    """Every character there is: a mapped spelling must match the landed one, whatever the script."""
    letters = [chr(code) for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000]
    spelled = pa.table({"letter": letters})
    engine.register("spelled", spelled)
    cast = cast_expression(
        "letter", source_type="varchar", target=ColumnType.ENUM, result="told", values={"x": "X"},
        default="D", text_format=None, source_zone=SOURCE_ZONE, business_zone=BUSINESS_ZONE,
    )  # fmt: skip
    folding = re.search(r"lower\(regexp_replace\(.*?'g'\)\)", rendered(cast.value))
    assert folding is not None
    rows = engine.execute(f"select letter, {folding[0]} from spelled").fetchall()
    assert [letter for letter, seen in rows if seen != folded(f"x{letter}x")[1:-1]] == []


def test_an_unmapped_value_without_a_default_cannot_be_read(engine: duckdb.DuckDBPyConnection) -> None:
    found = told(engine, ColumnType.ENUM, ["teleported", "gone-back"], pa.string(), default=None)
    assert found == [Told(None, unreadable=True), Told("RETURNED")]


def is_negligible(target: ColumnType, cell: str | None) -> bool:
    """Whether a rounding is so small that it may or may not be told."""
    number = (
        to_number((cell or "").strip(BLANKS)) if target in {ColumnType.MONEY, ColumnType.DECIMAL} else None
    )
    value = None if number is None else rounded(number, 2 if target is ColumnType.MONEY else 6)
    return number is not None and value is not None and abs(number - value) < 2 * NEGLIGIBLE
