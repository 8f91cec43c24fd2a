"""What a monitored check found, as every room speaks of it: plain values, without an engine.

The quality room finds it, the control database keeps it, the interface shows it and incidents are raised
from it. Checks of a release are another thing (`core.releases.CheckState`): they guard publication.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from amalimart.core.releases import SampleRows


class MonitorKind(StrEnum):
    """What a monitored check looks at.

    COUNTS          what was committed, what was loaded, and which days there should be
    VOLUME          how many rows a period has against what is expected of it
    SLOW_LOSS       whether rows have been missing a little over many days
    FRESHNESS       how old the newest row is, by the source's own watermark
    DRIFT           how the shape of a source differs from what the mapping knows
    RECONCILIATION  the source's counts and sums against those of gold
    """

    COUNTS = "counts"
    VOLUME = "volume"
    SLOW_LOSS = "slow_loss"
    FRESHNESS = "freshness"
    DRIFT = "drift"
    RECONCILIATION = "reconciliation"


class Verdict(StrEnum):
    """How a check ended. CANNOT_TELL is never a pass: its message says what is missing."""

    PASSED = "passed"
    FAILED = "failed"
    CANNOT_TELL = "cannot_tell"


class Severity(StrEnum):
    """How bad a failure is: ERROR wakes somebody, WARNING waits for the morning."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class QualityResult:
    """What one check found for one subject and period.

    check     name of the check
    subject   what was looked at: a table, a source, or either with a member (`shop.orders`, `fact_orders`)
    period    the period it speaks of (`2026-11-24`, `2026-W47`, `2026-Q3`, `2026`), or None for the present
    expected  in words and figures, for people: `1,180 to 1,420 rows`, `younger than 2 h`
    actual    likewise
    low, high, value  the bounds of what was expected and what was found, in `unit`; None where there are none
    message   one sentence: what is wrong, or why it cannot be told
    release_id  the release that was looked at, where the check reads one
    samples   some of the rows concerned, personal values masked
    """

    check: str
    kind: MonitorKind
    subject: str
    period: str | None
    severity: Severity
    verdict: Verdict
    expected: str
    actual: str
    message: str
    checked_at: datetime
    release_id: int | None = None
    low: float | None = None
    high: float | None = None
    value: float | None = None
    unit: str | None = None
    samples: SampleRows | None = None
