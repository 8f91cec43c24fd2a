"""How one landed column becomes one canonical column, and when that fails or changes the value.

A cast never raises inside the engine: what cannot be read becomes null and is reported by
`is_unreadable`; what had to be altered (an unmapped enum value, digits beyond the cent) is reported
by `is_changed`. Rounding is to the nearest cent, half away from zero, as the engine's decimal cast.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from amalimart.core.errors import ConfigError
from amalimart.mapping.entities import ColumnType

_OFFSET = r"[0-9](Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
_WHOLE = r"[+-]?[0-9]+([.]0*)?"


@dataclass(frozen=True, slots=True)
class Cast:
    """SQL of the value and of its conditions; an empty condition can never hold."""

    value: str
    is_missing: str
    is_unreadable: str = ""
    is_changed: str = ""
    change: str = ""

    @classmethod
    def constant(cls, value: str) -> Cast:
        """A value that does not come from a source column."""
        return cls(value=value, is_missing=f"{value} is null")


def _text_literal(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def folded(text: str) -> str:
    """The spelling of an enum value that is compared: case, blanks and hyphens do not count.

    The same folding as the SQL of `_enum`.
    """
    return re.sub(r"[\s-]+", "_", text.strip()).upper()


def cast_expression(
    column: str,
    *,
    source_type: str,
    target: ColumnType,
    values: Mapping[str, str] | None,
    default: str | None,
    text_format: str | None,
    source_zone: str,
    business_zone: str,
) -> Cast:
    """The cast of one quoted source column of an engine type to a canonical type."""
    is_text = source_type in {"varchar", "text"}
    present = f"nullif(trim({column}), '')" if is_text else column
    match target:
        case ColumnType.ID | ColumnType.TEXT:
            return Cast(f"cast({present} as varchar)", f"{present} is null")
        case ColumnType.ENUM:
            return _enum(present, values or {}, default)
        case ColumnType.INTEGER:
            guarded = f"case when regexp_full_match({present}, '{_WHOLE}') then {present} end"
            return _readable(f"try_cast({guarded if is_text else present} as bigint)", present)
        case ColumnType.BOOLEAN | ColumnType.DECIMAL:
            engine_type = "boolean" if target is ColumnType.BOOLEAN else "decimal(18, 6)"
            return _readable(f"try_cast({present} as {engine_type})", present)
        case ColumnType.MONEY:
            return _money(present, is_text=is_text)
        case ColumnType.TIMESTAMP | ColumnType.DATE:
            moment = _moment(present, source_type, text_format, source_zone, business_zone)
            if target is ColumnType.DATE:
                moment = f"cast({moment} as date)"
            return _readable(moment, present)


def _readable(value: str, present: str) -> Cast:
    return Cast(value, f"{present} is null", is_unreadable=f"{present} is not null and {value} is null")


def _money(present: str, *, is_text: bool) -> Cast:
    cast = _readable(f"try_cast({present} as decimal(18, 2))", present)
    if not is_text:
        return cast
    exact = f"try_cast({present} as decimal(38, 10))"
    return Cast(
        cast.value,
        cast.is_missing,
        cast.is_unreadable,
        is_changed=f"{exact} <> {cast.value}",
        change="was rounded to the cent",
    )


def _enum(present: str, values: Mapping[str, str], default: str | None) -> Cast:
    spelling = f"upper(regexp_replace(cast({present} as varchar), '[\\s-]+', '_', 'g'))"
    by_target: dict[str, list[str]] = {}
    for written, target in values.items():
        spellings = by_target.setdefault(target, [])
        if folded(written) not in spellings:
            spellings.append(folded(written))
    if not by_target:
        raise ConfigError("an enum column with an empty list of values", expected="at least one value")
    known = [spelling for spellings in by_target.values() for spelling in spellings]
    whens = " ".join(
        f"when {spelling} in ({', '.join(map(_text_literal, spellings))}) then {_text_literal(target)}"
        for target, spellings in by_target.items()
    )
    fallback = _text_literal(default) if default is not None else "null"
    return Cast(
        f"case {whens} else {fallback} end",
        f"{present} is null",
        is_changed=f"{present} is not null and {spelling} not in ({', '.join(map(_text_literal, known))})",
        change=f"was not mapped and became {default}",
    )


def _moment(
    present: str, source_type: str, text_format: str | None, source_zone: str, business_zone: str
) -> str:
    business = _text_literal(business_zone)
    same_zone = source_zone == business_zone

    def local(naive: str) -> str:
        if same_zone:
            return naive
        return f"timezone({business}, timezone({_text_literal(source_zone)}, {naive}))"

    if source_type == "timestamp with time zone":
        return f"timezone({business}, {present})"
    if source_type in {"varchar", "text"}:
        if text_format is not None:
            return local(f"try_strptime({present}, {_text_literal(text_format)})")
        zoned = f"timezone({business}, try_cast({present} as timestamptz))"
        return (
            f"case when regexp_matches({present}, '{_OFFSET}') and length({present}) > 10 then {zoned} "
            f"else {local(f'try_cast({present} as timestamp)')} end"
        )
    if source_type == "date":
        return f"cast({present} as timestamp)"
    return local(f"try_cast({present} as timestamp)")
