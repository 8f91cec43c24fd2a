"""The log's forms taken apart, held against another implementation where there is one."""

from __future__ import annotations

import struct
import zlib
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymysql.protocol import MysqlPacket  # type: ignore[import-untyped]
from pymysqlreplication import constants  # type: ignore[import-untyped]
from pymysqlreplication.packet import BinLogPacketWrapper  # type: ignore[import-untyped]
from pymysqlreplication.row_event import TableMapEvent  # type: ignore[import-untyped]
from pymysqlreplication.util.bytes import parse_decimal_from_bytes  # type: ignore[import-untyped]

from amalimart.core.errors import CaptureLost, CaptureRefused, SourceError
from amalimart.sources.mysql.binlog_events import EventReader, Kind, WireColumn
from amalimart.sources.mysql.character_sets import CharacterSets
from amalimart.sources.mysql.dump import BinlogDump
from amalimart.sources.mysql.row_images import reading, skipping
from amalimart.sources.mysql.table_definitions import Wire, read_definition
from amalimart.sources.mysql.types import SourceType
from tests.sources.mysql.conftest import Copies, Copy

NO_SETS = CharacterSets({}, {})


def column(kind: Wire, size: int = 0, scale: int = 0) -> WireColumn:
    return WireColumn("c", kind, size, scale, False, None, ())


def shown(image: bytes, wire: WireColumn) -> str:
    value, end = reading(wire, SourceType("int"), NO_SETS)(b"??" + image + b"after", 2)
    assert end == skipping(wire)(b"??" + image + b"after", 2) == 2 + len(image)
    assert value is not None
    return value.decode()


def test_definitions_are_read_as_the_library_reads_them(copies: Copies) -> None:
    """Every type that the library knows, and its names, signs, character sets and keys."""
    copies.database.run(
        "create table t (id int primary key, a tinyint unsigned, b mediumint, c decimal(20,7), d bit(11), "
        "e varchar(300), f char(200), g blob, h longtext, i enum('x','y'), j set('p','q'), k datetime(3), "
        "l timestamp(5) null, m time(1), n year, o float, p double unsigned, q binary(9), r point, "
        "s varchar(10) character set latin1, u char(3) character set utf16, v tinyint, w bigint unsigned)",
        "insert into t (id) values (1)",
    )
    bodies = table_maps(copies)
    assert bodies
    for body in bodies:
        theirs = library_columns(body, mariadb=copies.database.server.is_mariadb)
        ours = read_definition(body, mariadb=copies.database.server.is_mariadb)
        assert [one.name for one in ours.columns] == [other["name"] for other in theirs]
        assert [one.unsigned for one in ours.columns] == [other["unsigned"] for other in theirs]
        for one, other in zip(ours.columns, theirs, strict=True):
            assert one.type == other["type"]
            told = {"max_length", "fsp", "size", "length_size", "precision", "bits"} & set(other)
            assert {other[name] for name in told} == ({one.size} if told else set())
            assert one.scale == other.get("decimals", 0)
            labels = other["enum_values"][1:] if other["enum_values"] else other["set_values"] or []
            assert [label.decode() for label in one.labels] == labels


def table_maps(copies: Copies) -> list[bytes]:
    copy = copies.whole("t")
    copy.snapshot()
    copies.database.run("update t set a = 1")
    stream = copy.follow()
    found: list[bytes] = []
    define = stream._rows.define

    def noting(event: Any) -> None:
        found.append(event.body)
        define(event)

    stream._rows.define = noting  # type: ignore[method-assign]
    copy.catch_up()
    copy.leave()
    copy.source.close()
    return found


def library_columns(body: bytes, *, mariadb: bool) -> list[dict[str, Any]]:
    """What mysql-replication makes of a table map event."""
    header = struct.pack("<IBIIIH", 0, constants.TABLE_MAP_EVENT, 1, 19 + len(body) + 4, 0, 0)
    content = b"\0" + header + body + b"\0" * 4
    control = SimpleNamespace(charset="utf8", _get_dbms=lambda: "mariadb" if mariadb else "mysql")
    settings = (None, None, None, None, False, False, False, True, False)
    wrapped = BinLogPacketWrapper(
        MysqlPacket(content, "utf8"), {}, control, (10, 11, 0), True, {TableMapEvent}, *settings
    )
    return [dict(one.data) for one in wrapped.event.columns]


@given(st.integers(1, 65), st.data())
def test_decimals_are_read_as_the_library_reads_them(precision: int, data: st.DataObject) -> None:
    scale = data.draw(st.integers(0, min(precision, 30)))
    digits = data.draw(st.text("0123456789", min_size=precision, max_size=precision))
    negative = data.draw(st.booleans()) and digits.strip("0") != ""
    image = packed_decimal(digits, scale, negative=negative)
    text = shown(image, column(Wire.NEWDECIMAL, precision, scale))
    assert Decimal(text) == Decimal(parse_decimal_from_bytes(image, precision, scale))
    assert Decimal(text) == Decimal(f"{'-' if negative else ''}{digits}E-{scale}")
    assert len(text.partition(".")[2]) == scale


