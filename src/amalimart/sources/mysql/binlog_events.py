"""The binary log's events taken apart: headers, transactions, statements, table definitions.

Only the form of the log is known here, MySQL's and MariaDB's; what an event means to a table is judged
elsewhere. Table definitions need binlog_row_metadata=FULL, which adds names, signs, character sets and
labels. Row images stay as bytes (row_images.py).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum, StrEnum

from amalimart.core.errors import SourceError
from amalimart.sources.mysql.gtid import Gtid

_HEADER = struct.Struct("<IBIIIH")
_CHECKSUM_BYTES = 4
_CRC32 = 1
_QUERY = struct.Struct("<IIBHH")
_MAY_BE_IGNORED = 0x80
_MARIADB_STANDALONE, _MARIADB_PREPARED = 1, 64
_MYSQL_COMMIT_TIME_AT = 42


class Kind(IntEnum):
    """Event types that are known; what is not listed and not marked as ignorable is refused."""

    QUERY = 2
    STOP = 3
    ROTATE = 4
    INTVAR = 5
    RAND = 13
    USER_VAR = 14
    FORMAT = 15
    XID = 16
    BEGIN_LOAD = 17
    EXECUTE_LOAD = 18
    TABLE_MAP = 19
    WRITE_V1 = 23
    UPDATE_V1 = 24
    DELETE_V1 = 25
    INCIDENT = 26
    HEARTBEAT = 27
    IGNORABLE = 28
    ROWS_QUERY = 29
    WRITE = 30
    UPDATE = 31
    DELETE = 32
    GTID = 33
    ANONYMOUS_GTID = 34
    PREVIOUS_GTIDS = 35
    TRANSACTION_CONTEXT = 36
    VIEW_CHANGE = 37
    XA_PREPARE = 38
    PARTIAL_UPDATE = 39
    TRANSACTION_PAYLOAD = 40
    HEARTBEAT_V2 = 41
    TAGGED_GTID = 42
    ANNOTATE = 160
    CHECKPOINT = 161
    MARIADB_GTID = 162
    GTID_LIST = 163
    START_ENCRYPTION = 164
    QUERY_COMPRESSED = 165
    WRITE_COMPRESSED_V1 = 166
    UPDATE_COMPRESSED_V1 = 167
    DELETE_COMPRESSED_V1 = 168
    WRITE_COMPRESSED = 169
    UPDATE_COMPRESSED = 170
    DELETE_COMPRESSED = 171


class RowAction(StrEnum):
    """What a rows event does to its rows."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


ROW_ACTIONS = {
    Kind.WRITE_V1: RowAction.INSERT,
    Kind.WRITE: RowAction.INSERT,
    Kind.WRITE_COMPRESSED_V1: RowAction.INSERT,
    Kind.WRITE_COMPRESSED: RowAction.INSERT,
    Kind.UPDATE_V1: RowAction.UPDATE,
    Kind.UPDATE: RowAction.UPDATE,
    Kind.UPDATE_COMPRESSED_V1: RowAction.UPDATE,
    Kind.UPDATE_COMPRESSED: RowAction.UPDATE,
    Kind.DELETE_V1: RowAction.DELETE,
    Kind.DELETE: RowAction.DELETE,
    Kind.DELETE_COMPRESSED_V1: RowAction.DELETE,
    Kind.DELETE_COMPRESSED: RowAction.DELETE,
}
_SECOND_VERSION = {Kind.WRITE, Kind.UPDATE, Kind.DELETE}
_SECOND_VERSION |= {Kind.WRITE_COMPRESSED, Kind.UPDATE_COMPRESSED, Kind.DELETE_COMPRESSED}
_COMPRESSED = {kind for kind in Kind if "COMPRESSED" in kind.name}


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the log.

    time  when it was written, seconds since 1970; 0 for events made for the reader
    body  without header and checksum
    """

    kind: int
    time: int
    server: int
    flags: int
    body: bytes

    @property
    def may_be_ignored(self) -> bool:
        """Whether the server says that a reader which does not know the event loses nothing."""
        return bool(self.flags & _MAY_BE_IGNORED)


class EventReader:
    """Turns packets into events; remembers whether the current file carries checksums."""

    def __init__(self) -> None:
        self._checksum = False

    def read(self, packet: bytes, where: str) -> Event:
        """The event of one packet. Raises SourceError where it is damaged."""
        if len(packet) < 1 + _HEADER.size:
            raise damaged("an event is too short", where)
        time, kind, server, size, _, flags = _HEADER.unpack_from(packet, 1)
        if size != len(packet) - 1:
            raise damaged(f"an event of {size} bytes came with {len(packet) - 1}", where)
        if kind == Kind.FORMAT:
            # The description always ends with the kind of checksum and room for one.
            self._checksum = packet[-1 - _CHECKSUM_BYTES] == _CRC32
        end = len(packet)
        if self._checksum:
            end -= _CHECKSUM_BYTES
            if zlib.crc32(memoryview(packet)[1:end]) != int.from_bytes(packet[end:], "little"):
                raise damaged("an event does not match its checksum", where)
        return Event(kind, time, server, flags, packet[1 + _HEADER.size : end])


@dataclass(frozen=True, slots=True)
class Begin:
    """A transaction begins.

    alone     whether one statement is all there is to it; None where the server does not say
    prepared  whether it is the first half of a distributed transaction
    """

    gtid: Gtid
    time: datetime
    alone: bool | None
    prepared: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement in the log; its text may hold secrets and is to be shown to nobody."""

    schema: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WireColumn:
    """One column of a table definition.

    type       the log's number of the type
    size       bytes of a number or of a length prefix, bits of a bit, digits of a decimal, digits of a
               fraction, greatest length of a text: what the type needs
    scale      of a decimal
    collation  number of the collation; None where it holds no characters
    labels     of an enum or a set, in the column's character set
    """

    name: str
    type: int
    size: int
    scale: int
    unsigned: bool
    collation: int | None
    labels: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """A table as it is when rows of it are changed; without names where the metadata is not FULL."""

    schema: str
    table: str
    columns: tuple[WireColumn, ...]
    named: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """The images of one rows event.

    present, present_after  which columns each image holds, as bits, the first column lowest
    """

    table_id: int
    action: RowAction
    count: int
    present: int
    present_after: int
    images: bytes


