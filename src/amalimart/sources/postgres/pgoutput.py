"""The messages of PostgreSQL's pgoutput plugin, protocol 1, from bytes to values. Pure; knows no table.

Values stay the bytes that the server's own output functions wrote: what they mean is decided where the
column's type is known. Anything that is not whole is one SourceError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from struct import Struct
from struct import error as StructError  # noqa: N812 - a class in spite of its name
from typing import Final, NamedTuple

from amalimart.core.errors import SourceError

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_BEGIN = Struct(">QqI")
_COMMIT = Struct(">BQQq")
_COLUMN = Struct(">Ii")
_TRUNCATE = Struct(">IB")
_OID = Struct(">I")
_LENGTH = Struct(">I")
_COUNT = Struct(">H")
_ORIGIN = Struct(">Q")

_TEXT, _NULL, _UNCHANGED = b"tnu"
_NEW, _KEY, _OLD = b"NKO"


class Missing(Enum):
    """A value that is there, but was not sent: a large one that the update left alone."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Missing.UNCHANGED

Value = bytes | Missing | None
Row = Sequence[Value]


class Begin(NamedTuple):
    """A transaction starts. `lsn` is where its commit is, `xid` the low 32 bits of its number."""

    lsn: int
    committed_at: datetime
    xid: int


class Commit(NamedTuple):
    """The transaction is whole; `end` is the first position after it."""

    lsn: int
    end: int
    committed_at: datetime


class RelationColumn(NamedTuple):
    """A column as it is sent: its type by number, and whether it belongs to the replica identity."""

    name: str
    is_key: bool
    type_oid: int
    modifier: int


class RelationMessage(NamedTuple):
    """What the rows of one table look like from here on. `identity` is d, n, f or i."""

    oid: int
    schema: str
    name: str
    identity: str
    columns: tuple[RelationColumn, ...]


class Insert(NamedTuple):
    """A new row."""

    oid: int
    new: Row


class Update(NamedTuple):
    """A row changed. `old` is its replica identity before, where that changed; all of it if `whole`."""

    oid: int
    old: Row | None
    whole: bool
    new: Row


class Delete(NamedTuple):
    """A row is gone. `old` holds its replica identity; all of it if `whole`."""

    oid: int
    old: Row
    whole: bool


class Truncate(NamedTuple):
    """Tables were emptied together."""

    oids: tuple[int, ...]


class TypeMessage(NamedTuple):
    """The name of a type that is not PostgreSQL's own."""

    oid: int
    schema: str
    name: str


class Origin(NamedTuple):
    """The transaction was replicated from elsewhere."""

    lsn: int
    name: str


Message = Begin | Commit | RelationMessage | Insert | Update | Delete | Truncate | TypeMessage | Origin


class _Incomplete(ValueError):
    """The bytes end early, go on too long, or cannot be what they claim."""


def moment_of(microseconds: int) -> datetime:
    """A time on the wire, microseconds since 2000, as UTC. Raises OverflowError."""
    return _EPOCH + timedelta(microseconds=microseconds)


def decode(message: bytes) -> Message:
    """Read one message. Raises SourceError for anything but one whole message of a known kind."""
    try:
        return _DECODERS[message[0]](message)
    except (_Incomplete, IndexError, KeyError, OverflowError, StructError, UnicodeDecodeError) as error:
        kind = repr(chr(message[0])) if message else "none"
        raise SourceError(
            f"a message of the change stream cannot be read ({error!r})",
            where=f"message kind {kind}, {len(message)} bytes",
            expected="one whole message of pgoutput's protocol 1",
            next_step="try again; if it comes again, the server is of a kind this release does not know",
        ) from error


def _begin(message: bytes) -> Begin:
    _require_size(message, 1 + _BEGIN.size)
    lsn, committed, xid = _BEGIN.unpack_from(message, 1)
    return Begin(lsn, moment_of(committed), xid)


def _commit(message: bytes) -> Commit:
    _require_size(message, 1 + _COMMIT.size)
    _, lsn, end, committed = _COMMIT.unpack_from(message, 1)
    return Commit(lsn, end, moment_of(committed))


