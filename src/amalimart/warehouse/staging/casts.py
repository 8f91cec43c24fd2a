r"""How one landed column becomes one canonical column, and when that fails or changes the value.

A cast never raises inside the engine and never guesses: what cannot be read without doubt becomes
null, and what had to be altered says so. Outer blanks (tabs,
line ends and no-break spaces too) never count. From text are read

    integer         digits with a sign, or with zeros only after the point; no exponent, no separators
    decimal, money  digits with a sign, one point and an exponent (then at most 18 digits before
                    the point); no thousands separators, no symbols
    boolean         true, t, yes, y, on, 1 and false, f, no, n, off, 0, in any case
    timestamp       2026-03-01, with - or /, and a time after a blank or T, seconds optional; with Z, UTC,
                    GMT or an offset it is that instant, without one it is in the source's zone
    date            the same, as the day in the business zone
    enum            the mapped spellings; case, blanks and hyphens do not count

A day without a time is a calendar day and keeps its date in every zone. From typed columns: a whole
number is one whatever its type, a fraction is not an integer, a number other than 0 and 1 is not a
boolean, moments outside the years 1 to 9999 (infinity too) cannot be read, a double stands for its
shortest decimal text, and a whole double as an id loses its point. Rounding, to the cent or to six
decimals, is half away from zero.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from amalimart.core.errors import ConfigError
from amalimart.mapping.entities import ColumnType
from amalimart.mapping.enum_values import folded
from amalimart.warehouse.staging.macros import call
from amalimart.warehouse.staging.moments import TEXT_TYPES, moment, text_literal

_TRUE = ("true", "t", "yes", "y", "on", "1")
_FALSE = ("false", "f", "no", "n", "off", "0")

_DOUBLE = {"double", "float", "halffloat"}


@dataclass(frozen=True, slots=True)
class Cast:
    """SQL of the value, and of the condition under which using it changed it ("" if that cannot be)."""

    value: str
    is_changed: str = ""
    change: str = ""


def present_value(column: str, source_type: str) -> str:
    """The value of a quoted source column, null where it is blank."""
    return call("trimmed", column) if source_type in TEXT_TYPES else column


def blank_edged(column: str) -> str:
    """Whether a text of a quoted source column has outer blanks, which its value is then without."""
    return call("has_outer_blanks", column)


def cast_expression(
    present: str,
    *,
    source_type: str,
    target: ColumnType,
    result: str,
    values: Mapping[str, str] | None,
    default: str | None,
    text_format: str | None,
    source_zone: str,
    business_zone: str,
) -> Cast:
    """The cast of a present value of an engine type to a canonical type.

    `result` is the name under which the value can be compared with the present one. Raises
    ConfigError for a format or enum values that cannot be used.
    """
    value, is_changed, change = "", "", ""
    match target:
        case ColumnType.TEXT:
            value = as_text(present, source_type)
        case ColumnType.ID:
            value = id_value(present, source_type)
        case ColumnType.ENUM:
            return _enum(present, source_type, values or {}, default, result)
        case ColumnType.INTEGER:
            value = _integer(present, source_type)
        case ColumnType.BOOLEAN:
            value = _boolean(present, source_type)
        case ColumnType.DECIMAL:
            value, is_changed = _decimal(present, source_type, result, digits=6)
            change = "was rounded to six decimals"
        case ColumnType.MONEY:
            value, is_changed = _decimal(present, source_type, result, digits=2)
            change = "was rounded to the cent"
        case ColumnType.TIMESTAMP | ColumnType.DATE:
            value = moment(present, source_type, text_format, source_zone, business_zone)
            if target is ColumnType.DATE:
                value = f"cast({value} as date)"
    return Cast(value, is_changed, change)


def is_whole(source_type: str) -> bool:
    """Whether an engine type holds whole numbers only."""
    return re.fullmatch(r"u?int\d+", source_type) is not None


def as_text(value: str, source_type: str) -> str:
    """A value written out."""
    if source_type in _DOUBLE:
        return call("double_as_text", value)
    return call("instant_as_text" if source_type == "timestamp with time zone" else "as_text", value)


def id_value(present: str, source_type: str) -> str:
    """An id as text; a whole double loses its point."""
    return call("double_as_id", present) if source_type in _DOUBLE else as_text(present, source_type)


def _integer(present: str, source_type: str) -> str:
    if source_type in TEXT_TYPES:
        return call("text_as_integer", present)
    if is_whole(source_type):
        return f"try_cast({present} as bigint)"
    if source_type in _DOUBLE:
        return call("double_as_integer", present)
    if source_type.startswith("decimal"):
        return call("decimal_as_integer", present)
    return "cast(null as bigint)"


def _boolean(present: str, source_type: str) -> str:
    if source_type in TEXT_TYPES:
        yes, no = (", ".join(map(text_literal, words)) for words in (_TRUE, _FALSE))
        return (
            f"case when lower({present}) in ({yes}) then true when lower({present}) in ({no}) then false end"
        )
    if source_type == "bool":
        return present
    if source_type.startswith("decimal"):
        present = f"try_cast({present} as decimal(38, 18))"
    if is_whole(source_type) or source_type in _DOUBLE or source_type.startswith("decimal"):
        return f"case when {present} = 1 then true when {present} = 0 then false end"
    return "cast(null as boolean)"


def _decimal(present: str, source_type: str, result: str, *, digits: int) -> tuple[str, str]:
    """The value, and the condition under which it was rounded."""
    engine_type = f"decimal(18, {digits})"
    wide = f"try_cast({present} as decimal(38, 18))"
    if source_type in TEXT_TYPES:
        return call("text_as_decimal", present, digits), f"{wide} <> {result}"
    if source_type in _DOUBLE:
        noise = "1e-6" if digits == 2 else "1e-9"
        beyond = f"abs({present} - cast({result} as double)) > {noise}"
        return call("double_as_decimal", present, digits), beyond
    if source_type.startswith("decimal"):
        return f"try_cast({present} as {engine_type})", f"{wide} <> {result}"
    return f"try_cast({present} as {engine_type})" if is_whole(
        source_type
    ) else f"cast(null as {engine_type})", ""


def enum_spelling(text: str) -> str:
    """The spelling of a text that enum values are compared by: the SQL of `folded`."""
    return call("spelling", text)


def _enum(
    present: str, source_type: str, values: Mapping[str, str], default: str | None, result: str
) -> Cast:
    if not values:
        raise ConfigError("an enum column with an empty list of values", expected="at least one value")
    spelling = enum_spelling(present if source_type in TEXT_TYPES else as_text(present, source_type))
    by_target: dict[str, list[str]] = {}
    for written, target in values.items():
        by_target.setdefault(target, []).append(text_literal(folded(written)))
    known = [spelled for spellings in by_target.values() for spelled in spellings]
    whens = "".join(
        f"\n            when {spelling} in ({', '.join(spellings)}) then {text_literal(target)}"
        for target, spellings in by_target.items()
    )
    if default is None:
        return Cast(f"case{whens}\n        end")
    unknown = f"{result} = {text_literal(default)}"
    if default in by_target:
        unknown = f"{spelling} not in ({', '.join(known)})"
    return Cast(
        f"case{whens}\n            else {text_literal(default)}\n        end",
        is_changed=f"{present} is not null and {unknown}",
        change=f"was not mapped and became {default}",
    )
