"""Moments: SQL that reads a time in the source's zone and tells it in the business zone.

The rules are those of `casts`; what cannot be read is null, and no value can raise in the engine.
"""

from __future__ import annotations

import re

from amalimart.core.errors import ConfigError
from amalimart.warehouse.staging.macros import MOMENT, call

TEXT_TYPES = frozenset({"varchar", "text"})
_DIRECTIVE = re.compile("%(-[dmyHIMSj]|.|$)", re.DOTALL)
_DIRECTIVES = set("aAwdbBmyYHIMSfgnpzZjUWcxXGuV%")
_DIRECTIVES_OF_A_TIME = set("HIMSfgnpcX")


def text_literal(text: str) -> str:
    """A SQL string literal."""
    return call("text_literal", text) if "'" in text or "\\" in text else f"'{text}'"


def moment(
    present: str, source_type: str, text_format: str | None, source_zone: str, business_zone: str
) -> str:
    """The business-zone timestamp of a present value. Raises ConfigError for an unusable format."""

    def local(naive: str) -> str:
        return call("from_zone", naive, source_zone, business_zone)

    match source_type:
        case "timestamp with time zone":
            told = call("business_moment", present, business_zone)
        case "timestamp":
            told = local(present)
        case "date":
            told = call("start_of_day", present)
        case text if text in TEXT_TYPES and text_format is None:
            told = call("text_as_moment", present, source_zone, business_zone)
        case text if text in TEXT_TYPES and text_format is not None:
            directives = _directives(text_format)
            parsed = call("text_by_format", present, text_format)
            if directives & {"z", "Z"}:
                told = call("business_moment", parsed, business_zone)
            else:
                told = local(parsed) if directives & _DIRECTIVES_OF_A_TIME else parsed
        case _:
            return f"cast(null as {MOMENT})"
    return f"case when year({told}) between 1 and 9999 then {told} end"


def _directives(text_format: str) -> set[str]:
    """The letters of a format's directives. Raises ConfigError for one that the engine does not know."""
    letters = {directive.removeprefix("-") for directive in _DIRECTIVE.findall(text_format)}
    unknown = sorted(letters - _DIRECTIVES)
    if unknown:
        raise ConfigError(
            f"the format {text_format!r} has the unknown directive {'%' + unknown[0]!r}",
            expected="directives such as %d/%m/%Y %H:%M:%S",
            next_step="correct the column's `format` in the mapping",
        )
    return letters
