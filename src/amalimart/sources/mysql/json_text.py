"""One text for one JSON value, whichever way it came: MySQL's text, or its binary form decoded."""

from __future__ import annotations

import base64
import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any


def canonical_json(text: str | None) -> str | None:
    """The canonical text of a JSON text; a text that is none stays as it is."""
    if text is None:
        return None
    try:
        return canonical_text(json.loads(text, parse_float=Decimal))
    except ValueError:
        return text


def canonical_text(value: Any) -> str:
    """The canonical text of a value: keys sorted, no blanks, numbers without an exponent or idle zeros."""
    if isinstance(value, dict):
        members = sorted((_text(key), item) for key, item in value.items())
        return "{" + ",".join(f"{_quoted(key)}:{canonical_text(item)}" for key, item in members) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(canonical_text, value)) + "]"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (int, float, Decimal)):
        return _number(Decimal(repr(value)) if isinstance(value, float) else Decimal(value))
    return _quoted(_text(value))


def _number(value: Decimal) -> str:
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) if value else "0"


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return "base64:" + base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, (date, time, timedelta)):
        return str(value)
    return str(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
