"""The texts of a change stream as exactly the values a snapshot lands (selecting.py says which).

Both come from the same rows, so a table must not differ by the way it was read. Where the snapshot asks
for a cast whose result is not the type's own text, the text is brought to that form here:

| type         | in the stream                      | landed                             |
|--------------|------------------------------------|------------------------------------|
| character(n) | padded with blanks                 | without them, as its cast to text  |
| inet         | without a netmask where it is full | always with one, as its cast       |
| money        | `$1,234.50` (lc_monetary is C)     | the amount's digits                |
| boolean      | `t`, `f`                           | a boolean                          |
| times        | `infinity`, ` BC`, year 10000      | null, counted                      |

A value that fits its column in no way becomes null and is counted: a change stream cannot leave a row
out, and must not stand still for one. (Money inside an array keeps its text: two locales may differ.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from amalimart.sources.exactness import exact_decimals, finite_floats
from amalimart.sources.postgres.relations import SourceColumn
from amalimart.sources.postgres.selecting import selected

_TEXT = pa.string()
_A_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ENDS_BC = " BC"
_TRUE, _FALSE = "t", "f"

Conversion = Callable[[pa.Array], tuple[pa.Array, int]]
"""Texts to values of one type, with how many became null; raises pa.ArrowInvalid."""


class TextColumn:
    """How the texts of one column become what is landed."""

    def __init__(self, column: SourceColumn, money_digits: int) -> None:
        self.name = column.name
        self.type = selected(column).type
        self._convert = _conversion(column, self.type, money_digits)

    def landed(self, raw: Sequence[bytes | None]) -> tuple[pa.Array, int]:
        """Values of one column, and how many of them became null because they have no exact form."""
        values = pa.array(raw, pa.binary())
        try:
            return self._convert(values.cast(_TEXT))
        except (pa.ArrowInvalid, ValueError):
            return self._one_by_one(raw)

    def _one_by_one(self, raw: Sequence[bytes | None]) -> tuple[pa.Array, int]:
        found, replaced = [], 0
        for value in raw:
            try:
                array, count = self._convert(pa.array([value], pa.binary()).cast(_TEXT))
            except (pa.ArrowInvalid, ValueError):
                array, count = pa.nulls(1, self.type), 1
            found.append(array)
            replaced += count
        return pa.concat_arrays(found) if found else pa.nulls(0, self.type), replaced


def _conversion(column: SourceColumn, kind: pa.DataType, money_digits: int) -> Conversion:
    if pa.types.is_decimal(kind):
        return lambda texts: exact_decimals(texts, kind)
    if pa.types.is_floating(kind):
        return lambda texts: finite_floats(texts.cast(kind))
    if pa.types.is_boolean(kind):
        return _booleans
    if pa.types.is_temporal(kind):
        return lambda texts: _times(texts, kind)
    by_type: dict[str, Conversion] = {
        "bpchar": lambda texts: (pc.utf8_rtrim(texts, characters=" "), 0),
        "inet": _addresses,
        "money": lambda texts: _amounts(texts, money_digits),
    }
    return by_type.get(column.base if column.built_in else "", lambda texts: (texts.cast(kind), 0))


def _booleans(texts: pa.Array) -> tuple[pa.Array, int]:
    true = pc.equal(texts, _TRUE)
    if not pc.all(pc.or_(true, pc.equal(texts, _FALSE)), min_count=0).as_py():
        raise pa.ArrowInvalid("neither t nor f")
    return true, 0


def _times(texts: pa.Array, kind: pa.DataType) -> tuple[pa.Array, int]:
    inside = pc.and_(pc.match_substring_regex(texts, _A_DAY), pc.invert(pc.ends_with(texts, _ENDS_BC)))
    outside = pc.sum(pc.invert(inside)).as_py() or 0
    kept = pc.if_else(inside, texts, pa.scalar(None, _TEXT)) if outside else texts
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        # The session's time zone is UTC, so every text ends in its offset, +00.
        if not pc.all(pc.ends_with(kept, "+00"), min_count=0).as_py():
            raise pa.ArrowInvalid("a time that is not in UTC")
        return pc.utf8_slice_codeunits(kept, 0, -3).cast(pa.timestamp("us")).cast(kind), outside
    return kept.cast(kind), outside


def _addresses(texts: pa.Array) -> tuple[pa.Array, int]:
    whole = pc.if_else(pc.match_substring(texts, ":"), "/128", "/32")
    mask = pc.if_else(pc.match_substring(texts, "/"), "", whole)
    return pc.binary_join_element_wise(texts, mask, ""), 0


def _amounts(texts: pa.Array, digits: int) -> tuple[pa.Array, int]:
    units = pc.replace_substring_regex(texts, "[^0-9-]", "").to_pylist()
    shown = [None if text is None else format(Decimal(int(text)).scaleb(-digits), "f") for text in units]
    return pa.array(shown, _TEXT), 0
