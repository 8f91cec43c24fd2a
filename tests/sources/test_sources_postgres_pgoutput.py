"""Reading pgoutput's bytes: every message as its documentation lays it out, and nothing that is not whole."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalimart.core.errors import SourceError
from amalimart.sources.postgres.lsn import lsn_number, lsn_text
from amalimart.sources.postgres.pgoutput import (
    UNCHANGED,
    Begin,
    Commit,
    Delete,
    Insert,
    Origin,
    RelationColumn,
    RelationMessage,
    Truncate,
    TypeMessage,
    Update,
    Value,
    decode,
)

# 2024-02-29 12:30:45.000001 UTC, in microseconds since 2000-01-01, by another way than the code's.
LEAP_DAY = int(datetime(2024, 2, 29, 12, 30, 45, tzinfo=UTC).timestamp() - 946_684_800) * 1_000_000 + 1
LEAP_TIME = datetime(2024, 2, 29, 12, 30, 45, 1, tzinfo=UTC)


def row(*values: Value) -> bytes:
    parts = [struct.pack(">h", len(values))]
    for value in values:
        if value is None:
            parts.append(b"n")
        elif value is UNCHANGED:
            parts.append(b"u")
        else:
            assert isinstance(value, bytes)
            parts.append(b"t" + struct.pack(">i", len(value)) + value)
    return b"".join(parts)


GOLDEN = {
    "begin": (
        b"B" + bytes.fromhex("00000001016B3748") + struct.pack(">q", LEAP_DAY) + bytes.fromhex("FFFFFFFE"),
        Begin(0x1016B3748, LEAP_TIME, 4294967294),
    ),
    "commit": (
        b"C\0" + struct.pack(">QQq", 5, 6, LEAP_DAY),
        Commit(5, 6, LEAP_TIME),
    ),
    "relation": (
        b"R"
        + struct.pack(">I", 16390)
        + b"public\0order items\0d"
        + struct.pack(">h", 2)
        + b"\1id\0"
        + struct.pack(">Ii", 20, -1)
        + "\0Ɛyɛ\0".encode()
        + struct.pack(">Ii", 1700, 1179654),
        RelationMessage(
            16390,
            "public",
            "order items",
            "d",
            (RelationColumn("id", True, 20, -1), RelationColumn("Ɛyɛ", False, 1700, 1179654)),
        ),
    ),
    "relation of the system": (
        b"R" + struct.pack(">I", 1259) + b"\0pg_class\0n" + struct.pack(">h", 0),
        RelationMessage(1259, "pg_catalog", "pg_class", "n", ()),
    ),
    "insert": (
        b"I" + struct.pack(">I", 7) + b"N" + row(b"1", None, b""),
        Insert(7, [b"1", None, b""]),
    ),
    "update": (
        b"U" + struct.pack(">I", 7) + b"N" + row(b"1", UNCHANGED),
        Update(7, None, False, [b"1", UNCHANGED]),
    ),
    "update of the key": (
        b"U" + struct.pack(">I", 7) + b"K" + row(b"1", None) + b"N" + row(b"2", b"x"),
        Update(7, [b"1", None], False, [b"2", b"x"]),
    ),
    "update with the old row": (
        b"U" + struct.pack(">I", 7) + b"O" + row(b"1", b"w") + b"N" + row(b"1", b"x"),
        Update(7, [b"1", b"w"], True, [b"1", b"x"]),
    ),
    "delete": (b"D" + struct.pack(">I", 7) + b"K" + row(b"1", None), Delete(7, [b"1", None], False)),
    "delete with the old row": (
        b"D" + struct.pack(">I", 7) + b"O" + row(b"1", b"w"),
        Delete(7, [b"1", b"w"], True),
    ),
    "truncate": (b"T" + struct.pack(">iBII", 2, 3, 7, 4294967295), Truncate((7, 4294967295))),
    "type": (b"Y" + struct.pack(">I", 16400) + b"shop\0mood\0", TypeMessage(16400, "shop", "mood")),
    "origin": (b"O" + struct.pack(">Q", 9) + b"elsewhere\0", Origin(9, "elsewhere")),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_each_message_reads_as_documented(name: str) -> None:
    written, meant = GOLDEN[name]
    assert decode(written) == meant


@pytest.mark.parametrize("name", GOLDEN)
def test_a_message_that_is_cut_or_too_long_is_one_clear_error(name: str) -> None:
    """A value cut short must not become a shorter value."""
    written, _ = GOLDEN[name]
    for end in range(len(written)):
        with pytest.raises(SourceError, match="cannot be read"):
            decode(written[:end])
    with pytest.raises(SourceError, match="cannot be read"):
        decode(written + b"\0")


@given(st.sampled_from(sorted(GOLDEN)), st.data())
def test_corrupt_bytes_are_read_or_refused_never_anything_else(name: str, data: st.DataObject) -> None:
    written = bytearray(GOLDEN[name][0])
    for _ in range(data.draw(st.integers(1, 4))):
        written[data.draw(st.integers(0, len(written) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode(bytes(written))
    except SourceError as error:
        assert error.next_step  # noqa: PT017 - both outcomes are right


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(written: bytes) -> None:
    try:
        decode(written)
    except SourceError as error:
        assert type(error) is SourceError  # noqa: PT017 - both outcomes are right


@given(st.lists(st.one_of(st.none(), st.just(UNCHANGED), st.binary(max_size=300)), max_size=40))
def test_every_row_survives(values: list[bytes | None]) -> None:
    assert decode(b"I" + struct.pack(">I", 1) + b"N" + row(*values)) == Insert(1, values)


@given(st.integers(0, 2**64 - 1))
def test_positions_survive_their_text(lsn: int) -> None:
    assert lsn_number(lsn_text(lsn)) == lsn


def test_positions_are_written_as_postgresql_does() -> None:
    assert lsn_text(0x1016B3748) == "1/16B3748"
