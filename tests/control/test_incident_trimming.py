"""What is over for long is forgotten with its messages; what goes on, waits or was told last is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from amalimart.control.incidents.trimming import Trimmed
from amalimart.core.incidents import NoticeEvent
from amalimart.core.quality import Severity
from tests.control.incident_desk import IncidentDesk, trouble

KEEP = timedelta(days=400)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[IncidentDesk]:
    opened = IncidentDesk(tmp_path)
    yield opened
    opened.store.close()


def over(desk: IncidentDesk, key: str) -> None:
    """An incident that comes, is told of, and is over."""
    desk.look(trouble(key))
    desk.send_all()
    desk.look()
    desk.forward(minutes=16)
    desk.look()
    desk.send_all()


def numbers(desk: IncidentDesk) -> list[int]:
    return sorted(each.number for each in desk.store.incidents.list(include_over=True))


def test_what_is_over_for_long_is_forgotten_and_the_newest_never(desk: IncidentDesk) -> None:
    over(desk, "a")
    desk.forward(days=399)
    over(desk, "b")
    assert desk.store.incident_trimming.trim(KEEP) == Trimmed(0, 0)
    desk.forward(days=2)
    assert desk.store.incident_trimming.trim(KEEP) == Trimmed(1, 2)
    assert numbers(desk) == [2]
    desk.forward(days=1_000)
    assert desk.store.incident_trimming.trim(KEEP).incidents == 0
    over(desk, "c")
    assert numbers(desk) == [2, 3]


def test_an_incident_with_a_message_on_its_way_stays(desk: IncidentDesk) -> None:
    desk.look(trouble("a"))
    desk.send_all()
    desk.look()
    desk.forward(minutes=16)
    desk.look(trouble("b"))
    desk.forward(days=500)
    assert desk.store.incident_trimming.trim(KEEP).incidents == 0
    assert desk.events()[0:2] == [NoticeEvent.RESOLVED, NoticeEvent.OPENED]


def test_of_one_that_goes_on_for_years_what_was_told_last_stays_and_nothing_is_told_twice(
    desk: IncidentDesk,
) -> None:
    desk.look(trouble("a", Severity.WARNING))
    desk.send_all()
    for _ in range(20):
        desk.forward(days=30)
        desk.look(trouble("a"))
        desk.send_all()
    before = desk.events()
    assert before[:2] == [NoticeEvent.OPENED, NoticeEvent.WORSENED]
    gone = desk.store.incident_trimming.trim(timedelta(days=60))
    assert gone.incidents == 0
    assert len(desk.events()) == len(before) - gone.messages < 6
    assert desk.events()[0] is NoticeEvent.OPENED  # the only one of a warning
    desk.look(trouble("a"))
    assert desk.send_all() == []
