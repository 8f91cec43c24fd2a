"""Columns of generated rows, kept as numpy arrays until they are written.

Conventions of every array: money is in hundredths, instants are microseconds since 1970 (UTC), days
are days since 1970, rates are ten-thousandths. NONE stands for null in every integer kind; an empty
text is null. Knows nothing of any database.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Texts: TypeAlias = NDArray[np.bytes_]

NONE = np.iinfo(np.int64).min
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Kind(Enum):
    """What a column holds and so how it is written."""

    BIGINT = auto()
    INTEGER = auto()
    MONEY = auto()
    RATE = auto()
    INSTANT = auto()
    DATE = auto()
    BOOLEAN = auto()
    TEXT = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its kind and one value a row."""

    kind: Kind
    values: Ints | Flags | Texts


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of one table, column by column."""

    table: str
    columns: dict[str, Column]

    def __post_init__(self) -> None:
        lengths = {name: len(column.values) for name, column in self.columns.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"{self.table}: columns of different length: {lengths}")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())).values)


def bigint(values: Ints) -> Column:
    return Column(Kind.BIGINT, values)


def integer(values: Ints) -> Column:
    return Column(Kind.INTEGER, values)


def money(cents: Ints) -> Column:
    return Column(Kind.MONEY, cents)


def rate(ten_thousandths: Ints) -> Column:
    return Column(Kind.RATE, ten_thousandths)


def instant(microseconds: Ints) -> Column:
    return Column(Kind.INSTANT, microseconds)


def date_of(days: Ints) -> Column:
    return Column(Kind.DATE, days)


def flag(values: Flags) -> Column:
    return Column(Kind.BOOLEAN, values)


def text(values: Texts) -> Column:
    return Column(Kind.TEXT, values)


def texts(values: Iterable[str]) -> Texts:
    """Text as UTF-8 bytes of one width; the empty text is null."""
    encoded = [value.encode() for value in values]
    return np.array(encoded or [b""], dtype=np.bytes_)[: len(encoded)]


def same_text(value: str, count: int) -> Column:
    """A text column with one value in every row."""
    return text(np.full(count, value.encode()))


def numbered(prefix: str, numbers: Ints, width: int) -> Texts:
    """Texts such as AM-000042: a prefix and the last `width` digits of a number, all of one length."""
    head = prefix.encode()
    out = np.empty((len(numbers), len(head) + width), dtype=np.uint8)
    out[:, : len(head)] = np.frombuffer(head, dtype=np.uint8)
    rest = numbers.copy()
    for place in range(width - 1, -1, -1):
        out[:, len(head) + place] = 48 + rest % 10
        rest //= 10
    return out.view(f"S{out.shape[1]}").reshape(len(numbers))


_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


def scrambled(prefix: str, numbers: Ints, salt: int) -> Texts:
    """Pseudonyms: a prefix and twelve hexadecimal digits that hide the number, one to one per salt."""
    mixed = numbers.astype(np.uint64) + np.uint64(salt * 0x9E3779B97F4A7C15 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    head = prefix.encode()
    out = np.empty((len(numbers), len(head) + 12), dtype=np.uint8)
    out[:, : len(head)] = np.frombuffer(head, dtype=np.uint8)
    for place in range(12):
        out[:, len(head) + place] = _HEX[(mixed >> np.uint64(4 * place)) & np.uint64(15)]
    return out.view(f"S{out.shape[1]}").reshape(len(numbers))
