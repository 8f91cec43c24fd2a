"""What the executor lacks is refused by name: one project that holds all of it, compiled once by dbt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from amalimart.core.errors import UnsupportedFeature
from amalimart.warehouse.project import compiler
from amalimart.warehouse.project.compiler import read_manifest
from amalimart.warehouse.project.project_files import ProjectSettings, assemble
from tests.warehouse.tiny_shop import PROJECT, SCHEMA_MACRO

SELECT = "select 1 as one\n"
MODELS = {
    "plain": "",
    "incremental": "materialized='incremental'",
    "ephemeral": "materialized='ephemeral'",
    "before": "pre_hook='select 1'",
    "after": "post_hook='select 1'",
    "granted": "grants={'select': ['someone']}",
    "promised": "contract={'enforced': true}",
    "headed": "sql_header='set threads = 1;'",
    "misplaced": "schema='meta', alias='releases'",
    "abroad": "database='elsewhere'",
}
THRESHOLDS = {"error_if": "'> 10'", "warn_if": "'> 10'", "fail_calc": "sum(one)", "limit": "1"}
DESCRIBED = """\
models:
  - {name: promised, columns: [{name: one, data_type: integer}]}
  - name: plain
    columns:
      - name: one
        data_tests:
          - not_null
"""
NAMED = {
    "model.marketplace.incremental": "materialisation 'incremental'",
    "model.marketplace.ephemeral": "materialisation 'ephemeral'",
    "model.marketplace.before": "hooks",
    "model.marketplace.after": "hooks",
    "model.marketplace.granted": "grants",
    "model.marketplace.promised": "an enforced contract",
    "model.marketplace.headed": "a sql_header",
    "model.marketplace.misplaced": "the place warehouse.meta",
    "model.marketplace.abroad": "the place elsewhere.gold",
    "operation.marketplace.": "an on-run-start or on-run-end hook",
    "snapshot.marketplace.history": "holds a snapshot",
    "seed.marketplace.sown": "holds a seed",
} | {f"test.marketplace.{option}_": f"sets {option}" for option in THRESHOLDS}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The trimmed manifest of a project with every feature that is refused."""
    folder = tmp_path_factory.mktemp("refused")
    files = {
        "dbt_project.yml": f"{PROJECT}on-run-start: [select 1]\n",
        "macros/schema.sql": SCHEMA_MACRO,
        "seeds/sown.csv": "a\n1\n",
        "models/gold/described.yml": DESCRIBED
        + "".join(
            f"          - not_null: {{name: {option}_, config: {{{option}: {value}}}}}\n"
            for option, value in THRESHOLDS.items()
        ),
        "snapshots/history.yml": "snapshots: [{name: history, relation: ref('plain'), config:"
        " {unique_key: one, strategy: check, check_cols: all, schema: gold}}]\n",
    }
    files |= {
        f"models/gold/{name}.sql": (f"{{{{ config({config}) }}}}" if config else "") + SELECT
        for name, config in MODELS.items()
    }
    for name, text in files.items():
        (folder / "own" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "own" / name).write_text(text)
    settings = ProjectSettings(business_zone="Africa/Accra")
    assemble(folder / "dbt", [], settings, packaged=folder / "own")
    (folder / "compiled").mkdir()
    return compiler._trimmed(compiler._run_dbt(folder / "dbt", folder / "compiled", settings))


def only(manifest: dict[str, Any], prefix: str) -> dict[str, Any]:
    nodes = {key: node for key, node in manifest["nodes"].items() if key.startswith(prefix)}
    assert len(nodes) == 1, sorted(manifest["nodes"])
    return {"nodes": nodes, "sources": []}


@pytest.mark.parametrize("unique_id", NAMED)
def test_a_feature_that_the_executor_lacks_is_refused_by_name(
    manifest: dict[str, Any], unique_id: str
) -> None:
    with pytest.raises(UnsupportedFeature, match=NAMED[unique_id]) as refused:
        read_manifest(only(manifest, unique_id), "hash")
    assert refused.value.where is not None
    assert refused.value.where.startswith(unique_id)
    assert refused.value.next_step


def test_a_python_model_is_refused(manifest: dict[str, Any]) -> None:
    """dbt's own example: it needs an adapter that runs it, so the node is written by hand."""
    single = only(manifest, "model.marketplace.plain")
    node = single["nodes"]["model.marketplace.plain"] | {"language": "python"}
    with pytest.raises(UnsupportedFeature, match="a model in python"):
        read_manifest({"nodes": {"model.marketplace.plain": node}, "sources": []}, "hash")


def test_a_plain_model_and_its_plain_test_are_taken(manifest: dict[str, Any]) -> None:
    assert [
        str(m.table) for m in read_manifest(only(manifest, "model.marketplace.plain"), "hash").models
    ] == ["gold.plain"]
    graph = read_manifest(only(manifest, "test.marketplace.not_null_plain_one"), "hash")
    assert [check.is_error for check in graph.checks] == [True]


def test_only_a_whole_manifest_of_this_format_is_taken_from_the_cache(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    assert compiler._cached(broken) is None
    broken.write_text('{"nodes": {')
    assert compiler._cached(broken) is None
