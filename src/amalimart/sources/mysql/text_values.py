"""MySQL's own texts as exact values of the landed type.

One text form serves both ways in: a snapshot gets it from the server, the binary log's images are put
into it (row_images.py). From there on there is one implementation, so both land the same value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from amalimart.sources.exactness import exact_decimals
from amalimart.sources.mysql.json_text import canonical_json
from amalimart.sources.mysql.types import SourceType

_MOMENTS = {"date": pa.date32(), "datetime": pa.timestamp("us"), "timestamp": pa.timestamp("us")}
# The first day of the year 1, which Arrow counts from 1970: a year 0 is none to anyone but MySQL.
_FIRST = {pa.date32(): -719_162, pa.timestamp("us"): -719_162 * 86_400_000_000}
_NO_MOMENT = "^0000|-00"
_LIKE_A_DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


def landed_batch(
    values: Sequence[pa.Array], columns: Sequence[tuple[str, SourceType]], schema: pa.Schema
) -> tuple[pa.RecordBatch, dict[str, int]]:
    """Binary arrays of the text form as exact values, with the count by column of those that became null.

    Raises pa.ArrowInvalid where a value fits no type.
    """
    landed, replaced = [], {}
    for array, (name, kind) in zip(values, columns, strict=True):
        exact, odd = landed_array(array, kind)
        landed.append(exact)
        if odd:
            replaced[name] = odd
    return pa.RecordBatch.from_arrays(landed, schema=schema), replaced


def landed_array(values: pa.Array, kind: SourceType) -> tuple[pa.Array, int]:
    """A binary array of the text form as the landed type, and how many values became null.

    Raises pa.ArrowInvalid where a text is none of the type.
    """
    texts, replaced = _texts(values)
    target = kind.arrow
    if kind.name in _MOMENTS:
        moments, impossible = _moments(texts, _MOMENTS[kind.name])
        return moments.cast(target), replaced + impossible
    if kind.name == "json":
        return pa.array([canonical_json(text) for text in texts.to_pylist()], pa.string()), replaced
    if pa.types.is_decimal(target):
        decimals, odd = exact_decimals(texts, target)
        return decimals, replaced + odd
    return texts.cast(target), replaced


def _texts(values: pa.Array) -> tuple[pa.Array, int]:
    try:
        return values.cast(pa.string()), 0
    except pa.ArrowInvalid:
        kept = [value if value is None or _is_utf8(value) else None for value in values.to_pylist()]
        texts = pa.array(kept, pa.binary()).cast(pa.string())
        return texts, texts.null_count - values.null_count


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _moments(texts: pa.Array, target: pa.DataType) -> tuple[pa.Array, int]:
    try:
        moments = texts.cast(target)
    except pa.ArrowInvalid:
        return _possible(texts, target)
    earliest = pc.min(moments).value
    return (moments, 0) if earliest is None or earliest >= _FIRST[target] else _possible(texts, target)


def _possible(texts: pa.Array, target: pa.DataType) -> tuple[pa.Array, int]:
    odd = pc.match_substring_regex(texts, _NO_MOMENT)
    kept = pc.if_else(odd, pa.scalar(None, pa.string()), texts)
    try:
        moments = kept.cast(target)
    except pa.ArrowInvalid:
        kept = pa.array(
            [text if text is None or _is_day(text) else None for text in kept.to_pylist()], pa.string()
        )
        moments = kept.cast(target)
    return moments, moments.null_count - texts.null_count


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        # 31 February can be stored where ALLOW_INVALID_DATES is set; anything else is for the cast to refuse.
        return _LIKE_A_DAY.match(text) is None
    return True
