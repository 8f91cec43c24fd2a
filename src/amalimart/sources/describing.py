"""What a source can tell about its tables before anybody has mapped them.

Every kind of source describes itself: names, types, keys, references, and the values of columns that
have few, from a bounded look at some rows. Columns named like a secret or like personal data are not
looked at, and nothing that was seen is kept but what the facts hold. This module owns what the kinds
share: the protocol, and what texts look like.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from amalimart.mapping.catalog_check import family
from amalimart.mapping.drafting.facts import ColumnFacts, Kind, ReferenceFacts, TableFacts
from amalimart.mapping.drafting.vocabulary import load_vocabulary
from amalimart.mapping.written import looks_secret

__all__ = [
    "ColumnFacts",
    "Describes",
    "Kind",
    "ReferenceFacts",
    "TableFacts",
    "TextLook",
    "ValueCounts",
    "few_values",
    "kind_of_type",
    "look_at_texts",
    "may_be_looked_at",
]

MOST_VALUES = 40
LONGEST_VALUE = 60

_MOSTLY = 0.98
_BOOLEANS = frozenset({"true", "false", "t", "f", "yes", "no", "y", "n"})
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?[0-9]*[.]?[0-9]+([eE][+-]?[0-9]+)?")
_DAY = r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}"
_PLAIN_DATE = re.compile(_DAY)
_PLAIN_TIMESTAMP = re.compile(
    _DAY + r"[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?( ?(Z|z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?))?"
)
_DAYS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y%m%d",
    "%Y.%m.%d",
    "%d %b %Y",
    "%b %d, %Y",
)
_TIMES = ("", " %H:%M:%S", " %H:%M", " %I:%M %p", " %I:%M:%S %p")
_OTHER_WAY_ROUND = {"%d/%m": "%m/%d", "%m/%d": "%d/%m", "%d-%m": "%m-%d", "%m-%d": "%d-%m"}


@dataclass(frozen=True, slots=True)
class ValueCounts:
    """The values of one column with the rows of each, the most frequent first.

    rows      rows that were looked at
    complete  whether these are all rows and all values
    """

    values: Mapping[str, int]
    rows: int
    complete: bool


class Describes(Protocol):
    """A source that tells about itself. Raises SourceError."""

    def describe(self) -> Sequence[TableFacts]:
        """Every table the source user can see."""
        ...

    def count_values(self, table: str, columns: Sequence[str]) -> Mapping[str, ValueCounts]:
        """The values of some columns of a table, by column, within bounds of rows and of values."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass(frozen=True, slots=True)
class TextLook:
    """What the texts of a column look like, and the format that reads them where one is needed."""

    kind: Kind
    format: str | None = None
    doubtful_format: bool = False


def may_be_looked_at(column: str) -> bool:
    """Whether a column's values may be sampled, going by its name."""
    words = load_vocabulary().words
    if looks_secret(column):
        return False
    own = {part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", column)}
    return not any(set(phrase.split()) <= own for phrase in (*words.secret, *words.personal))


def kind_of_type(type_name: str) -> Kind:
    """What the source's own name of a type says the column holds."""
    folded = type_name.lower()
    if re.match(r"(interval|time\b|year\b|u?int8range|daterange|tsrange|tstzrange|numrange)", folded):
        return Kind.STRUCTURE
    match family(folded):
        case "structure":
            return Kind.STRUCTURE
        case "boolean":
            return Kind.BOOLEAN
        case "time":
            return Kind.DATE if re.match(r"date(32|64)?(\[|$|\()", folded) else Kind.TIMESTAMP
        case "number":
            fraction = re.search(r"numeric|decimal|double|real|float|money", folded)
            whole = re.search(r"(numeric|decimal\d*)\(\s*\d+\s*(,\s*0\s*)?\)$", folded)
            return Kind.DECIMAL if fraction and not whole else Kind.INTEGER
        case _:
            return Kind.TEXT


def few_values(values: Iterable[str | None]) -> dict[str, int]:
    """Value -> how often, the most frequent first; empty where there are too many or too long ones."""
    counted = Counter(value for value in values if value is not None and value.strip())
    if len(counted) > MOST_VALUES or any(len(value) > LONGEST_VALUE for value in counted):
        return {}
    return dict(counted.most_common())


def look_at_texts(texts: Iterable[str | None]) -> TextLook:
    """What the texts of a column are: numbers, booleans, days or moments where nearly all of them are."""
    present = [text.strip() for text in texts if text is not None and text.strip()]
    if not present:
        return TextLook(Kind.TEXT)
    if {text.lower() for text in present} <= _BOOLEANS:
        return TextLook(Kind.BOOLEAN)
    enough = _MOSTLY * len(present)
    for kind, pattern in (
        (Kind.INTEGER, _INTEGER),
        (Kind.DECIMAL, _DECIMAL),
        (Kind.DATE, _PLAIN_DATE),
        (Kind.TIMESTAMP, _PLAIN_TIMESTAMP),
    ):
        if sum(pattern.fullmatch(text) is not None for text in present) >= enough:
            if kind is Kind.DECIMAL and any(re.fullmatch(r"0[0-9]+", text) for text in present):
                return TextLook(Kind.TEXT)  # a code with leading zeros is no number
            return _compact_date(present, kind)
    return _formatted(present, enough) or TextLook(Kind.TEXT)


def _compact_date(present: Sequence[str], kind: Kind) -> TextLook:
    """20260301 is a day and not a number, where all are."""
    days = all(re.fullmatch(r"(19|20)[0-9]{6}", text) and _reads(text, "%Y%m%d") for text in present)
    if kind is Kind.INTEGER and days:
        return TextLook(Kind.DATE, "%Y%m%d")
    return TextLook(kind)


def _formatted(present: Sequence[str], enough: float) -> TextLook | None:
    for time in _TIMES:
        for day in _DAYS:
            if _share(present, day + time) >= enough:
                turned = next((day.replace(a, b) for a, b in _OTHER_WAY_ROUND.items() if a in day), None)
                doubtful = turned is not None and _share(present, turned + time) >= enough
                return TextLook(Kind.TIMESTAMP if time else Kind.DATE, day + time, doubtful)
    return None


def _share(present: Sequence[str], text_format: str) -> int:
    if not _reads(present[0], text_format) and not _reads(present[-1], text_format):
        return 0
    return sum(_reads(text, text_format) for text in present)


def _reads(text: str, text_format: str) -> bool:
    try:
        datetime.strptime(text, text_format)  # noqa: DTZ007 - only whether it can be read
    except ValueError:
        return False
    return True
