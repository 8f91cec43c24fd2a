"""What a comparison of source and gold means: one result with totals, and some of the rows that differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime

from amalimart.core.quality import QualityResult
from amalimart.core.releases import SampleRows
from amalimart.quality.declared import DeclaredCheck
from amalimart.quality.looking import Finding, Look, counted, unknown
from amalimart.quality.ports import LiveRows
from amalimart.quality.reconciling import Asked, Comparison, RowDifference, compare
from amalimart.quality.shapes import Against, Product, ReconciliationShape
from amalimart.warehouse.quality.reading import quarantined
from amalimart.warehouse.quality.sides import (
    Cell,
    CellKey,
    Join,
    Reading,
    Side,
    SideRow,
    before,
    gold_side,
    source_side,
)

OWN = "own"
_EXPECTED = "the rows and sums of the source, by day, vendor and currency"
_HIDDEN = "(personal)"
_MOST_CELLS = 3


def check_reconciliation(
    check: DeclaredCheck, shape: ReconciliationShape, look: Look
) -> Iterator[QualityResult]:
    """One result: the rows of the source are those of gold, beside what is quarantined and left out."""
    finding = look.told(check, shape.gold.table)
    _require(check, shape, look)
    if not any(shape.source.entity in mapping.entities for mapping in look.mappings.values()):
        yield finding.cannot_tell(_EXPECTED, f"no source of the project fills {shape.source.entity}")
        return
    gold = Asked(_gold(shape), look.transaction)
    with _source_rows(shape, look) as live:
        source = Asked(_source(shape, look), live.transaction if live else look.transaction)
        if live is None:
            yield _landed(finding, shape, look, compare(source, gold, shape.tolerance), source)
        else:
            yield _live(finding, shape, look, source, gold, live)


def _source_rows(shape: ReconciliationShape, look: Look) -> AbstractContextManager[LiveRows | None]:
    if shape.against is Against.LANDED:
        return nullcontext()
    tables = {shape.source.table, *(join.table for join in shape.source.join.values())}
    return look.live.staged(tables)


def _landed(
    finding: Finding, shape: ReconciliationShape, look: Look, found: Comparison, source: Asked
) -> QualityResult:
    left_out = source.side.count_left_out(source.transaction)
    rejected = quarantined(look.transaction, shape.source.entity)
    whole = look.transaction.rows(
        f"select count(*), count(*) filter (where _rejected is not null) from {shape.source.table}"
    ).rows[0]
    if not whole[0] and not found.gold_rows:
        return finding.cannot_tell(_EXPECTED, f"{shape.source.entity} and {shape.gold.table} are both empty")
    beside = f"{rejected:,} in quarantine, {left_out:,} left out by documented filters"
    if not found.days and int(whole[1]) != rejected:
        return _counted(
            finding.failed(
                f"{int(whole[1]):,} rejected rows of {shape.source.entity} in quarantine",
                f"{rejected:,}",
                f"rows of {shape.source.entity} that were rejected are not in quarantine, or more are",
            ),
            int(whole[1]),
            rejected,
        )
    return _told(finding, shape, look, found, f"{counted(int(whole[0]), 'row')} landed: {beside}")


def _live(
    finding: Finding, shape: ReconciliationShape, look: Look, source: Asked, gold: Asked, live: LiveRows
) -> QualityResult:
    """Compare with the database of this moment, which may be ahead of the release.

    Only whole days before the release's watermark are compared. A row that differs is one that differs for
    sure where the database says that it has not changed since; else where nothing has happened since.
    """
    watermark = look.transaction.release.fresh_as_of
    if watermark is None:
        return finding.cannot_tell(
            _EXPECTED, "the release does not tell up to when it holds the source's rows"
        )
    day = watermark.astimezone(look.zone).date()
    found = compare(
        Asked(before(source.side, day), source.transaction),
        Asked(before(gold.side, day), gold.transaction),
        shape.tolerance,
    )
    note = (
        f"the database as of {_shown(live.as_of)} against a release as of {_shown(watermark)}:"
        f" only days before {day} were compared"
    )
    if not found.source_rows and not found.gold_rows:
        return finding.cannot_tell(_EXPECTED, f"{note}, and there are no rows of them")
    at_rest = live.as_of is not None and live.as_of <= watermark
    local = watermark.astimezone(look.zone).replace(tzinfo=None)
    certain = tuple(row for row in found.rows if at_rest or _is_certain(row, local))
    if found.days and not certain:
        told = finding.cannot_tell(
            _EXPECTED,
            f"{note}; {counted(len(found.rows), 'row')} differ, and may have changed since the release",
        )
        return replace(told, samples=_samples(shape, look, found.rows))
    return _told(finding, shape, look, replace(found, rows=certain), note)


def _is_certain(row: RowDifference, watermark: datetime) -> bool:
    return row.source is not None and row.source.changed is not None and row.source.changed <= watermark


def _told(
    finding: Finding, shape: ReconciliationShape, look: Look, found: Comparison, note: str
) -> QualityResult:
    hidden = _hidden(shape, look)
    expected = _totals(shape, found.source, hidden)
    actual = _totals(shape, found.gold, hidden)
    if not found.days:
        return _counted(
            finding.passed(
                expected, actual, f"{shape.gold.table} holds what the source says, to the cent; {note}"
            ),
            found.source_rows,
            found.gold_rows,
        )
    cells = [
        f"{_cell(each.cell, hidden)}: {_figures(shape, each.source, hidden)} in the source,"
        f" {_figures(shape, each.gold, hidden)} in gold"
        for each in found.cells[:_MOST_CELLS]
    ]
    more = len(found.cells) - len(cells)
    if more > 0:
        cells.append(f"and {more} more")
    if not found.cells:
        cells = ["by day, vendor and currency the sums agree, and the rows do not"]
    if found.uncompared:
        cells.append(f"of {counted(found.uncompared, 'day')} the rows were not compared one by one")
    told = finding.failed(
        expected,
        actual,
        f"{counted(len(found.rows), 'row')} of {counted(len(found.days), 'day')} differ: {'; '.join(cells)};"
        f" {note}",
    )
    return replace(
        _counted(told, found.source_rows, found.gold_rows), samples=_samples(shape, look, found.rows)
    )


def _counted(result: QualityResult, expected: int, found: int) -> QualityResult:
    return replace(result, low=float(expected), high=float(expected), value=float(found), unit="rows")


def _totals(shape: ReconciliationShape, cells: Mapping[str, Cell], hidden: frozenset[str]) -> str:
    if not cells:
        return "no rows"
    return "; ".join(
        f"{_figures(shape, cell, hidden)} {'' if 'currency' in hidden else currency}".rstrip()
        for currency, cell in sorted(cells.items())
    )


def _figures(shape: ReconciliationShape, cell: Cell, hidden: frozenset[str]) -> str:
    named = ", ".join(
        f"{name} {_HIDDEN if name in hidden else format(amount, 'f')}"
        for name, amount in zip(shape.source.amounts, cell.amounts, strict=True)
    )
    return f"{counted(cell.rows, 'row')} ({named})"


def _cell(cell: CellKey, hidden: frozenset[str]) -> str:
    day, vendor, currency = cell
    parts = [_HIDDEN if "day" in hidden else str(day or "no day")]
    if vendor is not None:
        parts.append(f"vendor {_HIDDEN if 'vendor' in hidden else vendor}")
    parts.append(_HIDDEN if "currency" in hidden else (currency or "no currency"))
    return ", ".join(parts)


def _samples(shape: ReconciliationShape, look: Look, rows: tuple[RowDifference, ...]) -> SampleRows:
    """The rows side by side, values of personal columns masked."""
    hidden = _hidden(shape, look)
    fields = [name for name in ("day", "vendor", "currency") if name != "vendor" or shape.source.vendor]
    columns = [
        "key",
        "differs",
        *(f"{name} {side}" for name in (*fields, *shape.source.amounts) for side in _SIDES),
    ]
    masked = {
        column for column in columns if column.removesuffix(" in source").removesuffix(" in gold") in hidden
    }
    shown = []
    for row in rows[: shape.samples]:
        values: list[str | None] = [row.key, _differs(shape, row)]
        sides = (_Shown(row.source), _Shown(row.gold))
        values += [side.field(name) for name in fields for side in sides]
        values += [side.amount(place) for place in range(len(shape.source.amounts)) for side in sides]
        shown.append(
            tuple(None if name in masked else text for name, text in zip(columns, values, strict=True))
        )
    return SampleRows(tuple(columns), tuple(shown), tuple(name for name in columns if name in masked))


_SIDES = ("in source", "in gold")


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


def _differs(shape: ReconciliationShape, row: RowDifference) -> str:
    if row.gold is None:
        return "only in the source"
    if row.source is None:
        return "only in gold"
    names = list(shape.source.amounts)
    named = [names[int(field)] if field.isdecimal() else field for field in row.fields]
    if "times" in row.fields:
        named[0] = f"{row.source.times} times in the source, {row.gold.times} in gold"
    return ", ".join(named)


def _hidden(shape: ReconciliationShape, look: Look) -> frozenset[str]:
    """Which of key, day, vendor, currency and the amounts are read from a personal column on any side."""
    source, gold = shape.source, shape.gold
    read: dict[str, set[str]] = {
        "key": {source.key, gold.key},
        "day": {*_names(source.day), gold.day},
        "vendor": {*_names(source.vendor), gold.vendor or ""},
        "currency": {*_names(source.currency), gold.currency},
    }
    read |= {name: {*_names(source.amounts[name]), gold.amounts[name]} for name in source.amounts}
    return frozenset(
        name for name, columns in read.items() if {column.lower() for column in columns} & look.personal
    )


def _names(read: str | tuple[str, ...] | Product | None) -> set[str]:
    return {column for _, column in _reading(read).columns} if read is not None else set()


def _reading(read: str | tuple[str, ...] | Product) -> Reading:
    if isinstance(read, Product):
        return replace(_reading(read.product), is_product=True)
    columns = (read,) if isinstance(read, str) else read
    parted = [column.rpartition(".") for column in columns]
    return Reading(tuple((alias or OWN, column) for alias, _, column in parted))


def _source(shape: ReconciliationShape, look: Look) -> Side:
    source = shape.source
    joins = [
        Join(alias, join.table, join.column, _reading(join.by), "_rejected" in look.columns[join.table])
        for alias, join in source.join.items()
    ]
    return source_side(
        source.table,
        source.key,
        joins,
        day=_reading(source.day),
        vendor=_reading(source.vendor) if source.vendor is not None else None,
        currency=_reading(source.currency),
        amounts={name: _reading(read) for name, read in source.amounts.items()},
        leave_out=[_reading(column) for column in source.leave_out],
        changed=_reading(source.changed) if source.changed else None,
    )


def _gold(shape: ReconciliationShape) -> Side:
    gold = shape.gold
    return gold_side(
        gold.table,
        gold.key,
        day=gold.day,
        vendor=gold.vendor,
        currency=gold.currency,
        amounts={name: gold.amounts[name] for name in shape.source.amounts},
    )


def _require(check: DeclaredCheck, shape: ReconciliationShape, look: Look) -> None:
    """Raises ConfigError for a table, a column or an alias that is not there."""
    source, gold = shape.source, shape.gold
    look.require(check, source.table, (), "source")
    look.require(check, source.table, [source.key], "source", "key")
    tables = {OWN: source.table}
    for alias, join in source.join.items():
        look.require(check, join.table, (), "source", "join", alias)
        look.require(check, join.table, [join.column], "source", "join", alias, "column")
        _require_read(check, look, tables, join.by, "source", "join", alias, "by")
        tables[alias] = join.table
    reads = {
        "day": source.day,
        "vendor": source.vendor,
        "currency": source.currency,
        "changed": source.changed,
    }
    for key, read in reads.items():
        if read is not None:
            _require_read(check, look, tables, read, "source", key)
    for name, amount in source.amounts.items():
        _require_read(check, look, tables, amount, "source", "amounts", name)
    for number, column in enumerate(source.leave_out):
        _require_read(check, look, tables, column, "source", "leave_out", number)
    look.require(check, gold.table, (), "gold")
    named = {"key": gold.key, "day": gold.day, "vendor": gold.vendor, "currency": gold.currency}
    for key, own in named.items():
        if own is not None:
            look.require(check, gold.table, [own], "gold", key)
    for name, own in gold.amounts.items():
        look.require(check, gold.table, [own], "gold", "amounts", name)


def _require_read(
    check: DeclaredCheck,
    look: Look,
    tables: Mapping[str, str],
    read: str | tuple[str, ...] | Product,
    *path: str | int,
) -> None:
    for alias, column in _reading(read).columns:
        if alias not in tables:
            raise unknown("joined table", alias, tables, check.where(*path))
        look.require(check, tables[alias], [column], *path)


def _shown(moment: datetime | date | None) -> str:
    return (
        moment.isoformat(sep=" ", timespec="seconds") if isinstance(moment, datetime) else "an unknown moment"
    )
