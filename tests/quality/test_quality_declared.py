"""Files of declared checks: what is packaged, what replaces it, and every mistake with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from amalimart.core.errors import ConfigError, NotFound
from amalimart.core.quality import MonitorKind
from amalimart.quality.declared import PACKAGED, load_checks, read_check
from amalimart.quality.shapes import Every
from tests.quality.checked_shop import Tampered

COMMON = "description: Own.\nowner: tests\nseverity: error\nevery: day\n"


def test_every_kind_is_packaged_and_every_packaged_file_is_a_check() -> None:
    checks = load_checks([PACKAGED])
    assert checks.refused == {}
    assert {check.kind for check in checks.checks.values()} == set(MonitorKind)
    assert {check.every for check in checks.checks.values()} >= {
        Every.DAY,
        Every.WEEK,
        Every.QUARTER,
        Every.YEAR,
    }


def test_packaged_checks_name_only_what_is_published(shop: Tampered) -> None:
    for name, check in load_checks([PACKAGED]).checks.items():
        for result in shop.check(check):
            assert "correct the check" not in result.message
            assert "where: " not in result.message, (name, result.message)


def test_a_file_of_the_project_replaces_the_packaged_one_and_a_broken_one_keeps_no_other(
    tmp_path: Path,
) -> None:
    (tmp_path / "orders_reconcile.yml").write_text(f"{COMMON}kind: drift\n")
    (tmp_path / "broken.yml").write_text("kind: counts\n")
    checks = load_checks([PACKAGED, tmp_path, tmp_path / "absent"])
    assert checks.checks["orders_reconcile"].kind is MonitorKind.DRIFT
    assert set(checks.refused) == {"broken"}
    assert set(checks.names) == {path.stem for path in PACKAGED.glob("*.yml")} | {"broken"}
    due = checks.due(Every.WEEK)
    assert set(due.checks) == {"order_volume_weekly"}
    assert set(due.refused) == {"broken"}
    with pytest.raises(ConfigError):
        checks.only("broken")
    with pytest.raises(NotFound) as caught:
        checks.only("order_reconcile")
    assert caught.value.nearest == "orders_reconcile"


VOLUME = "kind: volume\ntable: gold.fact_orders\ncolumn: order_date\n"
SIDE = "key: order_id, day: order_date, currency: currency, amounts: {n: total_amount}"
RECONCILE = (
    f"kind: reconciliation\nsource: {{table: staging.stg_orders, {SIDE}}}\n"
    f"gold: {{table: gold.fact_orders, {SIDE}}}\n"
)
OTHER = RECONCILE.replace("{n: total_amount}}\ngold", "{m: total_amount}}\ngold")
DAYS = "kind: counts\ndays: [{table: gold.fact_orders, column: order_date, "


@pytest.mark.parametrize(
    ("text", "line", "words", "nearest"),
    [
        ("kind: count\n", 5, "unknown kind 'count'", "counts"),
        ("", 1, "no `kind`", None),
        ("kind: drift\nowners: me\n", 6, "unknown key 'owners'", "owner"),
        (f"{VOLUME}grain: weekly\n", 8, "grain", None),
        (f"{VOLUME}grain: week\nbounds: {{low: 5, high: 4}}\n", 9, "at least 5 and at most 4", None),
        (f"{VOLUME}grain: week\nbounds: {{low: -1}}\n", 9, "bounds.low", None),
        (f"{VOLUME}grain: week\nbounds: {{lowest: 1}}\n", 9, "unknown key 'lowest'", None),
        (f"{VOLUME}grain: week\nwhere: {{status: {{a: b}}}}\n", 9, "where.status", None),
        (VOLUME, 1, "grain: Field required", None),
        ("kind: volume\ntable: fact_orders\ncolumn: order_date\ngrain: day\n", 6, "table", None),
        (f"{RECONCILE}tolerance: -0.01\n", 8, "tolerance", None),
        (f"{RECONCILE}tolerance: .inf\n", 8, "tolerance", None),
        (f"{RECONCILE}tolerance: .nan\n", 8, "tolerance", None),
        (f"{RECONCILE}samples: 0\n", 8, "samples", None),
        (f"{RECONCILE}against: lake\n", 8, "against", None),
        (OTHER, 1, "different amounts", None),
        (RECONCILE.replace("currency: currency, amounts: {n: total_amount}}\ngold",
                           "vendor: customer_id, currency: currency, amounts: {n: total_amount}}\ngold"),
         1, "one side only", None),
        (RECONCILE.replace("n: total_amount", "day: total_amount"), 1, "named 'day'", None),
        (RECONCILE.replace("staging.stg_orders", "gold.orders"), 6, "source.table", None),
        (f"{DAYS}closed: [soon]}}]\n", 6, "closed", None),
        ("kind: freshness\n", 1, "within_minutes", None),
        ("kind: freshness\nwithin_minutes: 5\nlanded: {orders: 0}\n", 7, "landed.orders", None),
        ("- kind: drift\n", 5, "", None),
    ],
)  # fmt: skip
def test_a_mistake_is_one_error_with_its_line(
    tmp_path: Path, text: str, line: int, words: str, nearest: str | None
) -> None:
    path = tmp_path / "own.yml"
    path.write_text(COMMON + text)
    with pytest.raises(ConfigError) as caught:
        read_check(path)
    assert words in caught.value.what
    assert caught.value.where == f"{path}:{line}"
    assert nearest is None or caught.value.nearest == nearest


@pytest.mark.parametrize(
    ("key", "value", "nearest"),
    [
        ("every", "dayly", None),
        ("every", "weeks", "week"),
        ("severity", "eror", "error"),
        ("every", "5", None),
    ],
)
def test_a_word_that_does_not_exist_names_those_that_do(
    tmp_path: Path, key: str, value: str, nearest: str | None
) -> None:
    path = tmp_path / "own.yml"
    kept = [line for line in COMMON.splitlines() if not line.startswith(key)]
    path.write_text("\n".join([*kept, "kind: drift", f"{key}: {value}"]))
    with pytest.raises(ConfigError, match=f"unknown {key}") as caught:
        read_check(path)
    assert caught.value.where == f"{path}:5"
    assert caught.value.expected
    assert nearest is None or caught.value.nearest == nearest


@pytest.mark.parametrize("name", ["My Check.yml", "1st.yml", "Ünï.yml"])
def test_a_file_with_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(f"{COMMON}kind: drift\n")
    with pytest.raises(ConfigError, match="cannot be named"):
        read_check(path)


def test_a_list_is_no_check(tmp_path: Path) -> None:
    path = tmp_path / "own.yml"
    path.write_text("- kind: drift\n")
    with pytest.raises(ConfigError, match="keys and values"):
        read_check(path)
