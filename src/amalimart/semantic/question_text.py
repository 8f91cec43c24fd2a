"""The text form of filters, as the command line and the URL carry them.

    category = Electronics
    order_status in (COMPLETED, PENDING)
    day >= 2024-01-01 and vendor = 'Kofi & Sons'
    gender = FEMALE and (channel = search or channel = email)

A value with a space, comma, bracket or quote stands in quotes; a quote inside is doubled. This
module knows nothing of metrics or dimensions: whether a name exists is the planner's question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from amalimart.core.errors import InvalidFilter
from amalimart.semantic.question import Filter, Having, Operator

_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}(?:\.[A-Za-z_][A-Za-z0-9_]{0,62})?")
_SYMBOL = re.compile(r"!=|<>|<=|>=|==|=|<|>")
_WORD_OPERATOR = re.compile(r"(not\s+in|in)(?=[\s(])", re.IGNORECASE)
_BARE = re.compile(r"[^\s,()'\"]+")
_AND = re.compile(r"and(?=[\s(])", re.IGNORECASE)
_OR = re.compile(r"or(?=\s)", re.IGNORECASE)
_SAME_AS = {"==": "=", "<>": "!="}
_LONGEST_TEXT = 10_000


def parse_filter(text: str) -> Filter:
    """One condition. Raises InvalidFilter with the position where the text stops making sense."""
    filters = parse_filters(text)
    if len(filters) != 1:
        raise InvalidFilter(
            "several conditions where one is expected", where=repr(text), expected="one condition"
        )
    return filters[0]


def parse_filters(text: str) -> tuple[Filter, ...]:
    """Conditions joined by `and`, at least one, each alone or several in brackets joined by `or`.

    Raises InvalidFilter.
    """
    if len(text) > _LONGEST_TEXT:
        raise InvalidFilter(
            f"the filter is {len(text)} characters long", expected=f"at most {_LONGEST_TEXT} characters"
        )
    cursor = _Cursor(text)
    filters = _conditions(cursor, 0)
    while not cursor.at_end():
        cursor.take(_AND, "'and' or the end")
        filters += _conditions(cursor, len(filters))
    return tuple(filters)


def parse_having(text: str) -> Having:
    """A condition on a metric, such as `gmv >= 1000`. Raises InvalidFilter."""
    condition = parse_filter(text)
    if condition.operator in {Operator.IN, Operator.NOT_IN}:
        raise InvalidFilter(
            "a condition on a metric compares with one number",
            where=repr(text[:200]),
            expected="one of =, !=, <, <=, > and >=",
        )
    try:
        value = Decimal(condition.values[0])
    except InvalidOperation as error:
        raise InvalidFilter(
            f"{condition.values[0][:100]!r} is not a number",
            where=repr(text[:200]),
            expected="a number, such as 1000 or 0.25",
        ) from error
    return Having(condition.dimension, condition.operator, value)


def filter_text(condition: Filter) -> str:
    """The text that `parse_filter` reads back as this condition."""
    values = [_quote(value) for value in condition.values]
    if condition.operator in {Operator.IN, Operator.NOT_IN}:
        return f"{condition.dimension} {condition.operator.value} ({', '.join(values)})"
    return f"{condition.dimension} {condition.operator.value} {values[0]}"


def _quote(value: str) -> str:
    if _BARE.fullmatch(value):
        return value
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


@dataclass(slots=True)
class _Cursor:
    """Where reading stands in the text."""

    text: str
    position: int = 0

    def skip_space(self) -> None:
        if found := _SPACE.match(self.text, self.position):
            self.position = found.end()

    def at_end(self) -> bool:
        self.skip_space()
        return self.position >= len(self.text)

    def found(self, pattern: re.Pattern[str]) -> str | None:
        self.skip_space()
        match = pattern.match(self.text, self.position)
        if match is None:
            return None
        self.position = match.end()
        return match.group()

    def take(self, pattern: re.Pattern[str], expected: str) -> str:
        taken = self.found(pattern)
        if taken is None:
            raise self.stuck(expected)
        return taken

    def stuck(self, expected: str) -> InvalidFilter:
        at = self.position
        seen = repr(self.text[at : at + 20]) if at < len(self.text) else "the end"
        return InvalidFilter(
            f"cannot read the filter at character {at + 1}: found {seen}",
            where=repr(self.text[:200]),
            expected=expected,
            next_step="write it like: category = Electronics, or: order_status in (COMPLETED, PENDING); "
            "quote a value that holds a space or comma",
        )


_OPEN = re.compile(r"\(")
_CLOSE = re.compile(r"\)")
_COMMA = re.compile(r",")


def _conditions(cursor: _Cursor, position: int) -> list[Filter]:
    """One condition, or those of which one holds, under the number of the first."""
    if cursor.found(_OPEN) is None:
        return [_condition(cursor)]
    found = [_condition(cursor)]
    while cursor.found(_CLOSE) is None:
        cursor.take(_OR, "'or' or a closing bracket")
        found.append(_condition(cursor))
    return [replace(each, either=position) for each in found] if len(found) > 1 else found


def _condition(cursor: _Cursor) -> Filter:
    name = cursor.take(_NAME, "the name of a dimension").lower()
    symbol = cursor.found(_SYMBOL)
    if symbol is not None:
        return Filter(name, Operator(_SAME_AS.get(symbol, symbol)), (_value(cursor),))
    word = cursor.take(_WORD_OPERATOR, "one of =, !=, <, <=, >, >=, in, not in")
    cursor.take(_OPEN, "an opening bracket and a list of values")
    values = [_value(cursor)]
    while cursor.found(_CLOSE) is None:
        cursor.take(_COMMA, "a comma or a closing bracket")
        values.append(_value(cursor))
    return Filter(name, Operator.IN if word.lower() == "in" else Operator.NOT_IN, tuple(values))


def _value(cursor: _Cursor) -> str:
    cursor.skip_space()
    quote = cursor.text[cursor.position : cursor.position + 1]
    if quote not in {"'", '"'}:
        return cursor.take(_BARE, "a value")
    pieces: list[str] = []
    start = cursor.position + 1
    while True:
        end = cursor.text.find(quote, start)
        if end < 0:
            raise cursor.stuck(f"a closing {quote} after the value")
        pieces.append(cursor.text[start:end])
        if cursor.text[end + 1 : end + 2] != quote:
            cursor.position = end + 1
            return quote.join(pieces)
        start = end + 2
