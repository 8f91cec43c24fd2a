"""Text to a value of a column's type. Every value of a filter passes here before it is bound."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from amalimart.core.calendar import Grain
from amalimart.core.fiscal import Calendar
from amalimart.semantic.formula import Value
from amalimart.semantic.shapes import FieldType

FIRST_YEAR, LAST_YEAR = 1900, 2200
LONGEST_TEXT = 1_000

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,9})?")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_QUARTER = re.compile(r"([0-9]{4})-?[Qq]([1-4])")
_YEAR = re.compile(r"[0-9]{4}")
_FISCAL = {
    Grain.FISCAL_QUARTER: re.compile(r"(?:FY)?([0-9]{4})-?Q([1-4])", re.IGNORECASE),
    Grain.FISCAL_YEAR: re.compile(r"(?:FY)?([0-9]{4})", re.IGNORECASE),
}
_WEEK = re.compile(r"([0-9]{4})-?[Ww]([0-9]{2})")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def typed_value(text: str, kind: FieldType, known: tuple[str, ...] = ()) -> Value:
    """The text as a value of the type. Raises ValueError that says what was expected.

    A value of an enumeration is found whatever its case, and must be one of `known` where that is given.
    """
    match kind:
        case FieldType.ID | FieldType.TEXT:
            return _text(text)
        case FieldType.ENUM:
            return _code(text, known)
        case FieldType.BOOLEAN:
            return _boolean(text)
        case FieldType.DATE:
            return typed_day(text)
        case _:
            return _number(text, whole=kind is FieldType.INTEGER)


def typed_day(text: str) -> date:
    """A day written 2024-01-31. Raises ValueError."""
    if _DAY.fullmatch(text):
        try:
            return _in_range(date.fromisoformat(text))
        except ValueError:
            pass
    raise ValueError(f"a day such as 2024-01-31, from {FIRST_YEAR} to {LAST_YEAR}")


def typed_bucket(text: str, grain: Grain, calendar: Calendar) -> date:
    """The first day of a bucket, written as any day in it or as 2024, 2024-Q1, 2024-05, 2024-W07, FY2025.

    Raises ValueError.
    """
    try:
        return calendar.start(grain, _in_range(_bucket_day(text, grain, calendar)))
    except ValueError:
        examples = {
            Grain.DAY: "2024-01-31",
            Grain.WEEK: "2024-W07 or a day in it",
            Grain.MONTH: "2024-05 or a day in it",
            Grain.QUARTER: "2024-Q1 or a day in it",
            Grain.YEAR: "2024 or a day in it",
            Grain.FISCAL_QUARTER: "FY2025-Q1 or a day in it",
            Grain.FISCAL_YEAR: "FY2025 or a day in it",
        }
        raise ValueError(
            f"a {grain.value} such as {examples[grain]}, from {FIRST_YEAR} to {LAST_YEAR}"
        ) from None


def _bucket_day(text: str, grain: Grain, calendar: Calendar) -> date:
    if grain.is_fiscal and (found := _FISCAL[grain].fullmatch(text)):
        return calendar.first_of_fiscal_year(*(int(part) for part in found.groups()))
    if grain is Grain.MONTH and (found := _MONTH.fullmatch(text)):
        return date(int(found[1]), int(found[2]), 1)
    if grain is Grain.QUARTER and (found := _QUARTER.fullmatch(text)):
        return date(int(found[1]), 3 * int(found[2]) - 2, 1)
    if grain is Grain.YEAR and _YEAR.fullmatch(text):
        return date(int(text), 1, 1)
    if grain is Grain.WEEK and (found := _WEEK.fullmatch(text)):
        return date.fromisocalendar(int(found[1]), int(found[2]), 1)
    return typed_day(text)


def _in_range(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError("out of range")
    return day


def _text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"at most {LONGEST_TEXT} characters")
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("text without null characters or broken Unicode")
    return text


def _code(text: str, known: tuple[str, ...]) -> str:
    value = _text(text).upper()
    if known and value not in known:
        raise ValueError(f"one of {', '.join(known)}")
    return value


def _boolean(text: str) -> bool:
    values = {"true": True, "yes": True, "false": False, "no": False}
    if text.lower() not in values:
        raise ValueError("true or false")
    return values[text.lower()]


def _number(text: str, *, whole: bool) -> int | Decimal:
    if whole:
        if _INTEGER.fullmatch(text):
            return int(text)
        raise ValueError("a whole number")
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    raise ValueError("a number such as 12 or 12.50")
