"""Frozen dataclasses of other rooms as JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

from amalimart.core.wire import wire_value


def described(thing: Any) -> Any:
    """A frozen dataclass of another room as JSON, parts and all."""
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        return {
            field.name: described(getattr(thing, field.name))
            for field in dataclasses.fields(thing)
            if not field.name.startswith("_")
        }
    if isinstance(thing, frozenset | set):
        return sorted(described(each) for each in thing)
    if isinstance(thing, tuple | list):
        return [described(each) for each in thing]
    if isinstance(thing, dict):
        return {str(key): described(value) for key, value in thing.items()}
    return wire_value(thing)
