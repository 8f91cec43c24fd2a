"""How values leave the house as JSON: decimals as strings, so that no cent is lost to a float."""

from __future__ import annotations

import json
import math
from datetime import date, datetime
from decimal import Decimal
from typing import Any


def wire_value(value: Any) -> Any:
    """A JSON-ready form of one value; NaN and infinities become null.

    Raises TypeError for a type that no answer holds.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"no wire form for {type(value).__name__}")


def dumps(document: Any, *, indent: int | None = None) -> str:
    """JSON text of a document whose leaves may be decimals, dates and timestamps."""
    return json.dumps(document, default=wire_value, indent=indent, ensure_ascii=False, allow_nan=False)