def _relation(message: bytes) -> RelationMessage:
    (oid,) = _OID.unpack_from(message, 1)
    schema, place = _text(message, 5)
    name, place = _text(message, place)
    identity = chr(message[place])
    (count,) = _COUNT.unpack_from(message, place + 1)
    place += 3
    columns = []
    for _ in range(count):
        flags = message[place]
        column, place = _text(message, place + 1)
        type_oid, modifier = _COLUMN.unpack_from(message, place)
        place += _COLUMN.size
        columns.append(RelationColumn(column, bool(flags & 1), type_oid, modifier))
    _require_size(message, place)
    # The system's own schema travels as an empty name.
    return RelationMessage(oid, schema or "pg_catalog", name, identity, tuple(columns))


def _insert(message: bytes) -> Insert:
    (oid,) = _OID.unpack_from(message, 1)
    if message[5] != _NEW:
        raise _Incomplete("no new row")
    new, place = _row(message, 6)
    _require_size(message, place)
    return Insert(oid, new)


def _update(message: bytes) -> Update:
    (oid,) = _OID.unpack_from(message, 1)
    kind = message[5]
    place = 6
    old = None
    if kind in {_KEY, _OLD}:
        old, place = _row(message, 6)
        if message[place] != _NEW:
            raise _Incomplete("no new row")
        place += 1
    elif kind != _NEW:
        raise _Incomplete("neither an old nor a new row")
    new, place = _row(message, place)
    _require_size(message, place)
    return Update(oid, old, kind == _OLD, new)


def _delete(message: bytes) -> Delete:
    (oid,) = _OID.unpack_from(message, 1)
    kind = message[5]
    if kind not in {_KEY, _OLD}:
        raise _Incomplete("no old row")
    old, place = _row(message, 6)
    _require_size(message, place)
    return Delete(oid, old, kind == _OLD)


def _truncate(message: bytes) -> Truncate:
    count, _ = _TRUNCATE.unpack_from(message, 1)
    _require_size(message, 1 + _TRUNCATE.size + 4 * count)
    return Truncate(Struct(f">{count}I").unpack_from(message, 1 + _TRUNCATE.size))


def _type(message: bytes) -> TypeMessage:
    (oid,) = _OID.unpack_from(message, 1)
    schema, place = _text(message, 5)
    name, place = _text(message, place)
    _require_size(message, place)
    return TypeMessage(oid, schema or "pg_catalog", name)


def _origin(message: bytes) -> Origin:
    (lsn,) = _ORIGIN.unpack_from(message, 1)
    name, place = _text(message, 9)
    _require_size(message, place)
    return Origin(lsn, name)


def _row(message: bytes, place: int) -> tuple[list[Value], int]:
    """The values from `place` on, and where they end. A slice that is cut short shows in the end."""
    (count,) = _COUNT.unpack_from(message, place)
    place += 2
    values: list[Value] = []
    append = values.append
    length_at = _LENGTH.unpack_from
    for _ in range(count):
        kind = message[place]
        if kind == _TEXT:
            start = place + 5
            place = start + length_at(message, place + 1)[0]
            append(message[start:place])
        elif kind == _NULL:
            append(None)
            place += 1
        elif kind == _UNCHANGED:
            append(UNCHANGED)
            place += 1
        else:
            raise _Incomplete(f"a value of unknown kind {kind}")
    return values, place


def _text(message: bytes, place: int) -> tuple[str, int]:
    end = message.find(0, place)
    if end < 0:
        raise _Incomplete("a name without an end")
    return message[place:end].decode(), end + 1


def _require_size(message: bytes, size: int) -> None:
    if len(message) != size:
        raise _Incomplete(f"{size} bytes announced")


_DECODERS: Mapping[int, Callable[[bytes], Message]] = {
    ord("B"): _begin,
    ord("C"): _commit,
    ord("R"): _relation,
    ord("I"): _insert,
    ord("U"): _update,
    ord("D"): _delete,
    ord("T"): _truncate,
    ord("Y"): _type,
    ord("O"): _origin,
}
