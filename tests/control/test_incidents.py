"""Incidents: told once, damped, silenced by who takes them on, told again when worse, and told when over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from amalimart.control.audit.decisions import entries
from amalimart.control.deciding import Decider
from amalimart.control.incidents import ledger as incidents_module
from amalimart.control.tables import IncidentRow
from amalimart.core.errors import NotFound, RequestError
from amalimart.core.incidents import DeliveryState, IncidentKind, NoticeEvent
from amalimart.core.quality import Severity
from tests.control.incident_desk import IncidentDesk, trouble

AMA = Decider("Ama", "local operator")
OPENED, WORSENED = NoticeEvent.OPENED, NoticeEvent.WORSENED
REMINDER, RESOLVED = NoticeEvent.REMINDER, NoticeEvent.RESOLVED


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[IncidentDesk]:
    opened = IncidentDesk(tmp_path)
    yield opened
    opened.store.close()


def test_a_trouble_is_one_incident_and_one_message_while_it_lasts(desk: IncidentDesk) -> None:
    for _ in range(5):
        desk.look(trouble())
        desk.forward(seconds=5)
    [incident] = desk.store.incidents.list()
    assert (incident.number, incident.times, incident.trouble) == (1, 5, trouble())
    assert incident.last_seen_at - incident.opened_at == timedelta(seconds=20)
    assert desk.events() == [OPENED]


def test_what_is_gone_is_over_at_once_and_told_when_it_has_stayed_away(desk: IncidentDesk) -> None:
    desk.look(trouble())
    desk.send_all()
    desk.forward(minutes=1)
    desk.look()
    gone = desk.clock.now()
    assert desk.store.incidents.list() == ()
    desk.forward(minutes=14, seconds=59)
    desk.look()
    assert desk.events() == [OPENED]
    desk.forward(seconds=1)
    desk.look()
    assert desk.events() == [OPENED, RESOLVED]
    assert desk.store.incidents.get(1).resolved_at == gone
    desk.forward(days=30)
    desk.look()
    assert desk.events() == [OPENED, RESOLVED]


def test_what_flaps_is_one_incident_and_says_nothing_new(desk: IncidentDesk) -> None:
    for _ in range(40):
        desk.look(trouble())
        desk.forward(minutes=1)
        desk.look()
        desk.forward(minutes=13)
    assert desk.events() == [OPENED]
    desk.look(trouble())
    [incident] = desk.store.incidents.list()
    assert incident.number == 1
    assert incident.resolved_at is None


def test_what_comes_back_later_is_another_incident(desk: IncidentDesk) -> None:
    desk.look(trouble())
    desk.look()
    desk.forward(minutes=15)
    desk.look(trouble())
    assert [each.number for each in desk.store.incidents.list(include_over=True)] == [2, 1]
    assert desk.events() == [OPENED, RESOLVED, OPENED]


def test_what_somebody_took_on_is_silent_until_it_is_over(desk: IncidentDesk) -> None:
    desk.look(trouble(severity=Severity.WARNING))
    desk.send_all()
    taken = desk.store.incidents.acknowledge(1, AMA, "on it")
    assert (taken.acknowledged_by, taken.acknowledgement) == ("Ama", "on it")
    desk.forward(days=5)
    desk.look(trouble(severity=Severity.ERROR))
    assert desk.events() == [OPENED]
    desk.look()
    desk.forward(minutes=15)
    desk.look()
    assert desk.events() == [OPENED, RESOLVED]
    [entry] = entries(desk.store.engine)
    assert (entry.action, entry.subject) == ("incident.acknowledged", "local operator")
    assert entry.details == {"incident": 1, "key": "a", "by": "Ama", "reason": "on it"}


def test_what_waits_to_be_sent_is_not_sent_once_somebody_took_it_on(desk: IncidentDesk) -> None:
    desk.look(trouble())
    desk.store.incidents.acknowledge(1, AMA, "seen it on the page")
    assert desk.send_all() == []
    desk.look()
    desk.forward(minutes=15)
    desk.look()
    [only] = desk.deliveries()
    assert (only.event, only.state, only.attempts) == (OPENED, DeliveryState.GIVEN_UP, 0)


def test_who_may_have_heard_of_it_hears_of_the_end(desk: IncidentDesk) -> None:
    """Cut off in a try, and taken on before the next: whether the message arrived nobody knows."""
    desk.look(trouble())
    waiting = desk.store.outbox.next_due("ops")
    assert waiting is not None
    desk.store.outbox.begin(waiting.notice.message_id, desk.clock.now())
    desk.store.incidents.acknowledge(1, AMA, "on it")
    desk.look()
    desk.forward(minutes=15)
    desk.look()
    assert desk.events() == [OPENED, RESOLVED]


def test_a_warning_that_becomes_an_error_is_told_again_once(desk: IncidentDesk) -> None:
    for severity in (Severity.WARNING, Severity.ERROR, Severity.WARNING, Severity.ERROR):
        desk.look(trouble(severity=severity))
    assert desk.events() == [OPENED, WORSENED]


def test_what_nobody_takes_on_is_said_again(desk: IncidentDesk) -> None:
    desk.look(trouble())
    desk.send_all()
    for hours, expected in ((23.9, 1), (0.1, 2), (23.9, 2), (0.1, 3)):
        desk.forward(hours=hours)
        desk.look(trouble())
        desk.send_all()
        assert len(desk.events()) == expected
    assert desk.events() == [OPENED, REMINDER, REMINDER]


def test_a_reminder_waits_for_what_is_on_its_way(desk: IncidentDesk) -> None:
    desk.look(trouble())
    desk.forward(days=3)
    desk.look(trouble())
    assert desk.events() == [OPENED]


def test_each_channel_hears_what_it_wants_and_only_of_the_end_of_what_it_heard(tmp_path: Path) -> None:
    desk = IncidentDesk(tmp_path, "ops", "pager")
    desk.look(trouble("a", Severity.WARNING), trouble("b", Severity.WARNING))
    assert (desk.events(), desk.events("pager")) == ([OPENED, OPENED], [])
    desk.look(trouble("a", Severity.ERROR), trouble("b", Severity.WARNING))
    assert desk.events("pager") == [OPENED]
    desk.look()
    desk.forward(minutes=15)
    desk.look()
    assert [each.event for each in desk.store.outbox.deliveries(1) if each.channel == "pager"] == [
        OPENED,
        RESOLVED,
    ]
    assert {each.channel for each in desk.store.outbox.deliveries(2)} == {"ops"}
    desk.store.close()


def test_a_channel_that_is_added_hears_of_what_goes_on(desk: IncidentDesk) -> None:
    desk.channels = ()
    desk.look(trouble())
    assert desk.events() == []
    desk.channels = ("ops",)
    desk.look(trouble())
    assert desk.events() == [OPENED]


def test_what_could_not_be_looked_for_is_not_over(desk: IncidentDesk) -> None:
    desk.look(trouble())
    blind = frozenset({IncidentKind.SOURCE_FAILING})
    for _ in range(3):
        desk.forward(minutes=20)
        desk.look(unseen=blind)
    [incident] = desk.store.incidents.list()
    assert incident.resolved_at is None
    desk.look()
    desk.forward(minutes=20)
    desk.look(unseen=blind)
    assert desk.events() == [OPENED]
    desk.look()
    assert desk.events() == [OPENED, RESOLVED]


def test_the_same_key_twice_in_one_look_is_the_worse_one(desk: IncidentDesk) -> None:
    both = (trouble(severity=Severity.ERROR), trouble(severity=Severity.WARNING))
    for order in (both, both[::-1]):
        desk.look(*order)
    [incident] = desk.store.incidents.list()
    assert (incident.trouble.severity, incident.times) == (Severity.ERROR, 2)
    assert desk.events() == [OPENED]


@pytest.mark.parametrize("jump", [{"days": -400}, {"days": 400}])
def test_a_clock_that_jumps_neither_hides_nor_floods(desk: IncidentDesk, jump: dict[str, float]) -> None:
    desk.look(trouble("a"), trouble("b"))
    desk.look(trouble("a"))
    desk.forward(**jump)
    for _ in range(3):
        desk.look(trouble("a"))
        desk.forward(seconds=5)
        desk.send_all()
    assert [each.event for each in desk.store.outbox.deliveries(2)] == [OPENED, RESOLVED]
    assert [each.event for each in desk.store.outbox.deliveries(1)] in ([OPENED], [OPENED, REMINDER])
    assert all(each.state is DeliveryState.SENT for each in desk.deliveries())


def test_incident_and_message_come_together_or_not_at_all(
    desk: IncidentDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(incidents_module, "_queue", fails)
        with pytest.raises(OSError, match="no space"):
            desk.look(trouble())
    assert desk.store.incidents.list(include_over=True) == ()
    desk.look(trouble())
    assert desk.events() == [OPENED]


def test_two_alive_incidents_of_one_key_are_impossible(desk: IncidentDesk) -> None:
    desk.look(trouble())
    columns = ", ".join(c.name for c in IncidentRow.__table__.columns if c.name != "number")
    with pytest.raises(IntegrityError), desk.store.engine.begin() as connection:
        connection.exec_driver_sql(f"insert into incidents ({columns}) select {columns} from incidents")


def test_who_cannot_take_it_on_is_told_why(desk: IncidentDesk) -> None:
    incidents = desk.store.incidents
    with pytest.raises(NotFound, match="no incident 7") as missing:
        incidents.acknowledge(7, AMA, "x")
    assert missing.value.expected == "an incident; there is none yet"
    desk.look(trouble())
    with pytest.raises(RequestError, match="the reason is empty"):
        incidents.acknowledge(1, AMA, " \n")
    with pytest.raises(RequestError, match="the name is empty"):
        incidents.acknowledge(1, Decider("", "x"), "words")
    incidents.acknowledge(1, AMA, "on it")
    with pytest.raises(RequestError, match="acknowledged already, by Ama"):
        incidents.acknowledge(1, AMA, "again")
    desk.look()
    desk.forward(minutes=15)
    desk.look()
    with pytest.raises(RequestError, match="the incident 1 is over since 2026-03-02"):
        incidents.acknowledge(1, AMA, "late")
    with pytest.raises(NotFound, match="no incident 2") as missing:
        incidents.get(2)
    assert missing.value.expected == "1 to 1"
    assert len(entries(desk.store.engine)) == 1
