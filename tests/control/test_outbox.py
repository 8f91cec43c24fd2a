"""The outbox: in order, tried again when it is time; a message holds what was so when it was made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from amalimart.control.deciding import Decider
from amalimart.core.incidents import DeliveryState, NoticeEvent
from amalimart.core.quality import Severity
from tests.control.incident_desk import IncidentDesk, trouble


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[IncidentDesk]:
    opened = IncidentDesk(tmp_path, "ops", "chat")
    yield opened
    opened.store.close()


def test_a_message_says_what_was_so_when_it_was_made(desk: IncidentDesk) -> None:
    desk.look(trouble(severity=Severity.WARNING))
    at_first = desk.store.incidents.get(1)
    desk.forward(minutes=1)
    desk.look(trouble(severity=Severity.ERROR))
    waiting = desk.store.outbox.next_due("ops")
    assert waiting is not None
    assert (waiting.notice.event, waiting.notice.incident) == (NoticeEvent.OPENED, at_first)


def test_a_later_message_of_an_incident_waits_for_the_earlier_and_others_do_not(desk: IncidentDesk) -> None:
    outbox = desk.store.outbox
    desk.look(trouble("a", Severity.WARNING), trouble("b"))
    desk.look(trouble("a"), trouble("b"))
    first = outbox.next_due("ops")
    assert first is not None
    outbox.begin(first.notice.message_id, desk.clock.now() + timedelta(minutes=1))
    outbox.failed(first.notice.message_id, "no answer", is_final=False)
    [only] = desk.send_all()
    assert [each.message_id for each in outbox.deliveries(2) if each.channel == "ops"] == [only]
    desk.forward(minutes=1)
    assert len(desk.send_all()) == 2
    assert [each.attempts for each in desk.deliveries()] == [2, 1, 1]
    assert {each.state for each in desk.deliveries("chat")} == {DeliveryState.QUEUED}


def test_a_try_that_was_cut_off_is_made_again_under_the_same_id(desk: IncidentDesk) -> None:
    outbox = desk.store.outbox
    desk.look(trouble())
    first = outbox.next_due("ops")
    assert first is not None
    outbox.begin(first.notice.message_id, desk.clock.now() + timedelta(seconds=30))
    desk.store.close()
    desk.store = desk.opened()
    assert desk.store.outbox.next_due("ops") is None
    desk.forward(seconds=30)
    again = desk.store.outbox.next_due("ops")
    assert again is not None
    assert (again.notice, again.attempts) == (first.notice, 1)


def test_a_message_waits_for_no_clock_that_was_set_back(desk: IncidentDesk) -> None:
    desk.look(trouble())
    desk.forward(days=-400)
    assert len(desk.send_all()) == 1


def test_what_waits_for_a_channel_that_is_gone_is_given_up_visibly(desk: IncidentDesk) -> None:
    desk.look(trouble())
    desk.store.outbox.abandon_others(["chat"])
    [ops], [chat] = desk.deliveries("ops"), desk.deliveries("chat")
    assert (ops.state, ops.last_error) == (
        DeliveryState.GIVEN_UP,
        "the project has no such channel any more",
    )
    assert chat.state is DeliveryState.QUEUED


def test_a_try_that_ends_after_somebody_took_it_on_does_not_bring_the_message_back(
    desk: IncidentDesk,
) -> None:
    desk.look(trouble())
    waiting = desk.store.outbox.next_due("ops")
    assert waiting is not None
    desk.store.outbox.begin(waiting.notice.message_id, desk.clock.now())
    desk.store.incidents.acknowledge(1, Decider("Ama", "x"), "on it")
    desk.store.outbox.failed(waiting.notice.message_id, "no answer", is_final=False)
    assert desk.store.outbox.next_due("ops") is None


def test_a_channel_whose_last_message_was_given_up_is_seen(desk: IncidentDesk) -> None:
    outbox = desk.store.outbox
    desk.look(trouble("a"))
    assert outbox.undelivered() == ()
    waiting = outbox.next_due("ops")
    assert waiting is not None
    outbox.begin(waiting.notice.message_id, desk.clock.now())
    outbox.failed(waiting.notice.message_id, "nobody there", is_final=True)
    [lost] = outbox.undelivered()
    assert (lost.channel, lost.last_error) == ("ops", "nobody there")
    desk.look(trouble("a"), trouble("b"))
    desk.send_all()
    assert outbox.undelivered() == ()
