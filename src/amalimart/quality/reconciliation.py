"""What a comparison of source and gold means: one result with totals, and some of the rows that differ."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime

from amalimart.core.quality import QualityResult
from amalimart.quality.declared import DeclaredCheck
from amalimart.quality.declared_sides import declared_gold, declared_source, require_names
from amalimart.quality.difference_words import Words
from amalimart.quality.looking import Finding, Look, counted, shown
from amalimart.quality.ports import LiveRows
from amalimart.quality.reconciling import Asked, Comparison, RowDifference, compare
from amalimart.quality.shapes import Against, ReconciliationShape
from amalimart.quality.told_moments import latest_of
from amalimart.warehouse.quality.reading import quarantined, staged_rows
from amalimart.warehouse.quality.sides import before

_EXPECTED = "the rows and sums of the source, by day, vendor and currency"


def check_reconciliation(
    check: DeclaredCheck, shape: ReconciliationShape, look: Look
) -> Iterator[QualityResult]:
    """One result: the rows of the source are those of gold, beside what is quarantined and left out."""
    finding = look.told(check, shape.gold.table)
    require_names(check, shape, look)
    if not any(shape.source.entity in mapping.entities for mapping in look.mappings.values()):
        yield finding.cannot_tell(_EXPECTED, f"no source of the project fills {shape.source.entity}")
        return
    gold = Asked(declared_gold(shape), look.transaction)
    with _source_rows(shape, look) as live:
        source = Asked(declared_source(shape, look), live.transaction if live else look.transaction)
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
    whole, bad = staged_rows(look.transaction, shape.source.table)
    if not whole and not found.gold_rows:
        return finding.cannot_tell(_EXPECTED, f"{shape.source.entity} and {shape.gold.table} are both empty")
    if not found.source_rows and not found.gold_rows:
        return finding.cannot_tell(
            _EXPECTED,
            f"there is nothing to compare: of {counted(whole, 'row')} of {shape.source.entity}"
            f" {left_out:,} are left out by documented filters",
        )
    beside = f"{rejected:,} in quarantine, {left_out:,} left out by documented filters"
    if not found.days and bad != rejected:
        return _counted(
            finding.failed(
                f"{bad:,} rejected rows of {shape.source.entity} in quarantine",
                f"{rejected:,}",
                f"rows of {shape.source.entity} that were rejected are not in quarantine, or more are",
            ),
            bad,
            rejected,
        )
    return _told(finding, Words(shape, look.personal), found, f"{counted(whole, 'row')} landed: {beside}")


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
        return replace(told, samples=Words(shape, look.personal).samples(found.rows))
    return _told(finding, Words(shape, look.personal), replace(found, rows=certain), note)


def _is_certain(row: RowDifference, watermark: datetime) -> bool:
    changed = None if row.source is None else row.source.changed
    return changed is not None and latest_of(changed) <= watermark


def _told(finding: Finding, words: Words, found: Comparison, note: str) -> QualityResult:
    expected = words.totals(found.source)
    actual = words.totals(found.gold)
    if not found.days:
        return _counted(
            finding.passed(
                expected, actual, f"{finding.subject} holds what the source says, to the cent; {note}"
            ),
            found.source_rows,
            found.gold_rows,
        )
    cells = words.cells(found.cells)
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
    return replace(_counted(told, found.source_rows, found.gold_rows), samples=words.samples(found.rows))


def _counted(result: QualityResult, expected: int, found: int) -> QualityResult:
    return replace(result, low=float(expected), high=float(expected), value=float(found), unit="rows")


def _shown(moment: datetime | None) -> str:
    return shown(moment) if moment is not None else "an unknown moment"
