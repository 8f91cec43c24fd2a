"""Runs: each check on its own, every one told of, and series handed to the volume model as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from amalimart.core.errors import ConfigError, SourceUnreachable
from amalimart.core.quality import MonitorKind, QualityResult, Severity, Verdict
from amalimart.quality import running
from amalimart.quality.declared import PACKAGED, DeclaredCheck, DeclaredChecks, load_checks, read_check
from amalimart.quality.looking import Look
from amalimart.quality.ports import VolumeJudgement, VolumeSeries
from amalimart.quality.running import run_checks
from amalimart.quality.shapes import SeriesShape
from amalimart.quality.shared_series import acknowledged_periods
from tests.quality.checked_shop import Memory, Tampered, declared, packaged

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
FRESH = "kind: freshness\nwithin_minutes: 60\nsources: []\n"


def checks(*each: DeclaredCheck, **refused: ConfigError) -> DeclaredChecks:
    return DeclaredChecks({check.name: check for check in each}, refused)


def test_every_packaged_check_gives_a_result_and_all_are_kept(shop: Tampered) -> None:
    declared_ones = load_checks([PACKAGED])
    run = run_checks(declared_ones, shop.look())
    assert {result.check for result in run.results} == set(declared_ones.names)
    assert run.declared == len(declared_ones.names)
    assert run.release_id == 1
    assert shop.memory.results == list(run.results)


def test_an_error_and_a_defect_are_the_result_of_their_own_check(
    shop: Tampered, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(check: DeclaredCheck, _shape: Any, look: Look) -> Iterator[QualityResult]:
        yield look.told(check, "first").passed("a", "a", "found before the error")
        raise SourceUnreachable("nobody answers", where="db.example:5432")

    def broken(_check: DeclaredCheck, _shape: Any, _look: Look) -> Iterator[QualityResult]:
        raise KeyError("canary@customer.example")

    def silent(_check: DeclaredCheck, _shape: Any, _look: Look) -> Iterator[QualityResult]:
        yield from ()

    runners = {
        MonitorKind.DRIFT: unreachable,
        MonitorKind.FRESHNESS: broken,
        MonitorKind.COUNTS: silent,
    }
    monkeypatch.setattr(running, "RUNNERS", {**running.RUNNERS, **runners})
    names = ("sources_keep_their_shape", "sources_are_fresh", "committed_rows_are_loaded", "orders_reconcile")
    run = run_checks(checks(*map(packaged, names)), shop.look())
    told = [(result.check, result.verdict) for result in run.results]
    cannot = Verdict.CANNOT_TELL
    assert told == [
        (names[0], Verdict.PASSED), (names[0], cannot), (names[1], cannot), (names[2], cannot),
        (names[3], Verdict.PASSED),
    ]  # fmt: skip
    assert "nobody answers; where: db.example:5432" in run.results[1].message
    assert "a defect of amalimart: KeyError" in run.results[2].message
    assert "looked at nothing" in run.results[3].message
    assert "canary" not in repr(run)
    assert not run.fails


def test_words_of_the_engine_are_not_kept_for_they_may_quote_a_value(shop: Tampered, tmp_path: Path) -> None:
    shop.tamper("alter table gold.fact_orders alter order_date type varchar")
    shop.tamper("update gold.fact_orders set order_date = 'canary@customer.example'")
    check = declared(
        tmp_path, "kind: counts\nsources: []\ndays: [{table: gold.fact_orders, column: order_date}]\n"
    )
    result = shop.one(check)
    assert result.verdict is Verdict.CANNOT_TELL
    assert "Conversion Error" in result.message
    assert "canary" not in repr(result)


def test_a_file_that_is_no_check_is_named_by_the_run_and_fails_it(shop: Tampered) -> None:
    run = run_checks(checks(broken=ConfigError("unknown kind")), shop.look())
    assert (run.declared, run.results, set(run.not_run), run.fails) == (1, (), {"broken"}, True)


@pytest.mark.parametrize(("severity", "fails"), [(Severity.ERROR, True), (Severity.WARNING, False)])
def test_only_a_failed_error_fails_a_run(shop: Tampered, severity: Severity, fails: bool) -> None:
    shop.tamper("delete from gold.fact_orders where order_id = (select min(order_id) from gold.fact_orders)")
    check = packaged("orders_reconcile")
    own = DeclaredCheck(check.name, check.shape.model_copy(update={"severity": severity}), check.document)
    assert run_checks(checks(own), shop.look()).fails is fails


@dataclass
class Model:
    """A volume model that notes what it is asked."""

    asked: list[tuple[VolumeSeries, str]] = field(default_factory=list)

    def judge(self, series: VolumeSeries, grain: str) -> Sequence[VolumeJudgement]:
        self.asked.append((series, grain))
        return [
            VolumeJudgement(
                "2026-W12", Verdict.FAILED, "10 to 20 rows", "3 rows", "7 rows too few", 10, 20, 3
            ),
            VolumeJudgement(
                "2026-W11", Verdict.PASSED, "10 to 20 rows", "12 rows", "as expected", 10, 20, 12
            ),
        ]

    def slow_loss(self, series: VolumeSeries) -> Sequence[VolumeJudgement]:
        self.asked.append((series, "slow_loss"))
        return []


def test_what_is_explained_to_one_check_the_others_over_the_same_counts_know(tmp_path: Path) -> None:
    """A quarter that is known to be low is no reason to learn nothing from its days."""

    def check_of(name: str, kind: str, where: str = "") -> DeclaredCheck:
        path = tmp_path / f"{name}.yml"
        words = "description: d\nowner: o\nseverity: warning\nevery: day\ntable: gold.t\ncolumn: day\n"
        path.write_text(f"{kind}\n{words}{where}")
        return read_check(path)

    checks = {
        check.name: check
        for check in (
            check_of("daily", "kind: volume\ngrain: day", "where: {a: [x, y], b: 1}\n"),
            check_of("weekly", "kind: volume\ngrain: week", "where: {b: 1, a: [y, x]}\n"),
            check_of("quarterly", "kind: volume\ngrain: quarter", "where: {b: 1, a: [x, y]}\n"),
            check_of("slowly", "kind: slow_loss", "where: {a: [x, y], b: 1}\n"),
            check_of("others", "kind: volume\ngrain: day", "where: {a: x, b: 1}\n"),
        )
    }
    memory = Memory()
    memory.acknowledged = {
        ("daily", "gold.t"): frozenset({"2026-02-24"}),
        ("weekly", "gold.t"): frozenset({"2026-W07"}),
        ("quarterly", "gold.t"): frozenset({"2025-Q4"}),
        ("slowly", "gold.t"): frozenset({"2026-01-01 to 2026-01-14"}),
        ("others", "gold.t"): frozenset({"2026-03-01"}),
    }
    known = {}
    for name, check in checks.items():
        assert isinstance(check.shape, SeriesShape)
        known[name] = acknowledged_periods(check, check.shape, checks, memory)
    short = {"2026-02-24", "2026-W07", "2026-01-01 to 2026-01-14"}
    assert known == {
        "daily": short,
        "weekly": short,
        "quarterly": short | {"2025-Q4"},
        "slowly": short,
        "others": {"2026-03-01"},
    }


def test_a_series_has_every_day_until_yesterday_and_what_was_acknowledged(
    shop: Tampered, tmp_path: Path
) -> None:
    check = declared(
        tmp_path,
        "kind: volume\ntable: gold.fact_orders\ncolumn: order_date\ngrain: week\nbounds: {low: 4}\n"
        "where: {currency: [GHS, USD], is_failed: false}\n",
    )
    shop.tamper("delete from gold.fact_orders where order_date < date '2026-01-01'")
    shop.memory.acknowledged[check.name, "gold.fact_orders"] = frozenset({"2026-W07"})
    model = Model()
    results = shop.check(check, NOON, volume=model)
    ((series, grain),) = model.asked
    by_hand = dict(
        shop.rows(
            "select order_date, count(*) from gold.fact_orders where currency in ('GHS', 'USD')"
            " and not is_failed and order_date < date '2026-03-29' group by 1"
        )
    )
    assert grain == "week"
    assert {day: rows for day, rows in series.counts.items() if rows} == by_hand
    assert series.last == date(2026, 3, 28)
    assert len(series.counts) == (series.last - series.first).days + 1
    assert series.acknowledged == {"2026-W07"}
    assert (series.low, series.high) == (4, None)
    assert [(each.period, each.verdict, each.value, each.unit) for each in results] == [
        ("2026-W12", Verdict.FAILED, 3, "rows"),
        ("2026-W11", Verdict.PASSED, 12, "rows"),
    ]


def test_a_series_without_a_day_or_a_model_cannot_be_told(shop: Tampered) -> None:
    weekly = packaged("order_volume_weekly")
    assert "no model of volumes" in shop.one(weekly, NOON).message
    shop.tamper("update gold.fact_orders set order_date = date '2026-03-29'")  # it starts today
    result = shop.one(weekly, NOON, volume=Model())
    assert result.verdict is Verdict.CANNOT_TELL
    assert "nothing to learn from" in result.message
    shop.tamper("delete from gold.fact_orders")
    assert shop.one(weekly, NOON, volume=Model()).verdict is Verdict.CANNOT_TELL


@pytest.mark.parametrize(
    ("text", "nearest", "line"),
    [
        ("kind: volume\ngrain: day\ntable: gold.fact_order\ncolumn: order_date\n", "gold.fact_orders", 7),
        ("kind: volume\ngrain: day\ntable: gold.fact_orders\ncolumn: order_day\n", "order_date", 8),
        (
            "kind: slow_loss\ntable: gold.fact_orders\ncolumn: order_date\nwhere: {curency: GHS}\n",
            "currency",
            8,
        ),
        (
            f"{FRESH}tables: [{{table: gold.fact_orders, column: orderd_at, within_minutes: 60}}]\n",
            "ordered_at",
            8,
        ),
    ],
)
def test_a_check_on_a_name_that_is_not_published_cannot_be_told_and_names_the_nearest(
    shop: Tampered, tmp_path: Path, text: str, nearest: str, line: int
) -> None:
    model = Model()
    result = shop.one(declared(tmp_path, text), NOON, volume=model)
    assert result.verdict is Verdict.CANNOT_TELL
    assert f"nearest: {nearest}" in result.message
    assert f"own.yml:{line}" in result.message
    assert not model.asked


@pytest.mark.parametrize("name", ["order_volume_daily", "order_volume_weekly", "orders_are_not_lost_slowly"])
def test_a_clock_that_went_back_judges_no_earlier_period_in_place_of_the_last(
    shop: Tampered, name: str
) -> None:
    """The month before last is whole, and says nothing of what came since."""
    model = Model()
    published_at = shop.transaction.release.published_at
    result = shop.one(packaged(name), published_at - timedelta(days=40), volume=model)
    assert result.verdict is Verdict.CANNOT_TELL
    assert "the clock went back" in result.message
    assert not model.asked
    shop.check(packaged(name), published_at - timedelta(minutes=4), volume=model)
    assert model.asked  # two clocks that are right may differ so much


def test_slow_loss_asks_the_model_and_its_silence_is_no_pass(shop: Tampered) -> None:
    model = Model()
    result = shop.one(packaged("orders_are_not_lost_slowly"), NOON, volume=model)
    assert model.asked[0][1] == "slow_loss"
    assert result.verdict is Verdict.CANNOT_TELL


def test_a_run_may_be_repeated(shop: Tampered) -> None:
    look = shop.look()
    one, other = (run_checks(checks(packaged("orders_reconcile")), look) for _ in range(2))
    assert one.run_id != other.run_id
    assert replace(one, run_id="") == replace(other, run_id="")
