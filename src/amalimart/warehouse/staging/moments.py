"""Moments: SQL that reads a time in the source's zone and tells it in the business zone.

The rules are those of `casts`; what cannot be read is null, and no value can raise in the engine.
"""

from __future__ import annotations

import re

from amalimart.core.errors import ConfigError

TEXT_TYPES = frozenset({"varchar", "text"})
_DAY = "[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}"
_TIME = "[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
_ZONE_NAME = " ?(Z|z|UTC|GMT)"
_OFFSET = " ?[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?"
_DIRECTIVE = re.compile("%(-[dmyHIMSj]|.|$)", re.DOTALL)
_DIRECTIVES = set("aAwdbBmyYHIMSfgnpzZjUWcxXGuV%")
_DIRECTIVES_OF_A_TIME = set("HIMSfgnpcX")


def text_literal(text: str) -> str:
    """A SQL string literal."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def moment(
    present: str, source_type: str, text_format: str | None, source_zone: str, business_zone: str
) -> str:
    """The business-zone timestamp of a present value. Raises ConfigError for an unusable format."""
    business = text_literal(business_zone)

    def local(naive: str) -> str:
        if source_zone == business_zone:
            return naive
        return f"try(timezone({business}, timezone({text_literal(source_zone)}, {naive})))"

    match source_type:
        case "timestamp with time zone":
            told = f"try(timezone({business}, {present}))"
        case "timestamp":
            told = local(present)
        case "date":
            told = f"try_cast({present} as timestamp)"
        case text if text in TEXT_TYPES and text_format is None:
            naive = f"try_cast({present} as timestamp)"
            offset = rf"regexp_replace(regexp_replace({present}, '{_ZONE_NAME}$', '+00'), ' ([+-])', '\1')"
            told = (
                f"case when regexp_full_match({present}, '{_DAY}') then {naive} "
                f"when regexp_full_match({present}, '{_DAY}{_TIME}') then {local(naive)} "
                f"when regexp_full_match({present}, '{_DAY}{_TIME}({_ZONE_NAME}|{_OFFSET})') "
                f"then timezone({business}, try_cast({offset} as timestamptz)) end"
            )
        case text if text in TEXT_TYPES and text_format is not None:
            directives = _directives(text_format)
            parsed = f"try_strptime({present}, {text_literal(text_format)})"
            if directives & {"z", "Z"}:
                told = f"try(timezone({business}, {parsed}))"
            else:
                told = local(parsed) if directives & _DIRECTIVES_OF_A_TIME else parsed
        case _:
            return "cast(null as timestamp)"
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
