"""The two sides of a reconciliation as SQL of one shape: a key, a day, a vendor, a currency, and amounts.

Both sides are asked the same questions, from days down to the rows of a part of a day, so that they may lie
in one file or in two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from amalimart.core.errors import UnsupportedFeature
from amalimart.core.names import quoted
from amalimart.warehouse.file.reading import ReadTransaction
from amalimart.warehouse.quality.reading import place

_BUCKET = "hash(key) % 256"
_NO_DAY = "date '0001-01-01'"
_EXACT = "decimal(38, 6)"
_MOST_SCALE = 6
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a column of a side is read from: one column, the first of several that is not null, or a product.

    columns  (alias, column); the table itself has the alias `own`
    """

    columns: tuple[tuple[str, str], ...]
    is_product: bool = False

    @property
    def sql(self) -> str:
        named = [f"{quoted(alias)}.{quoted(column)}" for alias, column in self.columns]
        if self.is_product:
            return f"try_cast({' * '.join(named)} as decimal(18, 2))"
        return named[0] if len(named) == 1 else f"coalesce({', '.join(named)})"


@dataclass(frozen=True, slots=True)
class Join:
    """At most one row of another table: accepted, and with this value in its column."""

    alias: str
    table: str
    column: str
    on: Reading
    has_rejected: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """Rows and exact sums of one day, vendor and currency."""

    rows: int
    amounts: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class SideRow:
    """One row of a side; `times` says how often its key is there, amounts are then summed."""

    key: str
    day: date | None
    vendor: str | None
    currency: str | None
    amounts: tuple[Decimal | None, ...]
    times: int
    changed: Any = None


Bucket = tuple[date | None, int]
"""A part of a day."""
CellKey = tuple[date | None, str | None, str | None]
Fingerprint = tuple[int, int]
"""How many rows, and a sum of hashes of them."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side: the SQL of its rows, and what was left out of them.

    amounts   their names, in the order of the columns `a1`, `a2` and so on
    """

    sql: str
    amounts: tuple[str, ...]
    left_out: str | None = None

    @property
    def _listed(self) -> list[str]:
        return [f"a{number}" for number in range(1, len(self.amounts) + 1)]

    def check_exact(self, transaction: ReadTransaction) -> None:
        """Raises UnsupportedFeature where an amount is of a type that does not add up exactly."""
        kinds = {row[0]: str(row[1]) for row in transaction.rows(f"describe {self.sql}").rows}
        for name, column in zip(self.amounts, self._listed, strict=True):
            kind = kinds[column]
            scale = int(kind.rstrip(")").partition(",")[2] or 0) if kind.startswith("DECIMAL") else None
            if kind not in _WHOLE and (scale is None or scale > _MOST_SCALE):
                raise UnsupportedFeature(
                    f"the amount {name} is {kind}, which does not add up exactly",
                    expected=f"a DECIMAL of at most {_MOST_SCALE} places, or a whole number",
                    next_step="name another column, or give the model's column an exact type",
                )

    def rows(self, transaction: ReadTransaction) -> int:
        """How many rows there are."""
        return int(transaction.rows(f"select count(*) from ({self.sql}) as side").rows[0][0])

    def totals(self, transaction: ReadTransaction) -> Mapping[str, Cell]:
        """Currency -> rows and sums."""
        found = transaction.rows(
            f"select coalesce(currency, ''), count(*){self._sums} from ({self.sql}) as side"
            " group by 1 order by 1"
        ).rows
        return {currency: Cell(int(rows), tuple(sums)) for currency, rows, *sums in found}

    def days(self, transaction: ReadTransaction) -> Mapping[date | None, Fingerprint]:
        """A fingerprint of the rows of each day."""
        found = transaction.rows(
            f"select day, count(*), sum({self._hash}) from ({self.sql}) as side group by 1"
        ).rows
        return {day: (int(rows), int(hashes)) for day, rows, hashes in found}

    def buckets(
        self, transaction: ReadTransaction, days: Sequence[date | None]
    ) -> Mapping[Bucket, Fingerprint]:
        """A fingerprint of the rows of each part of some days."""
        condition, parameters = _among(days)
        found = transaction.rows(
            f"select day, {_BUCKET}, count(*), sum({self._hash}) from ({self.sql}) as side"
            f" where {condition} group by 1, 2",
            parameters,
        ).rows
        return {(day, int(bucket)): (int(rows), int(hashes)) for day, bucket, rows, hashes in found}

    def cells(self, transaction: ReadTransaction, days: Sequence[date | None]) -> Mapping[CellKey, Cell]:
        """Rows and sums by day, vendor and currency, of some days."""
        condition, parameters = _among(days)
        found = transaction.rows(
            f"select day, vendor, currency, count(*){self._sums} from ({self.sql}) as side"
            f" where {condition} group by 1, 2, 3",
            parameters,
        ).rows
        return {
            (day, vendor, currency): Cell(int(rows), tuple(sums))
            for day, vendor, currency, rows, *sums in found
        }

    def of_buckets(self, transaction: ReadTransaction, buckets: Sequence[Bucket]) -> Mapping[str, SideRow]:
        """The rows of some parts of days, by key."""
        if not buckets:
            return {}
        listed = ", ".join(f"({_day_or_none(day)}, {number})" for day, number in buckets)
        return self._by_key(transaction, f"(coalesce(day, {_NO_DAY}), {_BUCKET}) in ({listed})", [])

    def of_keys(self, transaction: ReadTransaction, keys: Sequence[str]) -> Mapping[str, SideRow]:
        """The rows of some keys, whatever their day."""
        if not keys:
            return {}
        return self._by_key(transaction, f"key in ({', '.join('?' for _ in keys)})", list(keys))

    def count_left_out(self, transaction: ReadTransaction) -> int:
        """How many rows documented filters leave out."""
        return int(transaction.rows(self.left_out).rows[0][0]) if self.left_out else 0

    @property
    def _hash(self) -> str:
        # The same amount has another hash in another type.
        alike = ", ".join(f"cast({column} as {_EXACT})" for column in self._listed)
        return f"cast(hash(key, vendor, currency, {alike}) as hugeint)"

    @property
    def _sums(self) -> str:
        return "".join(f", coalesce(sum({column}), 0)" for column in self._listed)

    def _by_key(
        self, transaction: ReadTransaction, condition: str, parameters: list[Any]
    ) -> Mapping[str, SideRow]:
        listed = ", ".join(f"sum({column})" for column in self._listed)
        found = transaction.rows(
            "select key, min(day), min(vendor), min(currency), count(*), max(changed),"
            f" {listed} from ({self.sql}) as side where {condition} group by key",
            parameters,
        ).rows
        return {
            row[0]: SideRow(row[0], row[1], row[2], row[3], tuple(row[6:]), int(row[4]), row[5])
            for row in found
        }


