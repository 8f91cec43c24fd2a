"""Ages by the source's own watermark at a clock of the test; a clock that is wrong is never a pass."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from amalimart.core.errors import ConfigError
from amalimart.core.quality import Verdict
from tests.quality.checked_shop import CheckedShop, Tampered, declared, packaged
from tests.warehouse.whole_shop import OPENED, SOURCE

FRESH = packaged("sources_are_fresh")


@pytest.mark.parametrize(
    ("age", "verdict", "minutes"),
    [
        (timedelta(0), Verdict.PASSED, 0),
        (timedelta(minutes=60), Verdict.PASSED, 60),
        (timedelta(minutes=60, milliseconds=60), Verdict.FAILED, 60.001),
        (timedelta(days=3), Verdict.FAILED, 4320),
        (timedelta(minutes=-4), Verdict.PASSED, 0),
    ],
)
def test_the_age_of_the_watermark(shop: Tampered, age: timedelta, verdict: Verdict, minutes: float) -> None:
    result = shop.one(FRESH, OPENED + age)
    assert (result.subject, result.verdict, result.value, result.unit) == (
        SOURCE,
        verdict,
        minutes,
        "minutes",
    )
    assert result.high == 60


def test_a_clock_that_jumped_back_is_no_pass(shop: Tampered) -> None:
    result = shop.one(FRESH, OPENED - timedelta(hours=2))
    assert result.verdict is Verdict.CANNOT_TELL
    assert "the clock went back" in result.message


def test_a_watermark_in_the_future_and_one_that_is_not_told_are_no_pass(tmp_path: Path) -> None:
    """The lake's own clock is right, and the shop's is not."""
    shop = CheckedShop(tmp_path)
    later = OPENED + timedelta(days=2)
    with shop.tampered() as released:
        with shop.lake.writer(SOURCE) as writer:
            writer.append((), {"lsn": "0/9"}, later)
        ahead = released.one(FRESH, OPENED + timedelta(hours=1))
        assert ahead.verdict is Verdict.CANNOT_TELL
        assert "lies in the future" in ahead.message
        assert released.one(FRESH, later).verdict is Verdict.PASSED
        with shop.lake.writer(SOURCE) as writer:
            writer.append((), {"lsn": "0/99"}, None)
        untold = released.one(FRESH)
        assert untold.verdict is Verdict.CANNOT_TELL
        assert "does not tell" in untold.message
    shop.hot_file.close()


def test_the_newest_change_of_a_landed_table_by_the_shops_own_clock(tmp_path: Path) -> None:
    shop = CheckedShop(tmp_path / "shop")
    check = declared(tmp_path, "kind: freshness\nwithin_minutes: 60\nlanded: {orders: 30, returns: 30}\n")
    shop.trade()
    shop.trade()
    by_hand = max(
        moment
        for part in shop.lake.live_files(SOURCE)["orders"].journal
        for moment in part.read().column("_committed_at").to_pylist()
    )
    with shop.tampered() as released:
        _, orders, returns = released.check(check, by_hand + timedelta(minutes=31))
        with shop.lake.writer(SOURCE) as writer:
            writer.seal()
        _, in_files, _ = released.check(check, by_hand + timedelta(minutes=31))
    shop.hot_file.close()
    assert (orders.subject, orders.verdict, orders.value) == (f"{SOURCE}.orders", Verdict.FAILED, 31)
    assert (in_files.message, in_files.value) == (orders.message, orders.value)
    assert returns.verdict is Verdict.CANNOT_TELL  # rows of a snapshot tell no moment of their own


def test_the_newest_row_of_a_published_column_in_the_business_zone(shop: Tampered, tmp_path: Path) -> None:
    check = declared(
        tmp_path,
        "kind: freshness\nsources: []\nwithin_minutes: 60\ntables:\n"
        "  - {table: gold.fact_orders, column: ordered_at, within_minutes: 30}\n",
    )
    shop.tamper("update gold.fact_orders set ordered_at = timestamp '2026-03-28 22:00:00'")
    # Ten at night in Paris, the evening before clocks go forward, is 21:00 UTC.
    assert shop.one(check, OPENED.replace(hour=21, minute=30)).verdict is Verdict.PASSED
    late = shop.one(check, OPENED.replace(hour=21, minute=31))
    assert (late.verdict, late.value) == (Verdict.FAILED, 31)
    shop.tamper("delete from gold.fact_orders")
    assert shop.one(check).verdict is Verdict.CANNOT_TELL


def test_a_landed_table_that_the_mapping_does_not_land_is_named(shop: Tampered, tmp_path: Path) -> None:
    check = declared(tmp_path, "kind: freshness\nwithin_minutes: 60\nlanded: {order: 30}\n")
    assert "nearest: orders; where:" in shop.check(check)[-1].message


@pytest.mark.parametrize("minutes", ["0", "-5", "soon"])
def test_a_limit_that_nothing_can_keep_is_refused(tmp_path: Path, minutes: str) -> None:
    with pytest.raises(ConfigError, match="within_minutes") as caught:
        declared(tmp_path, f"kind: freshness\nwithin_minutes: {minutes}\n")
    assert (caught.value.where or "").endswith("own.yml:6")
