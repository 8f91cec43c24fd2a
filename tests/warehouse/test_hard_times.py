"""Kills and full disks: whatever happens to a build, the last release is whole and the next one works."""

from __future__ import annotations

import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from amalimart.core.errors import DiskFull
from amalimart.lake import Operation
from amalimart.mapping.source_mapping import load_mapping
from amalimart.warehouse.lake_view import lake_state
from tests.warehouse.tiny_shop import MAPPING, Shop

ROOT = Path(__file__).parents[2]
ROWS = 20_000


def publish_and_kill(folder: Path, project: Path, cache: Path, after: float, *, published: int) -> None:
    (folder / "shop.yml").write_text(MAPPING)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.warehouse.publishing_process", str(folder), str(project), str(cache)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "ready\n"
        for _ in range(published):
            assert process.stdout.readline() == "published\n"
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL


def check_what_is_left(folder: Path, project: Path, cache: Path) -> int:
    """The release in the file, after holding its tables against the position it names."""
    shop = Shop(folder, load_mapping(folder / "shop.yml"), project, cache)
    try:
        with shop.hot_file.write() as cursor:
            found = cursor.execute(
                "select release_id, json_extract(positions, '$.shop.version')::bigint from meta.releases"
                " order by release_id desc limit 1"
            ).fetchone()
        if found is not None:
            version = found[1]
            # Batch n sets every order's amount to n: one amount, the position's, in every layer.
            assert shop.query("select distinct total_amount, count(*) over () from gold.fact_orders") == [
                (Decimal(version), ROWS)
            ]
            assert shop.query("select distinct _batch from staging.stg_orders") == [(version,)]
            assert shop.query("select accepted_rows from silver.reconciliation") == [(ROWS,)]
        shop.land(("1", "7", "2026-03-01", "5", "done", "", "sale"), operation=Operation.SNAPSHOT)
        assert shop.publish() is not None
        assert shop.query("select sum(total_amount) from gold.fact_orders") == [(Decimal("5.00"),)]
        return int(found[0]) if found else 0
    finally:
        shop.hot_file.close()


def hold(folder: Path, project: Path, cache: Path, times: int, seconds: float = 2.0) -> list[int]:
    dice = random.Random(20260310)  # noqa: S311 - moments, not secrets
    left = []
    for number in range(times):
        home = folder / str(number)
        home.mkdir()
        # Some kills meet the first build, the others those that follow it, however busy the machine is.
        publish_and_kill(home, project, cache, dice.uniform(0.0, seconds), published=number % 3)
        left.append(check_what_is_left(home, project, cache))
        shutil.rmtree(home)
    return left


def test_a_kill_at_any_moment_leaves_the_last_release_whole(
    shop: Shop, tmp_path: Path, tiny_project: Path, compile_cache: Path
) -> None:
    shop.land(("1", "7", "2026-03-01", "5", "done", "", "sale"))
    shop.graph()  # compiled once, so that the kills meet builds and not dbt
    left = hold(tmp_path, tiny_project, compile_cache, times=3, seconds=1.0)
    assert max(left) > 1


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_many_kills(shop: Shop, tmp_path: Path, tiny_project: Path, compile_cache: Path) -> None:
    shop.land(("1", "7", "2026-03-01", "5", "done", "", "sale"))
    shop.graph()
    left = hold(tmp_path, tiny_project, compile_cache, times=10, seconds=4.0)
    assert max(left) > 1


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """No file of this process grows beyond a size: what a full disk looks like, without root."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@pytest.mark.parametrize(
    "more", [50_000, *(pytest.param(more, marks=pytest.mark.slow) for more in (0, 200_000, 1_000_000))]
)
def test_a_full_disk_keeps_the_old_release_and_space_brings_the_next(shop: Shop, more: int) -> None:
    shop.land(("1", "7", "2026-03-01", "5", "done", "", "sale"))
    shop.publish()
    many = [(str(n), str(n * 7919), "2026-03-01", str(n), "done", "", "sale") for n in range(60_000)]
    shop.land(*many)
    graph, state = shop.graph(), lake_state(shop.lake, {"shop": shop.mapping})
    size = shop.hot_file.path.stat().st_size
    for _ in range(2):
        with files_end_at(size + more), pytest.raises(DiskFull, match="no space left") as full:
            shop.executor.publish(graph, state)
        assert full.value.retryable
        assert shop.query("select sum(total_amount) from gold.fact_orders") == [(Decimal("5.00"),)]
        assert shop.query("select max(release_id) from meta.releases") == [(1,)]
    assert shop.publish() is not None
    assert shop.query("select count(*) from gold.fact_orders") == [(60_000,)]
    assert shop.query("select max(release_id), count(*) from meta.releases") == [(2, 2)]