def source_side(
    table: str,
    key: str,
    joins: Sequence[Join],
    *,
    day: Reading,
    vendor: Reading | None,
    currency: Reading,
    amounts: Mapping[str, Reading],
    leave_out: Sequence[Reading],
    changed: Reading | None,
) -> Side:
    """The accepted rows of a staged table, without those that a documented filter leaves out."""
    tables = f"{place(table).sql} as own"
    for join in joins:
        accepted = " where _rejected is null" if join.has_rejected else ""
        tables += (
            f" left join (select * from {place(join.table).sql}{accepted}) as {quoted(join.alias)}"
            f" on {quoted(join.alias)}.{quoted(join.column)} = {join.on.sql}"
        )
    out = " or ".join(f"coalesce({reading.sql}, false)" for reading in leave_out)
    kept = f" and not ({out})" if out else ""
    listed = [
        _key(f"own.{quoted(key)}"),
        f"cast({day.sql} as date) as day",
        f"cast({vendor.sql if vendor else 'null'} as varchar) as vendor",
        f"cast({currency.sql} as varchar) as currency",
        f"cast({changed.sql if changed else 'null'} as timestamp) as changed",
        *(_amount(reading.sql, number) for number, reading in enumerate(amounts.values(), 1)),
    ]
    accepted = f" from {tables} where own._rejected is null"
    return Side(
        f"select {', '.join(listed)}{accepted}{kept}",
        tuple(amounts),
        f"select count(*){accepted} and ({out})" if out else None,
    )


def gold_side(
    table: str, key: str, *, day: str, vendor: str | None, currency: str, amounts: Mapping[str, str]
) -> Side:
    """The rows of a published table."""
    listed = [
        _key(quoted(key)),
        f"cast({quoted(day)} as date) as day",
        f"cast({quoted(vendor) if vendor else 'null'} as varchar) as vendor",
        f"cast({quoted(currency)} as varchar) as currency",
        "cast(null as timestamp) as changed",
        *(_amount(quoted(column), number) for number, column in enumerate(amounts.values(), 1)),
    ]
    return Side(f"select {', '.join(listed)} from {place(table).sql}", tuple(amounts))


def before(side: Side, day: date) -> Side:
    """The same side, of earlier days alone."""
    return Side(
        f"select * from ({side.sql}) as whole where day < date '{day.isoformat()}'",
        side.amounts,
        side.left_out,
    )


def _day_or_none(day: date | None) -> str:
    return f"date '{day.isoformat()}'" if day is not None else _NO_DAY


def _key(sql: str) -> str:
    """A key as text; a row without one has the empty text, so that it is counted, too."""
    return f"coalesce(cast({sql} as varchar), '') as key"


def _amount(sql: str, number: int) -> str:
    return f"{sql} as a{number}"


def _among(days: Sequence[date | None]) -> tuple[str, list[Any]]:
    told = [day for day in days if day is not None]
    parts = [f"day in ({', '.join('?' for _ in told)})"] if told else []
    parts += ["day is null"] if None in days else []
    return " or ".join(parts) or "false", told
