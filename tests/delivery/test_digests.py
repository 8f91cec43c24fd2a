"""Many incidents, one letter: errors at once, the rest when it has waited, each exactly once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amalimart.control.deciding import Decider
from amalimart.control.incidents.letters import Unsent, next_letter
from amalimart.core.errors import DeliveryFailed
from amalimart.core.incidents import DeliveryState, Notice, NoticeEvent
from amalimart.core.quality import Severity
from amalimart.delivery.courier import Courier
from amalimart.delivery.retrying import RetryRule
from amalimart.delivery.wording import body, subject
from tests.control.incident_desk import IncidentDesk, trouble
from tests.delivery.notices import AT, about, digest

GATHERS = timedelta(minutes=15)
WARNING, ERROR = Severity.WARNING, Severity.ERROR


class Scripted:
    """A channel that fails as often as it is told to, and then takes everything."""

    name = "ops"

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.given: list[Notice] = []

    def deliver(self, notice: Notice) -> None:
        self.given.append(notice)
        if self.failures:
            self.failures -= 1
            raise DeliveryFailed("no answer")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[IncidentDesk]:
    opened = IncidentDesk(tmp_path)
    yield opened
    opened.store.close()


def send(desk: IncidentDesk, channel: Scripted) -> list[list[int]]:
    """Send what is due; returns the incidents of each new letter."""
    before = len(channel.given)
    Courier(channel, desk.store.outbox, desk.clock, lambda: 1.0, RetryRule(), GATHERS).send_due()
    return [
        [each.incident.number for each in (letter.listed or (letter,)) if each.incident is not None]
        for letter in channel.given[before:]
    ]


def test_warnings_wait_for_each_other_and_go_as_one(desk: IncidentDesk) -> None:
    channel = Scripted()
    for minute, name in enumerate("abc"):
        desk.look(*(trouble(each, WARNING) for each in "abc"[: minute + 1]))
        assert send(desk, channel) == [], name
        desk.forward(minutes=1)
    desk.forward(minutes=11, seconds=59)
    assert send(desk, channel) == []
    desk.forward(seconds=1)
    assert send(desk, channel) == [[1, 2, 3]]
    assert {each.state for each in desk.deliveries()} == {DeliveryState.SENT}
    assert send(desk, channel) == []


def test_an_error_goes_at_once_and_takes_no_warning_along(desk: IncidentDesk) -> None:
    channel = Scripted()
    desk.look(trouble("a", WARNING))
    desk.look(trouble("a", WARNING), trouble("b", ERROR))
    assert send(desk, channel) == [[2]]
    assert channel.given[0].event is NoticeEvent.OPENED
    desk.forward(minutes=15)
    assert send(desk, channel) == [[1]]
    assert [each.event for each in channel.given] == [NoticeEvent.OPENED] * 2


def test_errors_of_one_moment_are_one_letter_and_a_warning_that_worsens_is_not_overtaken(
    desk: IncidentDesk,
) -> None:
    channel = Scripted()
    desk.look(trouble("a", WARNING))
    desk.look(trouble("a", ERROR), trouble("b", ERROR))
    assert send(desk, channel) == [[1, 1, 2]]
    said = body(channel.given[0], "Shop")
    assert "* Worse: error: a is wrong" in said
    assert "warning: a is wrong" not in said


def test_a_letter_stays_the_same_however_often_it_is_sent(desk: IncidentDesk) -> None:
    channel = Scripted(failures=1)
    desk.look(trouble("a", ERROR), trouble("b", ERROR))
    send(desk, channel)
    desk.look(trouble("a", ERROR), trouble("b", ERROR), trouble("c", ERROR))
    desk.store.close()
    desk.store = desk.opened()
    assert send(desk, channel) == [[3]]
    assert channel.given[-1].event is NoticeEvent.OPENED
    desk.forward(minutes=1)
    assert send(desk, channel) == [[1, 2]]
    letters = [each.message_id for each in channel.given if each.event is NoticeEvent.DIGEST]
    assert len(letters) == 2
    assert len({*letters, *(each.message_id for each in desk.deliveries()[:2])}) == 1
    assert [each.attempts for each in desk.deliveries()] == [2, 2, 1]


def test_what_somebody_took_on_meanwhile_is_left_out_of_the_next_try(desk: IncidentDesk) -> None:
    channel = Scripted(failures=1)
    desk.look(trouble("a", ERROR), trouble("b", ERROR))
    send(desk, channel)
    desk.store.incidents.acknowledge(1, Decider("Ama", "x"), "on it")
    desk.forward(minutes=1)
    assert send(desk, channel) == [[2]]
    assert channel.given[-1].message_id == channel.given[-2].message_id
    assert [each.state for each in desk.deliveries()] == [DeliveryState.GIVEN_UP, DeliveryState.SENT]


def test_a_clock_that_was_set_back_keeps_no_letter(desk: IncidentDesk) -> None:
    desk.look(trouble("a", WARNING), trouble("b", WARNING))
    desk.forward(days=-30)
    assert send(desk, Scripted()) == [[1, 2]]


def test_the_subject_counts_and_the_letter_lists_errors_first_and_what_is_over_last() -> None:
    letter = digest(
        about(1, WARNING), about(2, ERROR), about(3, ERROR, NoticeEvent.RESOLVED), about(4, ERROR)
    )
    assert subject(letter, "Shop") == "[Shop] 4 incidents: 2 errors, 1 warning, 1 resolved"
    listed = [line for line in body(letter, "Shop").splitlines() if line.startswith("* ")]
    assert listed == [
        "* error: check 2 fails",
        "* error: check 4 fails",
        "* warning: check 1 fails",
        "* Resolved: check 3 fails",
    ]
    assert f"Message: {'ab' * 16}" in body(letter, "Shop")


def test_a_letter_of_hundreds_says_how_many_it_leaves_out() -> None:
    said = body(digest(*(about(number, ERROR) for number in range(1, 301))), "Shop")
    assert said.count("\n* ") == 50
    assert "And 250 more: amalimart incident list" in said


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.integers(1, 6),
            st.integers(0, 40),
            st.sampled_from([None, None, None, "x", "y"]),
            st.booleans(),
            st.integers(-5, 60),
        ),
        max_size=20,
    )
)
def test_every_message_goes_once_in_order_and_no_error_waits(
    made: list[tuple[int, int, str | None, bool, int]],
) -> None:
    """A property of the rule: what is chosen is taken away until nothing waits."""
    unsent = [
        Unsent(number, incident, AT - timedelta(minutes=age), AT + timedelta(minutes=pause), letter, urgent)
        for number, (incident, age, letter, urgent, pause) in enumerate(made)
    ]
    gone: list[Unsent] = []
    for minute in range(0, 200, 5):
        now = AT + timedelta(minutes=minute)
        while chosen := next_letter([each for each in unsent if each not in gone], now, GATHERS):
            gone += chosen
        is_stuck = {e.incident for e in unsent if e not in gone and e.next_attempt_at > now}
        free = [e for e in unsent if e not in gone and e.letter is None and e.incident not in is_stuck]
        in_letters = {e.incident for e in unsent if e not in gone and e.letter is not None}
        assert not [e for e in free if e.is_urgent and e.incident not in in_letters]
    assert Counter(each.number for each in gone) == Counter(range(len(made)))
    for incident in {each.incident for each in unsent}:
        alone = [each.number for each in gone if each.incident == incident and each.letter is None]
        assert alone == sorted(alone)