def read_begin(event: Event) -> Begin:
    """A transaction's first event. Raises SourceError for ids that cannot be followed."""
    body = event.body
    if event.kind == Kind.MARIADB_GTID:
        number, domain, flags = struct.unpack_from("<QIB", body)
        gtid = Gtid(str(domain), number, f"{domain}-{event.server}-{number}")
        return Begin(
            gtid,
            datetime.fromtimestamp(event.time, UTC),
            bool(flags & _MARIADB_STANDALONE),
            bool(flags & _MARIADB_PREPARED),
        )
    digits = body[1:17].hex()
    server = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    (number,) = struct.unpack_from("<Q", body, 17)
    time = datetime.fromtimestamp(event.time, UTC)
    if len(body) >= _MYSQL_COMMIT_TIME_AT + 7:
        commit = int.from_bytes(body[_MYSQL_COMMIT_TIME_AT : _MYSQL_COMMIT_TIME_AT + 7], "little") & (
            2**55 - 1
        )
        time = datetime.fromtimestamp(commit / 1_000_000, UTC)
    return Begin(Gtid(server, number, f"{server}:{number}"), time, None)


def read_statement(event: Event) -> Statement:
    """A statement, or the loading of a file as one."""
    body = event.body
    _, _, schema_length, _, status_length = _QUERY.unpack_from(body)
    at = _QUERY.size + (13 if event.kind == Kind.EXECUTE_LOAD else 0) + status_length
    schema = body[at : at + schema_length].decode(errors="replace")
    text = body[at + schema_length + 1 :]
    if event.kind == Kind.QUERY_COMPRESSED:
        text = _uncompressed(text)
    return Statement(schema, text.decode(errors="backslashreplace"))


def read_rows_event(event: Event) -> Rows:
    """The head of a rows event."""
    kind = Kind(event.kind)
    action = ROW_ACTIONS[kind]
    body = event.body
    at = 8
    if kind in _SECOND_VERSION:
        at += int.from_bytes(body[8:10], "little")
    count, at = packed_integer(body, at)
    width = (count + 7) // 8
    present = int.from_bytes(body[at : at + width], "little")
    at += width
    after = present
    if action is RowAction.UPDATE:
        after = int.from_bytes(body[at : at + width], "little")
        at += width
    images = _uncompressed(body[at:]) if kind in _COMPRESSED else body[at:]
    return Rows(int.from_bytes(body[:6], "little"), action, count, present, after, images)


def packed_integer(body: bytes, at: int) -> tuple[int, int]:
    """A length-encoded integer, and where it ends."""
    first = body[at]
    if first < 0xFB:
        return first, at + 1
    width = {0xFC: 2, 0xFD: 3, 0xFE: 8}[first]
    return int.from_bytes(body[at + 1 : at + 1 + width], "little"), at + 1 + width


def counted_texts(body: bytes, at: int, count: int) -> tuple[Sequence[bytes], int]:
    """That many texts, each with its length before it, and where they end."""
    texts = []
    for _ in range(count):
        length, at = packed_integer(body, at)
        texts.append(body[at : at + length])
        at += length
    return texts, at


def damaged(what: str, where: str) -> SourceError:
    """The error for a log that cannot be read."""
    return SourceError(
        f"the binary log cannot be read: {what}",
        where=where,
        expected="the log as MySQL 8 or MariaDB 10.5 and later write it",
        next_step="run the command again; if it stays, re-snapshot with `amalimart source resnapshot`",
    )


def _uncompressed(content: bytes) -> bytes:
    """What MariaDB's log_bin_compress made smaller: a byte of kind and width, the length, zlib's output."""
    width = content[0] & 0x07
    return zlib.decompress(content[1 + width :])
