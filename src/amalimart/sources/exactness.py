"""Values without an exact form become null and are counted; everything else stays exactly as it was."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

_NOT_A_NUMBER = ["nan", "inf", "-inf", "infinity", "-infinity"]


def exact_decimals(text: pa.Array, decimal: pa.DataType) -> tuple[pa.Array, int]:
    """Decimal texts as decimals of one type, with the count of NaN and infinities that became null.

    Raises pa.ArrowInvalid where a value does not fit the type exactly: never rounds.
    """
    odd = pc.is_in(pc.utf8_lower(text), value_set=pa.array(_NOT_A_NUMBER))
    count = pc.sum(odd).as_py() or 0
    kept = pc.if_else(odd, pa.scalar(None, pa.string()), text) if count else text
    return pc.cast(kept, decimal), count


def finite_floats(values: pa.Array) -> tuple[pa.Array, int]:
    """Floats with NaN and infinities as null, and how many those were."""
    odd = pc.invert(pc.is_finite(values))
    count = pc.sum(odd).as_py() or 0
    return (pc.if_else(odd, pa.scalar(None, values.type), values), count) if count else (values, 0)
