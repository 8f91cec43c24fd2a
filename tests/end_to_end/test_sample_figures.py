"""Real input: the sample of the AmaliMart source, by the commands a person types.

The expected numbers are computed here from the CSV files with exact decimals, and pinned as the
figures known of this sample, so that neither the product nor this file can drift alone.
"""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.running_engine import running_engine

pytestmark = [pytest.mark.source, pytest.mark.slow]
TODAY = ("--today", "2024-12-31")


class CommandLine:
    """The amalimart command on one project folder."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "AMALIMART_HOME": str(self.home)}
        command = [sys.executable, "-c", "from amalimart.cli import main; main()", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def json(self, *arguments: str) -> dict[str, Any]:
        ended = self.run(*arguments, "--json")
        assert ended.returncode == 0, ended.stderr
        return dict(json.loads(ended.stdout))

    def value(self, metric: str) -> Any:
        return self.json("query", metric, *TODAY)["rows"][0][0]

    def error(self, *arguments: str) -> dict[str, Any]:
        ended = self.run(*arguments, "--json")
        assert ended.returncode == 6
        assert ended.stdout == ""
        return dict(json.loads(ended.stderr)["error"])


@pytest.fixture(scope="module")
def rows(amalimart_sample: Path) -> dict[str, list[dict[str, str]]]:
    return {
        path.stem: list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
        for path in amalimart_sample.glob("*.csv")
    }


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    return CommandLine(tmp_path_factory.mktemp("home") / "project")


@pytest.fixture(scope="module")
def loaded(shell: CommandLine, amalimart_sample: Path) -> dict[str, Any]:
    return shell.json("ingest", "csv", str(amalimart_sample), "--mapping", "amalimart")


@pytest.fixture(scope="module")
def again(shell: CommandLine, loaded: dict[str, Any], amalimart_sample: Path) -> dict[str, Any]:
    assert loaded["release_id"] == 1
    return shell.json("ingest", "csv", str(amalimart_sample), "--mapping", "amalimart")


@pytest.fixture(scope="module")
def ask(shell: CommandLine, again: dict[str, Any]) -> Iterator[CommandLine]:
    assert again["release_id"] == 1
    with running_engine(shell.home):
        yield shell


def test_order_money_and_item_money_are_two_figures(
    ask: CommandLine, rows: dict[str, list[dict[str, str]]]
) -> None:
    headers = sum(Decimal(row["total_amount"]) for row in rows["orders"])
    items = sum(Decimal(row["unit_price"]) * int(row["quantity"]) for row in rows["order_items"])
    stored = sum(Decimal(row["total_price"]) for row in rows["order_items"])
    assert (headers, items, stored) == (Decimal("561065.69"), Decimal("638761.06"), Decimal("1008412.82"))
    assert ask.value("gmv") == str(headers)
    assert ask.value("total_revenue") == str(items)
    assert ask.value("item_gmv") == str(items)
    assert ask.value("stored_line_total") == str(stored)


def test_gmv_by_vendor_is_refused_with_the_metric_that_can(ask: CommandLine) -> None:
    error = ask.error("query", "gmv", "--by", "vendor")
    assert error["code"] == "not_groupable"
    assert error["nearest"] == "item_gmv"


def test_item_gmv_by_vendor_and_month_is_exact_and_keeps_the_unknown_vendor(
    ask: CommandLine, rows: dict[str, list[dict[str, str]]]
) -> None:
    vendor_of = {row["id"]: row["vendor_id"] for row in rows["products"]}
    month_of = {row["id"]: f"{row['order_date'][:7]}-01" for row in rows["orders"]}
    expected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows["order_items"]:
        month = month_of.get(row["order_id"])
        if month is not None and month >= "2024-10-01":
            vendor = vendor_of.get(row["product_id"], "unknown")
            expected[vendor, month] += Decimal(row["unit_price"]) * int(row["quantity"])
    answer = ask.json("query", "item_gmv", "--by", "vendor,month", "--where", "month >= 2024-10-01", *TODAY)
    names = [column["name"] for column in answer["columns"]]
    found = {
        (row[names.index("vendor_id")], row[names.index("month")]): Decimal(row[names.index("item_gmv")])
        for row in answer["rows"]
    }
    assert found == expected
    assert any(vendor == "unknown" for vendor, _ in found)


@pytest.mark.parametrize(
    ("metric", "lacking"),
    [
        ("cod_share", "CASH_ON_DELIVERY"),
        ("avg_return_amount", "returns.return_amount"),
        ("order_conversion_rate", "web_visits"),
        ("customer_acquisition_cost", "marketing_spend"),
    ],
)
def test_what_the_source_lacks_is_said_and_never_zero(ask: CommandLine, metric: str, lacking: str) -> None:
    error = ask.error("query", metric)
    assert error["code"] == "not_available"
    assert lacking in error["what"]


def test_current_period_counts_from_the_day_given(
    ask: CommandLine, rows: dict[str, list[dict[str, str]]]
) -> None:
    december = sum(
        Decimal(r["total_amount"]) for r in rows["orders"] if r["order_date"].startswith("2024-12")
    )
    year = sum(Decimal(r["total_amount"]) for r in rows["orders"] if r["order_date"].startswith("2024"))
    assert ask.value("current_month_revenue") == str(december)
    assert ask.value("ytd_revenue") == str(year)


def test_every_landed_row_is_accounted_for(
    loaded: dict[str, Any], rows: dict[str, list[dict[str, str]]]
) -> None:
    counts = {line["entity"]: line for line in loaded["reconciliation"]}
    for entity, table in {
        "orders": "orders", "order_items": "order_items", "payments": "payments", "returns": "returns",
        "users": "users", "products": "products", "shipments": "shipping_info", "reviews": "reviews",
        "addresses": "addresses", "support_tickets": "support_tickets",
    }.items():  # fmt: skip
        assert counts[entity]["landed"] == len(rows[table]), entity
    for line in loaded["reconciliation"]:
        buckets = ("superseded", "deleted", "filtered", "accepted", "quarantined")
        assert line["landed"] == sum(line[bucket] for bucket in buckets), line
    assert any("address" in name for name in loaded["unmapped"])


def test_the_same_files_again_change_nothing(loaded: dict[str, Any], again: dict[str, Any]) -> None:
    assert again["rows_landed"] == 0
    assert again["release_id"] == loaded["release_id"]


def test_no_secret_of_the_source_is_in_any_file(
    shell: CommandLine, loaded: dict[str, Any], rows: dict[str, list[dict[str, str]]]
) -> None:
    secrets = {row["password"] for table in ("users", "vendor_applications") for row in rows[table]}
    assert len(secrets) > 1000
    needles = [secret.encode() for secret in secrets if len(secret) >= 8]
    files = [path for path in shell.home.rglob("*") if path.is_file()]
    assert loaded["release_id"]
    assert any(path.suffix == ".duckdb" for path in files)
    for path in files:
        haystack = path.read_bytes()
        if path.suffix == ".parquet":  # compressed: look at the values as well
            haystack += repr(pq.read_table(path).to_pydict()).encode()
        assert b"hashed_password" not in haystack, path
        assert b"securepass" not in haystack, path
        found = [needle for needle in needles[:200] if needle in haystack]
        assert not found, path


def test_metrics_are_listed_for_programs(ask: CommandLine) -> None:
    listed = ask.json("metrics", "list")["metrics"]
    assert {"gmv", "total_revenue", "order_count", "cod_share"} <= {metric["name"] for metric in listed}
    assert all(metric["definition"] for metric in listed)


def test_a_figure_is_traced_to_the_source_and_a_source_column_to_the_pages(ask: CommandLine) -> None:
    gmv = ask.json("lineage", "gmv")
    made_of = {each["name"]: each for each in gmv["made_of"] if each["through"] == "values"}
    assert made_of["amalimart.orders.total_amount"]["kind"] == "source column"
    assert "amalimart.order_items.unit_price" not in made_of
    assert "dashboard admin" in {each["name"] for each in gmv["used_by"]}
    price = ask.json("lineage", "amalimart.order_items.unit_price")
    used = {each["name"] for each in price["used_by"] if each["through"] == "values"}
    assert {"gold.fact_order_items.item_amount", "total_revenue", "dashboard vendor"} <= used
    assert not used & {"gmv", "gold.fact_orders.total_amount", "amalimart.orders.total_amount"}
    assert ask.json("lineage", "item_gmv")["name"] == "total_revenue"
    unknown = ask.run("lineage", "gold.fact_orders.total_amout", "--json")
    assert unknown.returncode == 7
    assert json.loads(unknown.stderr)["error"]["nearest"] == "gold.fact_orders.total_amount"


def test_an_unknown_metric_or_dimension_names_the_nearest(ask: CommandLine) -> None:
    assert ask.error("query", "totl_revenue")["nearest"] == "total_revenue"
    assert ask.error("query", "item_gmv", "--by", "vendr")["nearest"] == "vendor"


def test_a_metric_answers_in_its_usual_grouping_unless_a_total_is_asked(
    ask: CommandLine, rows: dict[str, list[dict[str, str]]]
) -> None:
    by_day = ask.json("query", "order_count")
    days = {row["order_date"][:10] for row in rows["orders"]}
    assert [column["name"] for column in by_day["columns"][:1]] == ["day"]
    assert {row[0] for row in by_day["rows"]} == days
    assert ask.json("query", "order_count", "--total")["rows"] == [[1000]]