def packed_decimal(digits: str, scale: int, *, negative: bool) -> bytes:
    """MySQL's packed form, from its description: nine digits to four bytes, the odd ones outside."""
    sizes = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)
    whole, fraction = digits[: len(digits) - scale], digits[len(digits) - scale :]
    first = len(whole) % 9
    groups = [whole[:first]] + [whole[at : at + 9] for at in range(first, len(whole), 9)]
    groups += [fraction[at : at + 9] for at in range(0, len(fraction), 9)]
    packed = b"".join(int(group).to_bytes(sizes[len(group)], "big") for group in groups if group)
    packed = bytes([packed[0] ^ 0x80]) + packed[1:]
    return bytes(byte ^ 0xFF for byte in packed) if negative else packed


@pytest.mark.parametrize(
    ("image", "wire", "expected"),
    [
        (b"\x00", column(Wire.YEAR), "0"),
        (b"\x7c", column(Wire.YEAR), "2024"),
        (b"\x00\x00\x00", column(Wire.DATE), "0000-00-00"),
        (b"\x00\x00\x00\x00", column(Wire.TIMESTAMP2), "0000-00-00 00:00:00"),
        (b"\xff\xff\xff\xff", column(Wire.TIMESTAMP2), "2106-02-07 06:28:15"),
        (b"\x80\x00\x00", column(Wire.TIME2), "00:00:00"),
        (b"\x7f\xff\xff\xf6", column(Wire.TIME2, 1), "-00:00:00.1"),
        (b"\x00\x02\x03\x04", column(Wire.TIMESTAMP), "1972-02-19 00:06:24"),
        ((20240102030405).to_bytes(8, "little"), column(Wire.DATETIME), "2024-01-02 03:04:05"),
        ((-123456 & 0xFFFFFF).to_bytes(3, "little"), column(Wire.TIME), "-12:34:56"),
        (b"\x03\xff", column(Wire.BIT, 10), "1111111111"),
        (struct.pack("<d", 1e300), column(Wire.DOUBLE), "1e+300"),
    ],
)
def test_values_as_mysql_shows_them(image: bytes, wire: WireColumn, expected: str) -> None:
    assert shown(image, wire) == expected


def test_a_type_of_no_known_length_is_not_guessed() -> None:
    with pytest.raises(KeyError):
        skipping(WireColumn("c", 99, 0, 0, False, None, ()))


def event(kind: int, body: bytes = b"", *, flags: int = 0) -> bytes:
    return b"\0" + struct.pack("<IBIIIH", 5, kind, 1, 19 + len(body), 0, flags) + body


@pytest.mark.parametrize(
    ("kind", "error", "says"),
    [
        (Kind.TRANSACTION_PAYLOAD, CaptureRefused, "binlog_transaction_compression"),
        (Kind.ANONYMOUS_GTID, CaptureRefused, "gtid_mode"),
        (Kind.TAGGED_GTID, CaptureRefused, "tags"),
        (Kind.INCIDENT, CaptureLost, "missing"),
        (99, SourceError, "unknown kind 99"),
    ],
)
def test_what_cannot_be_followed_is_never_passed_over(
    categories: Copy, monkeypatch: pytest.MonkeyPatch, kind: int, error: type[SourceError], says: str
) -> None:
    categories.snapshot()
    stream = categories.follow()
    packets = [event(99, flags=0x80), event(kind)]
    reader = EventReader()
    monkeypatch.setattr(BinlogDump, "next", lambda _dump, _deadline: reader.read(packets.pop(0), "test"))
    with pytest.raises(error, match=says):
        list(stream.events(0.1))


def test_a_damaged_event_is_refused() -> None:
    reader = EventReader()
    with pytest.raises(SourceError, match="too short"):
        reader.read(b"\0\1", "test")
    with pytest.raises(SourceError, match="came with"):
        reader.read(event(Kind.XID) + b"more", "test")
    description = b"\0" + struct.pack("<IBIIIH", 5, Kind.FORMAT, 1, 19 + 65, 0, 0) + b"x" * 60 + b"\1"
    reader.read(description + zlib.crc32(description[1:]).to_bytes(4, "little"), "test")
    broken = b"\0" + struct.pack("<IBIIIH", 5, Kind.XID, 1, 19 + 12, 0, 0) + b"12345678" + b"crc!"
    with pytest.raises(SourceError, match="checksum"):
        reader.read(broken, "test")
