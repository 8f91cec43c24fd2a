"""Whether committed rows are loaded rows, and whether every expected day has some."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date, timedelta

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.quality import QualityResult
from amalimart.lake import TableFiles
from amalimart.quality.declared import DeclaredCheck
from amalimart.quality.looking import Look, counted
from amalimart.quality.shapes import CountsShape, ExpectedDays
from amalimart.warehouse.quality.committed import HeldFile, held_rows
from amalimart.warehouse.quality.reading import accounts, positions, rows_by_day

_SATURDAY = 5
_MOST_NAMED = 10
_ALIKE = "as many rows as were committed"


def check_counts(check: DeclaredCheck, shape: CountsShape, look: Look) -> Iterator[QualityResult]:
    """One result for each landed table, and one for each table of which days are expected."""
    loaded: dict[tuple[str, str], set[int]] = {}
    for account in accounts(look.transaction):
        loaded.setdefault((account.source, account.table), set()).add(account.landed)
    built = positions(look.transaction)
    for source in look.sources(check, shape.sources):
        finding = look.told(check, source)
        if source not in built:
            yield finding.cannot_tell(_ALIKE, f"the release holds nothing of {source}: it has not landed")
            continue
        if look.lake.identity(source) != built[source].log:
            yield finding.cannot_tell(
                _ALIKE, f"the lake of {source} was begun anew since the release; the next one tells"
            )
            continue
        for table, files in look.lake.live_files(source).items():
            if look.mappings[source].may_land(table):
                yield _of_table(
                    check, look, source, files, built[source].version, loaded.get((source, table), set())
                )
    for number, days in enumerate(shape.days):
        look.require(check, days.table, (), "days", number)
        look.require(check, days.table, [days.column], "days", number, "column")
        yield _of_days(check, look, days)


def _of_table(
    check: DeclaredCheck, look: Look, source: str, files: TableFiles, up_to: int, loaded: set[int]
) -> QualityResult:
    finding = look.told(check, f"{source}.{files.table}")
    if files.snapshot_version > up_to:
        return finding.cannot_tell(
            _ALIKE,
            f"{finding.subject} was read anew by commit {files.snapshot_version}, and the release holds"
            f" {source} up to {up_to}; the next one tells",
        )
    held = held_rows(look.transaction, files, up_to)
    if not held.committed and not held.held and not loaded:
        return finding.cannot_tell(
            _ALIKE, f"nothing of {finding.subject} had been committed when the release was built"
        )
    expected = f"{counted(held.committed, 'row')}, committed up to {up_to}"
    found = {held.held, *loaded}
    actual = (
        f"{counted(held.held, 'row')} in the lake, "
        f"{' and '.join(f'{rows:,}' for rows in sorted(loaded)) or 'not counted'} loaded"
    )
    if held.differing:
        message = f"{_differing(held.differing[0])}{_more(len(held.differing) - 1)}"
    elif found != {held.committed}:
        message = f"{finding.subject}: the release was built from other rows than were committed"
    else:
        return replace(
            finding.passed(expected, actual, f"every committed row of {finding.subject} is there"),
            value=float(held.held),
            unit="rows",
        )
    low = high = float(held.committed)
    wrong = next((rows for rows in sorted(found) if rows != held.committed), held.held)
    failed = finding.failed(expected, actual, message)
    return replace(failed, low=low, high=high, value=float(wrong), unit="rows")


def _differing(file: HeldFile) -> str:
    commits = f"commit {file.first}" if file.first == file.last else f"commits {file.first} to {file.last}"
    return f"{commits} said {counted(file.committed, 'row')} in {file.name}, which holds {file.held:,}"


def _more(others: int) -> str:
    return f"; and {counted(others, 'other file')}" if others > 0 else ""


def _expected_reach(found: Collection[date], look: Look) -> DayRange | None:
    """From the first day with a row to the last that is over, as the source's own watermark has it.

    A table whose newest days are missing lacks them, although nothing comes after. A row that is dated in the
    future makes no day before it an expected one.
    """
    come = [day for day in found if day <= look.today]
    if not come:
        return None
    fresh_as_of = look.transaction.release.fresh_as_of
    last = max(come)
    if fresh_as_of is not None:
        last = max(last, fresh_as_of.astimezone(look.zone).date() - timedelta(days=1))
    return DayRange(min(come), last)


def _of_days(check: DeclaredCheck, look: Look, days: ExpectedDays) -> QualityResult:
    finding = look.told(check, days.table)
    found = rows_by_day(look.transaction, days.table, days.column)
    if not found:
        return finding.cannot_tell("a row on every day", f"{days.table} is empty: no day is expected of it")
    reach = _expected_reach(found, look)
    if reach is None:
        return finding.cannot_tell("a row on every day", f"every row of {days.table} lies in the future")
    closed = set(days.closed)
    acknowledged = look.history.acknowledged_periods(check.name, days.table)
    wanted = [
        day
        for day in reach.buckets(Grain.DAY)
        if day not in closed
        and not (days.weekdays_only and day.weekday() >= _SATURDAY)
        and day.isoformat() not in acknowledged
    ]
    if not wanted:
        return finding.cannot_tell(
            "a row on every day",
            f"no day of {days.table} is expected: all from {reach.first} to {reach.last} are closed,"
            " acknowledged or of a weekend",
        )
    missing = [day for day in wanted if not found.get(day)]
    expected = f"a row on each of {counted(len(wanted), 'day')} from {reach.first} to {reach.last}"
    actual = f"rows on {counted(len(wanted) - len(missing), 'day')} of these"
    if not missing:
        return finding.passed(expected, actual, f"no day of {days.table} is missing")
    named = ", ".join(day.isoformat() for day in missing[:_MOST_NAMED])
    more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
    return replace(
        finding.failed(expected, actual, f"{days.table} has no row on {named}{more}"),
        low=float(len(wanted)),
        value=float(len(wanted) - len(missing)),
        unit="days",
    )
