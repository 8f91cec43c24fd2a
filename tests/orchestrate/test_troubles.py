"""Troubles found in what the house knows, and that what is said of them quotes no data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from amalimart.config.source_settings import SourceSettings
from amalimart.core.approvals import KeptReview
from amalimart.core.errors import (
    AmalimartError,
    BrokenFile,
    CaptureLost,
    CheckFailed,
    DiskFull,
    ModelFailed,
    SourceRefused,
    SourceUnreachable,
)
from amalimart.core.incidents import IncidentKind, Trouble
from amalimart.core.quality import MonitorKind, QualityResult, Severity, Verdict
from amalimart.core.releases import BlockedBuild, BlockedCheck, SampleRows
from amalimart.orchestrate.sources.troubles import SourceTroubles
from amalimart.orchestrate.watching.status import SourceStatus
from amalimart.orchestrate.watching.troubles import (
    JobFailure,
    NotYetKnown,
    TroubleFinder,
    build_troubles,
    check_troubles,
    job_troubles,
    review_troubles,
)
from tests.orchestrate.landed_shop import SettableClock

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
CANARY = "Ama Serwaa, +233 24 000 0000"
STREAM = SourceSettings(kind="postgres", mapping="shop", url="secret:SHOP")
FRESH = SourceStatus("shop", "following", 3, "2026-03-10T11:59:00+00:00", 60.0, None, {})


class Building:
    def __init__(self, error: AmalimartError | None = None, *, has_looked: bool = True) -> None:
        self.last_error = error
        self.has_looked = has_looked


def blocked(*checks: str, code: str = "check_failed") -> BlockedBuild:
    sample = SampleRows(("name",), ((CANARY,),), ())
    failing = tuple(BlockedCheck(name, 3, sample) for name in checks)
    return BlockedBuild(4, AT, AT, 1, code, f"cannot cast '{CANARY}'", CANARY, "5e", 7, {"shop": 2}, failing)


def say_nothing_of_people(troubles: Iterable[Trouble]) -> list[Trouble]:
    found = list(troubles)
    assert CANARY not in repr(found)
    assert "Serwaa" not in repr(found)
    return found


def test_each_check_that_holds_a_release_back_is_a_trouble_of_its_own() -> None:
    error = CheckFailed(f"held back: {CANARY}")
    found = say_nothing_of_people(build_troubles(Building(error), lambda: blocked("a", "b")))
    assert [each.key for each in found] == ["release_blocked:a", "release_blocked:b"]
    assert found[0] == Trouble(
        key="release_blocked:a",
        kind=IncidentKind.RELEASE_BLOCKED,
        severity=Severity.ERROR,
        title="The check a holds the release back",
        details="It fails for 3 rows. Release 7 serves on.",
        where="blocked build 4",
        next_step="amalimart release show blocked:4",
    )


@pytest.mark.parametrize("newest", [None, blocked(), blocked("a", code="model_failed")])
def test_a_blocked_release_whose_checks_are_not_known_is_told_all_the_same(
    newest: BlockedBuild | None,
) -> None:
    [found] = say_nothing_of_people(build_troubles(Building(CheckFailed(CANARY)), lambda: newest))
    assert (found.key, found.severity) == ("release_blocked", Severity.ERROR)


def test_a_failed_build_is_told_by_its_code_and_quotes_nothing() -> None:
    error = ModelFailed(f"cannot cast '{CANARY}'", where=CANARY, nearest=CANARY, next_step=CANARY)
    [found] = say_nothing_of_people(build_troubles(Building(error), lambda: None))
    assert (found.key, found.severity) == ("build_failed:model_failed", Severity.ERROR)
    [found] = build_troubles(Building(DiskFull("x")), lambda: None)
    assert found.severity is Severity.WARNING


def test_before_the_first_try_no_error_means_nothing() -> None:
    with pytest.raises(NotYetKnown):
        build_troubles(Building(has_looked=False), lambda: None)
    assert list(build_troubles(Building(), lambda: None)) == []


def result(subject: str = "shop.orders", period: str | None = "2026-03-09") -> QualityResult:
    return QualityResult(
        check="daily_rows",
        kind=MonitorKind.VOLUME,
        subject=subject,
        period=period,
        severity=Severity.WARNING,
        verdict=Verdict.FAILED,
        expected="1,180 to 1,420 rows",
        actual="611 rows",
        message=f"rows such as {CANARY} are missing",
        checked_at=AT,
        samples=SampleRows(("name",), ((CANARY,),), ()),
    )


def test_a_failed_check_is_told_in_figures() -> None:
    class Failing:
        def failing_results(self) -> Sequence[QualityResult]:
            return [result(), result(period=None), result("shop.items")]

    first, second, third = say_nothing_of_people(check_troubles(Failing()))
    assert first.title == "daily_rows fails for shop.orders in 2026-03-09"
    assert first.details == "Expected 1,180 to 1,420 rows; found 611 rows."
    assert first.severity is Severity.WARNING
    assert second.title == "daily_rows fails for shop.orders"
    assert len({first.key, second.key, third.key}) == 3


def test_a_failed_job_is_told_by_its_code() -> None:
    class Failed:
        def failing(self) -> Sequence[JobFailure]:
            return [JobFailure("nightly", "query_too_large", AT, 3)]

    [found] = job_troubles(Failed())
    assert found.title == "The job nightly failed (query_too_large)"
    assert found.details == "Tried 3 times, last at 2026-03-10 12:00 UTC."


class Sources:
    """The troubles of one source whose state is set by hand."""

    def __init__(self, settings: SourceSettings = STREAM) -> None:
        self.clock = SettableClock(AT)
        self.state = FRESH
        self.troubles = SourceTroubles({"shop": settings}, lambda: [self.state], self.clock)

    def find(self, **changes: object) -> list[Trouble]:
        self.state = replace(FRESH, **changes)  # type: ignore[arg-type]
        return say_nothing_of_people(self.troubles.find())


def test_a_source_that_is_followed_and_fresh_is_no_trouble() -> None:
    assert Sources().find() == []
    assert Sources().find(state="starting", fresh_as_of=None, lag_seconds=None) == []


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        (SourceUnreachable, Severity.WARNING),
        (SourceRefused, Severity.ERROR),
        (BrokenFile, Severity.ERROR),
        (CaptureLost, Severity.ERROR),
    ],
)
def test_a_source_that_cannot_be_read_is_told_by_its_code(
    kind: type[AmalimartError], severity: Severity
) -> None:
    [found] = Sources().find(state="failing", error=f"line 3: {CANARY}", error_code=kind.code)
    assert (found.kind, found.severity) == (IncidentKind.SOURCE_FAILING, severity)
    assert kind.code in found.title
    [found] = Sources().find(state="failing", error_code=kind.code, lag_seconds=3601.0)
    assert found.severity is Severity.ERROR, "by now the figures are old"


def test_a_lost_slot_names_the_way_back() -> None:
    [found] = Sources().find(state="failing", error_code="capture_lost")
    assert found.next_step == "amalimart source resnapshot shop"


def test_a_table_that_stands_still_is_told_beside_its_source() -> None:
    found = Sources().find(stopped={"orders": f"value {CANARY}", "items": "dropped"}, lag_seconds=9999.0)
    assert [each.key for each in found] == [
        "source_failing:shop:items",
        "source_failing:shop:orders",
        "source_stale:shop",
    ]


def test_a_source_is_stale_by_its_own_limit_and_not_before() -> None:
    sources = Sources()
    assert sources.find(lag_seconds=3600.0) == []
    [found] = sources.find(lag_seconds=3600.1)
    assert (found.kind, found.severity) == (IncidentKind.SOURCE_STALE, Severity.ERROR)
    assert sources.find(lag_seconds=7200.0) == [found], "a growing age is no news"
    tight = Sources(STREAM.model_copy(update={"stale_after_minutes": 5}))
    assert [each.kind for each in tight.find(lag_seconds=301.0)] == [IncidentKind.SOURCE_STALE]


@pytest.mark.parametrize(
    "settings",
    [
        SourceSettings(kind="files", mapping="shop", folder="drops"),  # type: ignore[arg-type]
        STREAM.model_copy(update={"capture": "poll"}),
    ],
)
def test_where_age_says_nothing_it_must_be_asked_for(settings: SourceSettings) -> None:
    assert Sources(settings).find(lag_seconds=1e6) == []
    asked = settings.model_copy(update={"stale_after_minutes": 60})
    assert len(Sources(asked).find(lag_seconds=1e6)) == 1


def test_a_process_that_is_started_again_is_not_missed_and_one_that_stays_away_is() -> None:
    sources = Sources()
    assert sources.find(state="stopped") == []
    sources.clock.instant += timedelta(seconds=119)
    assert sources.find(state="stopped") == []
    assert sources.find() == []
    assert sources.find(state="stopped") == []
    sources.clock.instant += timedelta(seconds=120)
    [found] = sources.find(state="stopped")
    assert (found.title, found.severity) == ("No process reads the source shop", Severity.WARNING)
    [found] = sources.find(state="stopped", lag_seconds=3601.0)
    assert found.severity is Severity.ERROR


def test_what_cannot_be_looked_for_is_a_trouble_and_hides_no_other() -> None:
    def fails() -> Iterable[Trouble]:
        raise ValueError(CANARY)

    def not_yet() -> Iterable[Trouble]:
        raise NotYetKnown

    good = Trouble("k", IncidentKind.JOB_FAILED, Severity.ERROR, "x", "y")
    look = TroubleFinder(
        {
            (IncidentKind.CHECK_FAILED,): fails,
            (IncidentKind.BUILD_FAILED, IncidentKind.RELEASE_BLOCKED): not_yet,
            (IncidentKind.JOB_FAILED,): lambda: [good],
        }
    ).look()
    blind, seen = say_nothing_of_people(look.troubles)
    assert seen == good
    assert (blind.key, blind.severity) == ("check_failed:unseen", Severity.WARNING)
    assert look.unseen == {
        IncidentKind.CHECK_FAILED,
        IncidentKind.BUILD_FAILED,
        IncidentKind.RELEASE_BLOCKED,
    }


def test_a_finder_that_fails_on_the_way_gives_up_what_it_had() -> None:
    """Half a list would make the other half look as if it were over."""

    def half() -> Iterable[Trouble]:
        yield Trouble("k", IncidentKind.JOB_FAILED, Severity.ERROR, "x", "y")
        raise OSError

    look = TroubleFinder({(IncidentKind.JOB_FAILED,): half}).look()
    assert look.unseen == {IncidentKind.JOB_FAILED}
    assert [each.key for each in look.troubles] == ["job_failed:unseen"]


def test_a_review_that_waits_is_told_in_figures_and_names_nobody() -> None:
    figures = {"people": 4, "keys": 2, "unused": 1, "without_rows": 0, "personal_data": 3}
    kept = KeptReview(9, AT, "5e", {"users": [{"email": "ama@b.test", "name": CANARY}], "figures": figures})

    class Waiting:
        def unsigned(self) -> KeptReview | None:
            return kept

    class Signed:
        def unsigned(self) -> KeptReview | None:
            return None

    [found] = say_nothing_of_people(review_troubles(Waiting()))
    assert "ama@b.test" not in repr(found)
    assert (found.key, found.severity) == ("access_review:9", Severity.WARNING)
    assert found.details.startswith("People: 4; not signed in for long: 1;")
    assert list(review_troubles(Signed())) == []
