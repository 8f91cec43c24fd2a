"""What the executor makes step by step, plain `dbt build` makes at once: every table, every test's verdict.

Held for both versions of dbt that are promised, over a shop with deletes, quarantined and repaired rows.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.project.compiler import dbt_command
from amalimart.warehouse.project.project_files import ProjectSettings
from tests.warehouse.relations import contents
from tests.warehouse.whole_shop import ZONE, WholeShop, differing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

OTHER_DBT = Path(sys.prefix) / "dbt112" / "bin" / "python"
INTERPRETERS = {"1.11.16": Path(sys.executable), "1.12.6": OTHER_DBT}
_BUILT = ("staging", "silver", "gold")

Tables = dict[str, Counter[tuple[object, ...]]]


@dataclass(frozen=True)
class Published:
    """What the executor published, the rows that break each check, and a file with bronze alone."""

    tables: Tables
    broken: dict[str, int]
    empty: Path
    project: Path


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, compiled_once: Path) -> Published:
    shop = WholeShop(tmp_path_factory.mktemp("whole"))
    shop.open_for_business()
    graph = shop.compiled_by_dbt(compiled_once)
    shop.publish(graph)
    for _ in range(12):
        shop.trade()
        shop.publish(graph)
    tables = contents(shop.hot_file)
    with shop.hot_file.read() as transaction:
        ((deleted, quarantined, repaired),) = transaction.rows(
            "select deleted_rows, quarantined_rows, repaired_rows from silver.reconciliation"
            " where entity = 'orders'"
        ).rows
    assert min(deleted, quarantined, repaired) > 0, "the shop has it too easy"
    shop.hot_file.close()
    empty = shop.folder / "empty" / "warehouse.duckdb"
    at_once = HotFile(empty, readable_folders=[shop.lake.root])
    report = shop.publish(graph, at_once)
    at_once.close()
    assert report is not None
    with duckdb.connect(str(empty)) as engine:
        for kind, name in engine.execute(
            "select if(table_type = 'VIEW', 'view', 'table'), table_schema || '.' || table_name"
            f" from information_schema.tables where table_schema in {_BUILT}"
        ).fetchall():
            engine.execute(f"drop {kind} {name}")
    broken = {check.name: check.failing_rows for check in report.checks}
    return Published(tables, broken, empty, shop.folder / "dbt")


def built_by(
    interpreter: Path, version: str, published: Published, scratch: Path
) -> tuple[Tables, dict[str, int]]:
    """What `dbt build` makes of the same bronze, and how many rows break each test."""
    said = subprocess.run(
        [interpreter, "-c", "from importlib.metadata import version; print(version('dbt-core'))"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert said.strip() == version
    database = scratch / "warehouse.duckdb"
    shutil.copy(published.empty, database)
    command = dbt_command(
        published.project,
        "build",
        ProjectSettings(business_zone=ZONE),
        scratch / "target",
        "--log-path",
        str(scratch),
    )
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    completed = subprocess.run(
        [str(interpreter), *command[1:]],
        env=env | {"AMALIMART_DBT_DATABASE": str(database), "DO_NOT_TRACK": "1"},
        cwd=scratch, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert completed.returncode == 0, completed.stdout[-4000:] + completed.stderr[-2000:]
    results = json.loads((scratch / "target" / "run_results.json").read_text())["results"]
    broken = {
        result["unique_id"].split(".")[2]: int(result["failures"] or 0)
        for result in results
        if result["unique_id"].startswith("test.")
    }
    with duckdb.connect(str(database), read_only=True) as engine:
        names = engine.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
            f" where table_schema in {_BUILT}"
        ).fetchall()
        return (
            {name: Counter(engine.execute(f"select * from {name}").fetchall()) for (name,) in names},
            broken,
        )


@pytest.mark.parametrize("version", INTERPRETERS)
def test_the_executor_makes_what_plain_dbt_makes(version: str, published: Published, tmp_path: Path) -> None:
    interpreter = INTERPRETERS[version]
    if not interpreter.exists():
        pytest.skip(f"dbt-core {version} is not installed in {interpreter.parents[1]}: run make test-full")
    tables, broken = built_by(interpreter, version, published, tmp_path)
    assert differing(published.tables, tables) == {}
    assert broken == published.broken
    assert any(broken.values()), "no test breaks: the verdicts say little"
