"""The project is a plain dbt project: `dbt build` passes, and makes what the compiled SQL alone makes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from tests.marketplace.conftest import CompiledProject, ModelBench


def test_plain_dbt_build_passes_every_model_and_invariant(compiled: CompiledProject) -> None:
    assert len(compiled.outcomes) > 150
    failed = {
        key: outcome for key, outcome in compiled.outcomes.items() if outcome not in {"success", "pass"}
    }
    assert {compiled.nodes[key]["name"] for key in failed} == {
        "relationships_fact_order_items_product_id__product_id__ref_dim_products_"
    }
    assert set(failed.values()) == {"warn"}


def test_models_land_in_silver_and_gold_without_a_prefix(compiled: CompiledProject) -> None:
    assert {name.split(".")[0] for name in compiled.models()} == {"silver", "gold"}
    assert {node["schema"] for node in compiled.nodes.values() if node["resource_type"] == "model"} == {
        "staging",
        "silver",
        "gold",
    }


def test_dbt_and_the_bare_sql_make_the_same_tables(compiled: CompiledProject, bench: ModelBench) -> None:
    bench.put_base_rows()
    with duckdb.connect(str(compiled.database), read_only=True) as connection:
        for table in sorted(compiled.models()):
            by_dbt = Counter(connection.execute(f"select * from {table}").fetchall())
            assert by_dbt, f"the base rows leave {table} empty"
            assert by_dbt == Counter(tuple(row.values()) for row in bench.rows(table)), table


def test_nothing_asks_for_what_the_executor_does_not_run(compiled: CompiledProject) -> None:
    assert {node["resource_type"] for node in compiled.nodes.values()} == {"model", "test"}
    for node in compiled.nodes.values():
        config = node["config"]
        assert not config.get("pre-hook")
        assert not config.get("post-hook")
        assert not config.get("grants")
        assert config["materialized"] in {"table", "view", "test"}
