"""Monitored checks, incidents and releases in memory, for tests of the pages that show them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from amalimart.control.deciding import Decider
from amalimart.control.quality.rows import Acknowledgement, KeptResult
from amalimart.core.errors import NotFound, RequestError
from amalimart.core.incidents import Incident, IncidentKind, Trouble
from amalimart.core.profiles import TableProfile
from amalimart.core.quality import MonitorKind, QualityResult, Severity, Verdict
from amalimart.core.releases import (
    Acceptance,
    BlockedBuild,
    BlockedCheck,
    CheckState,
    ModelDifference,
    ReleaseDetail,
    ReleaseDifference,
    ReleaseSummary,
    SampleRows,
    SourceMove,
    VerdictChange,
)
from amalimart.quality.listing import ListedCheck
from amalimart.quality.running import QualityRun
from amalimart.quality.shapes import Every
from tests.web.fake_marketplace import NOON

DAILY = "orders_daily"
SUBJECT = "gold.fact_orders"


def _result(day: int, value: float) -> QualityResult:
    low, high = 380.0 + 4 * (day % 7), 470.0 + 4 * (day % 7)
    is_low = value < low
    when = NOON - timedelta(days=30 - day)
    return QualityResult(
        DAILY, MonitorKind.VOLUME, SUBJECT, when.date().isoformat(), Severity.ERROR,
        Verdict.FAILED if is_low else Verdict.PASSED, f"{low:.0f} to {high:.0f} rows", f"{value:.0f} rows",
        "fewer orders than expected" if is_low else "as expected", when, 1, low, high, value, "rows",
    )  # fmt: skip


RESULTS = tuple(
    KeptResult(day, "run", _result(day, 201.0 if day == 24 else 410.0 + 3 * (day % 9)))
    for day in range(1, 31)
)
OTHER = KeptResult(
    99, "run",
    QualityResult(
        "freshness_shop", MonitorKind.FRESHNESS, "shop", None, Severity.WARNING, Verdict.CANNOT_TELL,
        "younger than 2 h", "not told", "the source has told no time yet", NOON,
    ),
)  # fmt: skip


@dataclass
class FakeQuality:
    """Two checks: one with thirty days of results, one that cannot tell."""

    results: tuple[KeptResult, ...] = (*RESULTS, OTHER)
    runs: int = 0

    def listed(self) -> tuple[ListedCheck, ...]:
        daily = tuple(each for each in self.results if each.result.check == DAILY)
        return (
            ListedCheck(
                DAILY, daily[-7:], MonitorKind.VOLUME, "As many orders as expected.", "sales",
                Severity.ERROR, Every.DAY,
            ),
            ListedCheck("freshness_shop", (OTHER,), MonitorKind.FRESHNESS, "The shop is read.", "data",
                        Severity.WARNING, Every.BATCH),
            ListedCheck("broken", (), problem="broken.yml:3: unknown key"),
        )  # fmt: skip

    def failing(self) -> tuple[KeptResult, ...]:
        return tuple(each for each in self.results if each.is_failing)

    def run(self, every: Every | None = None, name: str | None = None) -> QualityRun:
        del every, name
        self.runs += 1
        return QualityRun("run", 1, 3, tuple(each.result for each in self.results), {})

    def history(self, name: str, limit: int, subject: str | None = None) -> tuple[KeptResult, ...]:
        found = [each for each in self.results if each.result.check == name]
        if not found and name != "broken":
            raise NotFound(f"there is no check {name!r}")
        kept = [each for each in found if subject in {None, each.result.subject}]
        return tuple(reversed(kept))[:limit]

    def acknowledge(
        self, name: str, subject: str, period: str | None, decider: Decider, reason: str
    ) -> Acknowledgement:
        if len(reason) < 4:
            raise RequestError("a reason says why", next_step="say it in a few words")
        word = Acknowledgement(name, subject, period, decider.name, decider.subject, reason, NOON)
        self.results = tuple(
            replace(each, acknowledgement=word)
            if (each.result.check, each.result.subject, each.result.period) == (name, subject, period)
            else each
            for each in self.results
        )
        return word

    def profile(self, table: str, *, exact: bool = False) -> TableProfile:
        raise NotFound(f"there is no table {table!r}", expected=str(exact))


BLOCKED_INCIDENT = Incident(
    3,
    Trouble(
        "release", IncidentKind.RELEASE_BLOCKED, Severity.ERROR, "A release is held back <b>now</b>",
        "orders_have_buyers: 3 rows",
    ),
    NOON - timedelta(hours=2), NOON, 4,
)  # fmt: skip


@dataclass
class FakeIncidents:
    """One incident that goes on and one that is over."""

    known: tuple[Incident, ...] = (
        BLOCKED_INCIDENT,
        replace(BLOCKED_INCIDENT, number=2, resolved_at=NOON - timedelta(hours=9)),
    )

    def list(self, *, include_over: bool = False) -> tuple[Incident, ...]:
        return tuple(each for each in self.known if include_over or each.resolved_at is None)

    def get(self, number: int) -> Incident:
        return next(each for each in self.known if each.number == number)

    def acknowledge(self, number: int, decider: Decider, words: str) -> Incident:
        taken = replace(
            self.get(number), acknowledged_by=decider.name, acknowledged_at=NOON, acknowledgement=words
        )
        self.known = tuple(taken if each.number == number else each for each in self.known)
        return taken


def _summary(number: int) -> ReleaseSummary:
    when = NOON - timedelta(minutes=10 * (5 - number))
    project = "abcdef0123" if number < 4 else "0123abcdef"
    return ReleaseSummary(number, when, when, project, {"shop": 10 + number}, 4, 812, is_recorded=True)


HELD = BlockedBuild(
    7, NOON - timedelta(minutes=22), NOON + timedelta(minutes=1), 131, "check_failed",
    "the release is held back: orders_have_buyers (3 rows)", None, "abc", 5, {"shop": 16},
    (BlockedCheck("orders_have_buyers", 3, SampleRows(("order_id",), (("o<b>1</b>",), (None,)), ())),),
)  # fmt: skip
FAILING = CheckState("orders_have_buyers", True, 3, 0)


@dataclass
class FakeBook:
    """Five releases, and builds that are held back."""

    failing: tuple[CheckState, ...] = ()
    held: tuple[BlockedBuild, ...] = ()
    standing: tuple[Acceptance, ...] = ()
    said: list[tuple[str, int, str]] = field(default_factory=list)

    def releases(self, limit: int) -> tuple[ReleaseSummary, ...]:
        return tuple(_summary(number) for number in (5, 4, 3, 2, 1))[:limit]

    def release(self, release_id: int) -> ReleaseDetail:
        return ReleaseDetail(_summary(release_id), (), self.failing)

    def difference(self, one: int, other: int) -> ReleaseDifference:
        before, after = sorted((one, other))
        if after > 5:
            raise NotFound(f"there is no release {after}", next_step="choose one that is listed")
        return ReleaseDifference(
            _summary(before), _summary(after), (SourceMove("shop", 10 + before, 10 + after),),
            (
                ModelDifference("gold.fact_orders", 1, 12, 3, 1600, 1609),
                ModelDifference("gold.dim_date", 1, None, None, 900, 901),
            ),
            (VerdictChange("orders_have_buyers", replace(FAILING, failing_rows=0), FAILING),), 1,
        )  # fmt: skip

    def blocked(self, limit: int) -> tuple[BlockedBuild, ...]:
        return self.held[:limit]

    def blocked_build(self, number: int | None) -> BlockedBuild:
        return next(each for each in self.held if number in {None, each.number})

    def accepted(self) -> tuple[Acceptance, ...]:
        return self.standing

    def accept(self, number: int, decider: Decider, reason: str) -> tuple[Acceptance, ...]:
        if len(reason) < 4:
            raise RequestError("a reason says why", next_step="say it in a few words")
        self.said.append(("accept", number, reason))
        word = Acceptance("a1", "orders_have_buyers", number, 3, decider.name, decider.subject, reason, NOON)
        self.standing = (word,)
        return self.standing

    def revoke(self, number: int, decider: Decider, reason: str | None) -> tuple[Acceptance, ...]:
        del decider
        self.said.append(("revoke", number, reason or ""))
        taken, self.standing = self.standing, ()
        return taken
