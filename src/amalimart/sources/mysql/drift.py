"""What a changed type means for what is landed of a column: the same, wider, to be read again, or the end."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

from amalimart.sources.mysql.types import INTEGER_BYTES, WIDEST_DECIMAL, SourceType


class Change(IntEnum):
    """How a column's new type takes its old values; the greater, the worse.

    SAME    nothing changed
    WIDER   every value stays what it was
    REREAD  it lands as before, but values may have been changed to fit
    OTHER   it lands as something else
    """

    SAME = 0
    WIDER = 1
    REREAD = 2
    OTHER = 3


def change(old: SourceType, new: SourceType) -> Change:
    """Compare two types of one column."""
    if old == new:
        return Change.SAME
    if _widens(old, new):
        return Change.WIDER
    return Change.REREAD if old.arrow == new.arrow and old.family == new.family else Change.OTHER


def _widens(old: SourceType, new: SourceType) -> bool:
    if old.name in INTEGER_BYTES and new.name in INTEGER_BYTES:
        return _integer(old, new)
    judged = _WIDENING.get((old.name, new.name))
    return judged is not None and judged(old, new)


def _integer(old: SourceType, new: SourceType) -> bool:
    if INTEGER_BYTES[new.name] == INTEGER_BYTES[old.name]:
        return old.unsigned == new.unsigned
    return INTEGER_BYTES[new.name] > INTEGER_BYTES[old.name] and (old.unsigned or not new.unsigned)


def _decimal(old: SourceType, new: SourceType) -> bool:
    fits = new.scale >= old.scale and new.precision - new.scale >= old.precision - old.scale
    return fits and (new.precision <= WIDEST_DECIMAL) == (old.precision <= WIDEST_DECIMAL)


def _as_precise(old: SourceType, new: SourceType) -> bool:
    return new.precision >= old.precision


def _holds_as_much(old: SourceType, new: SourceType) -> bool:
    return old.octets is None or new.octets is None or new.octets >= old.octets


def _same_texts(_old: SourceType, _new: SourceType) -> bool:
    return True


_WIDENING: dict[tuple[str, str], Callable[[SourceType, SourceType], bool]] = {
    ("decimal", "decimal"): _decimal,
    ("float", "double"): _same_texts,
    ("datetime", "datetime"): _as_precise,
    ("timestamp", "timestamp"): _as_precise,
    ("bit", "tinyint"): lambda old, new: old.precision == 1 and not new.unsigned,
    ("text", "text"): _holds_as_much,
    ("blob", "blob"): _holds_as_much,
    ("enum", "enum"): lambda old, new: set(old.labels) <= set(new.labels),
    # A set shows its labels in the order of the definition.
    ("set", "set"): lambda old, new: new.labels[: len(old.labels)] == old.labels,
    ("enum", "text"): _same_texts,
    ("set", "text"): _same_texts,
}
