"""Bad input holds a release back with one typed error; the old one serves, and the next is right again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from amalimart.core.errors import (
    CheckFailed,
    ConfigError,
    DamagedLake,
    ModelFailed,
    SourceMismatch,
    WarehouseError,
)
from amalimart.lake import CommitKind, Operation
from amalimart.mapping.source_mapping import load_mapping
from amalimart.warehouse.executor import Executor
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.lake_view import lake_state
from tests.warehouse.tiny_shop import MAPPING, ZONE, Shop

GOOD = ("1", "7", "2026-03-01 23:30:00", "10.10", "done", "False", "sale")
NEXT = ("2", "7", "2026-03-01 23:30:00", "5.00", "done", "False", "sale")


@pytest.fixture
def served(shop: Shop) -> Shop:
    """A shop with a release, and a batch that is not in it yet."""
    shop.land(GOOD)
    assert shop.publish() is not None
    shop.land(NEXT, operation=Operation.UPSERT)
    return shop


def publish(shop: Shop, graph: CompiledGraph | None = None) -> None:
    state = lake_state(shop.lake, {"shop": shop.mapping})
    assert shop.executor.publish(graph or shop.graph(), state) is not None


def still_serves(shop: Shop) -> bool:
    """Whether the first release is the one, and whole."""
    asked = "select max(release_id) from meta.releases"
    return shop.query(asked) == [(1,)] and shop.query("from gold.fact_orders") == [
        ("1", Decimal("10.10"), "COMPLETED")
    ]


def is_whole_again(shop: Shop) -> bool:
    publish(shop)
    return shop.query("select count(*), sum(total_amount) from gold.fact_orders") == [(2, Decimal("15.10"))]


def newest_file(shop: Shop) -> Path:
    return shop.lake.live_files("shop")["orders"].paths[-1]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [cut, alter, Path.unlink])
def test_a_bronze_file_that_is_not_what_was_committed_is_named(
    served: Shop, harm: Callable[[Path], None]
) -> None:
    path = newest_file(served)
    content = path.read_bytes()
    harm(path)
    for _ in range(2):
        with pytest.raises(DamagedLake) as caught:
            publish(served)
        assert caught.value.where == str(path)
        assert caught.value.next_step
        assert still_serves(served)
    path.write_bytes(content)
    assert is_whole_again(served)


BROKEN = "error('broken on purpose')"


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        (f"select * from gold.fact_orders where {BROKEN} is null", ModelFailed),
        (f"select {BROKEN} from gold.fact_orders", CheckFailed),  # it has rows, which cannot be shown
        ("select nothing from gold.fact_orders", ModelFailed),
    ],
)
def test_a_check_that_cannot_run_is_named_and_holds_the_release_back(
    served: Shop, sql: str, kind: type[WarehouseError]
) -> None:
    graph = served.graph()
    (check,) = [each for each in graph.checks if each.name.startswith("accepted_range")]
    others = [each for each in graph.checks if each != check]
    with pytest.raises(kind, match=check.name):
        publish(served, replace(graph, checks=(*others, replace(check, sql=sql, delta=None))))
    assert still_serves(served)
    assert is_whole_again(served)


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("cast(total_amount * 100000000000000000 as decimal(18, 2))", "Conversion|Overflow|Out of Range"),
        ("cast(total_amount * 100 as tinyint)", "Conversion|Overflow|Out of Range"),
        (
            "sum(cast(99999999999999999999999999999999999999 as decimal(38, 0))) over ()",
            "Conversion|Overflow|Out of Range",
        ),
    ],
    ids=["decimal", "integer", "sum"],
)
def test_a_value_too_large_for_its_type_names_the_model(
    served: Shop, expression: str, complaint: str
) -> None:
    graph = served.graph()
    (fact,) = [each for each in graph.models if each.table.name == "fact_orders"]
    wrong = replace(
        fact, sql=f"select order_id, {expression} as total_amount, status from staging.stg_orders"
    )
    others = tuple(each for each in graph.models if each != fact)
    with pytest.raises(ModelFailed, match=complaint) as caught:
        publish(served, replace(graph, models=(*others, wrong)))
    assert "gold.fact_orders" in str(caught.value)
    assert still_serves(served)
    assert is_whole_again(served)


@pytest.mark.parametrize("amount", ["1e30", "99999999999999999999", "-99999999999999999999.99", "1e400"])
def test_an_amount_that_no_column_can_hold_is_quarantined(served: Shop, amount: str) -> None:
    served.land(("3", "7", "2026-03-01", amount, "done", "", "sale"), operation=Operation.UPSERT)
    assert is_whole_again(served)
    assert served.query("select entity_key, reason from silver.quarantine") == [
        ("3", "total_amount is unreadable")
    ]


def test_a_source_that_lost_a_required_column_is_named(served: Shop) -> None:
    names = [name for name in served.columns if name != "total"]
    schema = pa.schema([(name, pa.string()) for name in names])
    row = dict(zip(served.columns, NEXT, strict=True))
    batch = pa.RecordBatch.from_pylist([{name: row[name] for name in names}], schema)
    with served.lake.begin("shop", CommitKind.SNAPSHOT) as writer:
        writer.write("orders", [batch], Operation.SNAPSHOT, schema=schema)
        writer.commit({}, datetime(2026, 3, 10, tzinfo=UTC))
    with pytest.raises(SourceMismatch, match=r"orders\.total .* orders\.total_amount") as caught:
        publish(served)
    assert caught.value.where == served.mapping.where
    assert still_serves(served)
    served.land(GOOD, NEXT)
    assert is_whole_again(served)


def test_a_mapping_that_lost_a_required_column_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "lost.yml"
    path.write_text(
        MAPPING.replace("mapping: shop", "mapping: lost").replace("      total_amount: total\n", "")
    )
    with pytest.raises(ConfigError, match="total_amount") as caught:
        load_mapping(path)
    assert str(path) in str(caught.value.where)


def test_two_executors_on_one_file_take_turns_and_publish_a_batch_once(served: Shop) -> None:
    """Those of one process; another process is refused by the file's lock."""
    graph, state = served.graph(), lake_state(served.lake, {"shop": served.mapping})
    executors = [Executor(served.hot_file, served.clock, ZoneInfo(ZONE)) for _ in range(3)]
    with ThreadPoolExecutor(len(executors)) as pool:
        reports = list(pool.map(lambda executor: executor.publish(graph, state), executors))
    assert [report.release.release_id for report in reports if report is not None] == [2]
    assert served.query("select count(*), sum(total_amount) from gold.fact_orders") == [(2, Decimal("15.10"))]
