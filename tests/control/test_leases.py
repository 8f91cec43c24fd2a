"""Leases on both databases: one holder, a token that only grows, and no writing for who has lost it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, create_engine

from amalimart.control.database import open_database
from amalimart.control.job_runs import JobRuns
from amalimart.control.leases import Leases, SeenLease
from amalimart.control.tables import Base
from amalimart.core.errors import LeaseLost
from amalimart.core.jobs import RunState
from tests.sources.conftest import database, server

__all__ = ["database", "server"]

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HALF = timedelta(seconds=30)


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        opened = open_database(tmp_path / "control.db")
    else:
        address = request.getfixturevalue("database").address
        opened = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(address))
        Base.metadata.create_all(opened)
    yield opened
    opened.dispose()


def test_the_next_holder_has_to_wait_and_gets_a_greater_token(engine: Engine) -> None:
    leases = Leases(engine)
    first = leases.take("jobs", "a", NOON, HALF)
    assert first is not None
    assert leases.take("jobs", "b", NOON + HALF / 2, HALF) is None
    leases.renew(first, NOON + HALF / 2, HALF)
    assert leases.take("jobs", "b", NOON + HALF, HALF) is None
    second = leases.take("jobs", "b", NOON + 1.5 * HALF, HALF)
    assert second is not None
    assert second.token > first.token
    with pytest.raises(LeaseLost, match="held by another") as lost:
        leases.renew(first, NOON, HALF)
    assert lost.value.where == "b"
    leases.give_back(first, NOON)  # is not its to give
    assert leases.take("jobs", "a", NOON + 2 * HALF, HALF) is None
    leases.give_back(second, NOON + 2 * HALF)
    third = leases.take("jobs", "a", NOON + 2 * HALF, HALF)
    assert third is not None
    assert third.token > second.token


def test_a_clock_set_back_neither_gives_a_lease_away_nor_keeps_a_dead_one_for_hours(engine: Engine) -> None:
    leases, hour = Leases(engine), timedelta(hours=1)
    held = leases.take("jobs", "a", NOON, HALF)
    assert held is not None
    assert leases.take("jobs", "b", NOON - hour, HALF) is None
    leases.renew(held, NOON - hour, HALF)
    seen = leases.look("jobs")
    leases.renew(held, NOON - hour, HALF)
    assert (
        leases.take("jobs", "b", NOON - hour, HALF, dead=seen) is None
    )  # it has been renewed since: it lives
    dead = leases.look("jobs")
    taken = leases.take("jobs", "b", NOON - hour, HALF, dead=dead)
    assert taken is not None
    assert taken.token > held.token
    assert leases.look("jobs") == SeenLease(taken.token, 0)


def test_of_many_that_reach_for_it_at_once_one_gets_it(engine: Engine) -> None:
    leases, together, got = Leases(engine), threading.Barrier(4), []

    def reach(name: str) -> None:
        together.wait()
        if (held := leases.take("jobs", name, NOON, HALF)) is not None:
            got.append(held)

    threads = [threading.Thread(target=reach, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [held.token for held in got] == [1]


def test_who_lost_the_lease_writes_nothing_and_its_run_is_run_again(engine: Engine) -> None:
    leases, runs = Leases(engine), JobRuns(engine)
    old = leases.take("jobs", "a", NOON, HALF)
    assert old is not None
    begun = runs.begin(old, "backup", NOON, NOON)
    assert begun is not None
    assert runs.begin(old, "backup", NOON, NOON) is None  # it runs
    new = leases.take("jobs", "b", NOON + HALF, HALF)
    assert new is not None
    for write in (
        lambda: runs.succeed(old, begun.run_id, NOON, {"lost": True}),
        lambda: runs.fail(old, begun.run_id, NOON, {}),
        lambda: runs.begin(old, "backup", NOON + HALF, NOON),
        lambda: runs.settle(old, "backup", NOON + HALF),
        lambda: runs.abandon(old, NOON, {}),
        lambda: runs.forget(old, NOON),
    ):
        with pytest.raises(LeaseLost):
            write()
    assert [(run.state, run.outcome) for run in runs.history(None, 9)] == [(RunState.RUNNING, None)]
    assert [run.run_id for run in runs.abandon(new, NOON + HALF, {"code": "gone"})] == [begun.run_id]
    again = runs.begin(new, "backup", NOON, NOON + HALF)
    assert again is not None
    assert again.attempt == 2
    runs.succeed(new, again.run_id, NOON + HALF, {"files": 3})
    assert runs.begin(new, "backup", NOON, NOON + HALF) is None  # a moment succeeds once
    newest, first = runs.history("backup", 9)
    assert (newest.state, newest.outcome, first.state) == (
        RunState.SUCCEEDED,
        {"files": 3},
        RunState.ABANDONED,
    )
    tries = runs.newest_tries()["backup"]
    assert (tries.newest, tries.failed, tries.abandoned) == (newest, 0, 1)
    assert runs.settled() == {"backup": NOON}
    runs.forget(new, NOON + 2 * HALF)
    assert runs.history(None, 9) == ()
