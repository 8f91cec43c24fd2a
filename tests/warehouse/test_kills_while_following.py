"""Killed at any moment while it follows changes, a shop holds one whole release: the one before or the next.

After every kill the file is opened again and held against the position that its release names: what
landed is in gold, in quarantine or left out by a filter, to the row and the cent, counted by SQL over the
lake's files.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from amalimart.warehouse.releases.release_log import latest_positions
from tests.warehouse.accounts_by_hand import Books, published_accounts, told_apart
from tests.warehouse.relations import contents
from tests.warehouse.whole_shop import SOURCE, WholeShop, differing, opened_in

ROOT = Path(__file__).parents[2]


class Lives:
    """A process that publishes, killed and born again."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._cycle = 1.0  # seconds that one release takes, as far as is known

    def live(self, releases: int, share: float) -> None:
        """One life, ended by SIGKILL after some releases and a share of the next."""
        assert self._process.stdin is not None
        self._process.stdin.write("live\n")
        self._process.stdin.flush()
        born = int(self._said())
        started = time.monotonic()
        for _ in range(releases):
            assert self._said() == "published", "it died by itself"
            started, self._cycle = time.monotonic(), time.monotonic() - started
        time.sleep(share * self._cycle)
        os.kill(born, signal.SIGKILL)
        while self._said() != "dead":
            pass

    def _said(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the process ended"
        return line.strip()


@contextmanager
def lives_in(folder: Path) -> Iterator[Lives]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.warehouse.following_process", str(folder)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        yield Lives(process)


def what_is_left(folder: Path, before: int) -> tuple[int, bool]:
    """The release in the file, after holding all of it against its position; and whether more had landed."""
    shop = WholeShop(folder)
    try:
        with shop.hot_file.write() as cursor:
            positions = latest_positions(cursor)
        with shop.hot_file.read() as transaction:
            version = positions[SOURCE].version
            assert transaction.release.release_id >= before
            assert published_accounts(transaction) == Books(shop, shop.version).at(version)
            assert told_apart(transaction) == {}
            return transaction.release.release_id, version < shop.version
    finally:
        shop.hot_file.close()


def hold(folder: Path, kills: int) -> None:
    dice = random.Random(20260328)  # noqa: S311 - moments, not secrets
    opened_in(folder)
    left, in_the_middle = [1], 0
    with lives_in(folder) as lives:
        for number in range(kills):
            lives.live(1 - number % 2, dice.uniform(0.02, 1.0))
            release, had_more = what_is_left(folder, left[-1])
            left.append(release)
            in_the_middle += had_more
    assert left[-1] > 1, "nothing was published between the kills"
    assert in_the_middle >= kills // 3, "too few kills met a build"
    shop = WholeShop(folder)
    try:
        graph = shop.graph()
        shop.publish(graph)
        with shop.hot_file.read() as transaction:
            assert published_accounts(transaction) == Books(shop, shop.version).at(shop.version)
        if kills > 10:
            assert differing(contents(shop.hot_file), shop.built_at_once(graph)) == {}
    finally:
        shop.hot_file.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_kill_while_following_leaves_the_old_or_the_new_release(tmp_path: Path) -> None:
    hold(tmp_path, kills=1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_many_kills_while_following(tmp_path: Path) -> None:
    hold(tmp_path, kills=100 if os.environ.get("AMALIMART_LONG_FAULTS") else 40)
