"""What two sides differ in, for people: figures, cells, and rows side by side. Personal values are masked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from amalimart.core.releases import SampleRows
from amalimart.quality.declared_sides import Declared, reading
from amalimart.quality.looking import counted
from amalimart.quality.reconciling import CellDifference, RowDifference
from amalimart.quality.shapes import ReconciliationShape
from amalimart.warehouse.quality.sides import Cell, CellKey, SideRow

_HIDDEN = "(personal)"
_MOST_CELLS = 3
_SIDES = ("in source", "in gold")


@dataclass(frozen=True)
class Words:
    """The words of one declared reconciliation.

    personal  names, in lower case, of personal columns
    """

    shape: ReconciliationShape
    personal: frozenset[str]

    def totals(self, cells: Mapping[str, Cell]) -> str:
        """Rows and sums by currency."""
        if not cells:
            return "no rows"
        return "; ".join(
            f"{self._figures(cell)} {'' if 'currency' in self._hidden else currency}".rstrip()
            for currency, cell in sorted(cells.items())
        )

    def cells(self, cells: tuple[CellDifference, ...]) -> list[str]:
        """The first cells that differ, and how many more there are."""
        told = [
            f"{self._cell(each.cell)}: {self._figures(each.source)} in the source,"
            f" {self._figures(each.gold)} in gold"
            for each in cells[:_MOST_CELLS]
        ]
        more = len(cells) - len(told)
        return [*told, f"and {more} more"] if more > 0 else told

    def samples(self, rows: tuple[RowDifference, ...]) -> SampleRows:
        """The rows side by side, values of personal columns masked."""
        shape, hidden = self.shape, self._hidden
        fields = [name for name in ("day", "vendor", "currency") if name != "vendor" or shape.source.vendor]
        columns = [
            "key",
            "differs",
            *(f"{name} {side}" for name in (*fields, *shape.source.amounts) for side in _SIDES),
        ]
        masked = {
            column
            for column in columns
            if column.removesuffix(" in source").removesuffix(" in gold") in hidden
        }
        shown = []
        for row in rows[: shape.samples]:
            values: list[str | None] = [row.key, _differs(list(shape.source.amounts), row)]
            sides = (_Shown(row.source), _Shown(row.gold))
            values += [side.field(name) for name in fields for side in sides]
            values += [side.amount(place) for place in range(len(shape.source.amounts)) for side in sides]
            shown.append(
                tuple(None if name in masked else text for name, text in zip(columns, values, strict=True))
            )
        return SampleRows(tuple(columns), tuple(shown), tuple(name for name in columns if name in masked))

    def _figures(self, cell: Cell) -> str:
        named = ", ".join(
            f"{name} {_HIDDEN if name in self._hidden else format(amount, 'f')}"
            for name, amount in zip(self.shape.source.amounts, cell.amounts, strict=True)
        )
        return f"{counted(cell.rows, 'row')} ({named})"

    def _cell(self, cell: CellKey) -> str:
        day, vendor, currency = cell
        parts = [_HIDDEN if "day" in self._hidden else str(day or "no day")]
        if vendor is not None:
            parts.append(f"vendor {_HIDDEN if 'vendor' in self._hidden else vendor}")
        parts.append(_HIDDEN if "currency" in self._hidden else (currency or "no currency"))
        return ", ".join(parts)

    @cached_property
    def _hidden(self) -> frozenset[str]:
        """Which of key, day, vendor, currency and the amounts are read from a personal column on any side."""
        source, gold = self.shape.source, self.shape.gold
        read: dict[str, set[str]] = {
            "key": {source.key, gold.key},
            "day": {*_names(source.day), gold.day},
            "vendor": {*_names(source.vendor), gold.vendor or ""},
            "currency": {*_names(source.currency), gold.currency},
        }
        read |= {name: {*_names(source.amounts[name]), gold.amounts[name]} for name in source.amounts}
        return frozenset(
            name for name, columns in read.items() if {column.lower() for column in columns} & self.personal
        )


@dataclass(frozen=True, slots=True)
class _Shown:
    """One side of a row as text; nothing of a row that is not there."""

    row: SideRow | None

    def field(self, name: str) -> str | None:
        value = getattr(self.row, name) if self.row is not None else None
        return None if value is None else str(value)

    def amount(self, place: int) -> str | None:
        value = self.row.amounts[place] if self.row is not None else None
        return None if value is None else f"{value:f}"


def _differs(names: list[str], row: RowDifference) -> str:
    if row.gold is None:
        return "only in the source"
    if row.source is None:
        return "only in gold"
    named = [names[int(field)] if field.isdecimal() else field for field in row.fields]
    if "times" in row.fields:
        named[0] = f"{row.source.times} times in the source, {row.gold.times} in gold"
    return ", ".join(named)


def _names(read: Declared | None) -> set[str]:
    return {column for _, column in reading(read).columns} if read is not None else set()
