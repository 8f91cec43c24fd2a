"""CSV (RFC 4180, UTF-8). Its cells are read by spreadsheets, which run what looks like a formula.

Names come from vendors and customers, so a text that a program may take for a formula is given a leading
apostrophe, which shows it as text. Numbers and days are never texts here, so a negative amount stays one.
"""

from __future__ import annotations

from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from amalimart.semantic.streaming import StreamedAnswer

# A sign that begins a formula, also in its full width, and also after what some programs trim away first.
_FORMULA = "^[\\s\\x00-\\x20\\x7f\u00a0\u200b-\u200f\ufeff]*[=+\\-@|%\uff1d\uff0b\uff0d\uff20]|^[\\t\\r\\n]"
_OPTIONS = csv.WriteOptions(eol="\r\n")


def write_csv(answer: StreamedAnswer, target: IO[bytes]) -> None:
    """A heading of the columns' names, then the rows; a cell without value is empty."""
    batches = answer.batches()
    first = next(batches)
    with csv.CSVWriter(target, first.schema, write_options=_OPTIONS) as writer:
        for batch in batches:
            arrays = [_harmless(array) for array in batch.columns]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=first.schema))


def _harmless(array: pa.Array) -> pa.Array:
    if not pa.types.is_string(array.type):
        return array
    quoted = pc.binary_join_element_wise("'", array, "")
    return pc.if_else(pc.match_substring_regex(array, _FORMULA), quoted, array)
