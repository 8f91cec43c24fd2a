"""How old the newest data is, by the source's own watermark and at a clock that is passed in.

A moment that lies in the future says that one of two clocks is wrong: then no age can be told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from amalimart.core.quality import QualityResult
from amalimart.quality.declared import DeclaredCheck
from amalimart.quality.looking import CLOCKS_DIFFER, Finding, Look, shown, unknown
from amalimart.quality.shapes import FreshnessShape, NewestRow
from amalimart.warehouse.quality.committed import newest_change
from amalimart.warehouse.quality.reading import newest

"""By how much the clocks of two machines may differ without one of them being wrong."""


def check_freshness(check: DeclaredCheck, shape: FreshnessShape, look: Look) -> Iterator[QualityResult]:
    """One result for each source, for each landed table that is named, and for each published one."""
    sources = look.sources(check, shape.sources)
    limit = timedelta(minutes=shape.within_minutes)
    for source in sources:
        latest = look.lake.latest(source)
        finding = look.told(check, source)
        if latest is None:
            yield finding.cannot_tell(_younger(limit), f"{source} has not landed anything yet")
        elif latest.fresh_as_of is None:
            yield finding.cannot_tell(_younger(limit), f"{source} does not tell how far its data reaches")
        elif latest.committed_at > look.now + CLOCKS_DIFFER:
            yield finding.cannot_tell(
                _younger(limit),
                f"the clock went back: it shows {shown(look.now)}, and the last commit of {source} was made"
                f" at {shown(latest.committed_at)}",
            )
        else:
            yield _aged(finding, look.now, latest.fresh_as_of, limit, f"the watermark of {source}")
    for table, minutes in shape.landed.items():
        yield from _of_landed(check, look, sources, table, timedelta(minutes=minutes))
    for number, row in enumerate(shape.tables):
        look.require(check, row.table, (), "tables", number)
        look.require(check, row.table, [row.column], "tables", number, "column")
        yield _of_published(check, look, row)


def _of_landed(
    check: DeclaredCheck, look: Look, sources: tuple[str, ...], table: str, limit: timedelta
) -> Iterator[QualityResult]:
    having = [source for source in sources if look.mappings[source].may_land(table)]
    if not having:
        known = sorted({each for source in sources for each in look.mappings[source].landed})
        raise unknown("landed table", table, known, check.where("landed", table))
    for source in having:
        finding = look.told(check, f"{source}.{table}")
        files = look.lake.live_files(source).get(table)
        moment = newest_change(look.transaction, files) if files else None
        if moment is None:
            yield finding.cannot_tell(
                _younger(limit),
                f"nothing of {finding.subject} tells when it changed"
                if files
                else f"{finding.subject} has landed nothing",
            )
        else:
            yield _aged(finding, look.now, moment, limit, f"the newest change of {finding.subject}")


def _of_published(check: DeclaredCheck, look: Look, row: NewestRow) -> QualityResult:
    limit = timedelta(minutes=row.within_minutes)
    finding = look.told(check, row.table)
    moment = newest(look.transaction, row.table, row.column)
    if moment is None:
        return finding.cannot_tell(_younger(limit), f"{row.table}.{row.column} has no value")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=look.zone)
    return _aged(finding, look.now, moment, limit, f"the newest {row.column} of {row.table}")


def _aged(finding: Finding, now: datetime, moment: datetime, limit: timedelta, what: str) -> QualityResult:
    age = now - moment
    if age < -CLOCKS_DIFFER:
        return finding.cannot_tell(
            _younger(limit),
            f"{what} is {shown(moment)}, which lies in the future at {shown(now)}: a clock is wrong",
        )
    age = max(age, timedelta(0))
    actual = f"{_words(age)} old, as of {shown(moment)}"
    if age <= limit:
        found = finding.passed(_younger(limit), actual, f"{what} is {_words(age)} old")
    else:
        found = finding.failed(
            _younger(limit), actual, f"{what} is {_words(age)} old, {_words(age - limit)} too old"
        )
    return replace(
        found,
        high=limit.total_seconds() / 60,
        value=round(age.total_seconds() / 60, 3),
        unit="minutes",
    )


def _younger(limit: timedelta) -> str:
    return f"at most {_words(limit)} old"


def _words(span: timedelta) -> str:
    """A span in the largest unit that says it well: `45 s`, `12 min`, `3.5 h`, `4 days`."""
    seconds = span.total_seconds()
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    hours = seconds / 3600
    return (
        f"{hours:g} h"
        if hours < 48 and hours == int(hours)
        else (f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days")
    )
