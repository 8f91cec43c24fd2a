"""The watch: looking goes on whatever hangs or breaks, and everything ends when it is told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from amalimart.control.incidents.telling import Telling
from amalimart.core.incidents import DeliveryState, Look, Notice, NoticeEvent
from amalimart.delivery.courier import Courier
from amalimart.delivery.retrying import RetryRule
from amalimart.orchestrate.watching import incident_watch
from amalimart.orchestrate.watching.incident_watch import IncidentWatch
from tests.control.incident_desk import REMIND, IncidentDesk, trouble


class Blocking:
    """A channel that hangs until it is let go."""

    def __init__(self, name: str, *, hangs: bool) -> None:
        self.name = name
        self.let_go = threading.Event()
        self.given: list[Notice] = []
        if not hangs:
            self.let_go.set()

    def deliver(self, notice: Notice) -> str | None:
        assert self.let_go.wait(20)
        self.given.append(notice)
        return None


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_LOOK_SECONDS", "_SEND_SECONDS"):
        monkeypatch.setattr(incident_watch, name, 0.01)
    monkeypatch.setattr(incident_watch, "_LONGEST_GOODBYE", 0.2)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[IncidentDesk]:
    opened = IncidentDesk(tmp_path, "slow", "fast")
    yield opened
    opened.store.close()


def watch(desk: IncidentDesk, look: Callable[[], Look], *channels: Blocking) -> IncidentWatch:
    couriers = [Courier(c, desk.store.outbox, desk.clock, lambda: 1.0, RetryRule()) for c in channels]
    return IncidentWatch(look, desk.store.incidents, Telling(desk.channels_for, REMIND), couriers)


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_one_look_is_one_record(desk: IncidentDesk) -> None:
    watching = watch(desk, lambda: Look((trouble(),)))
    watching.look_once()
    watching.look_once()
    assert desk.events("slow") == desk.events("fast") == [NoticeEvent.OPENED]


def test_a_channel_that_hangs_delays_neither_looking_nor_the_others(desk: IncidentDesk) -> None:
    looks: list[int] = []

    def look() -> Look:
        looks.append(1)
        return Look((trouble(),))

    slow, fast = Blocking("slow", hangs=True), Blocking("fast", hangs=False)
    watching = watch(desk, look, slow, fast)
    watching.start()
    try:
        eventually(lambda: len(fast.given) == 1)
        seen = len(looks)
        eventually(lambda: len(looks) > seen + 3)
        assert slow.given == []
        started = time.monotonic()
        watching.stop()
        assert time.monotonic() - started < 2
        assert [each.state for each in desk.deliveries("slow")] == [DeliveryState.QUEUED]
    finally:
        slow.let_go.set()
        watching.stop()
    eventually(lambda: [each.state for each in desk.deliveries("slow")] == [DeliveryState.SENT])


def test_a_look_that_breaks_is_not_the_last_one(desk: IncidentDesk, caplog: pytest.LogCaptureFixture) -> None:
    looks: list[int] = []

    def look() -> Look:
        looks.append(1)
        if len(looks) < 3:
            raise OSError("the database is locked")
        return Look((trouble(),))

    watching = watch(desk, look)
    watching.start()
    try:
        eventually(lambda: desk.events("fast") == [NoticeEvent.OPENED])
    finally:
        watching.stop()
    assert "watching for trouble failed" in caplog.text
