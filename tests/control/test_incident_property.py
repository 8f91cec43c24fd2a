"""Whatever happens in whatever order, a person hears of each state of an incident once, and of none never.

What is held is what the receiver of the messages can know, not how the incidents are kept: the receiver folds
repeats by their message id, as a mail program or a webhook does.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from amalimart.control.deciding import Decider
from amalimart.core.errors import RequestError
from amalimart.core.incidents import Notice, NoticeEvent, Trouble
from amalimart.core.quality import Severity
from tests.control.incident_desk import REMIND, IncidentDesk, trouble

KEYS = st.sampled_from(["a", "b"])
SEVERITIES = st.sampled_from(list(Severity))
MINUTES = st.sampled_from([0.1, 10, 14.9, 15, 60, 24 * 60])
OFTEN = ["comes", "goes", "goes", "time passes", "time passes", "is sent", "is sent"]
SELDOM = ["dies before sending", "dies after sending", "dies while writing", "is taken on"]
ACTS = st.sampled_from([*OFTEN, *SELDOM])
DAMPED = timedelta(minutes=15)


class IncidentMachine(RuleBasedStateMachine):
    """Troubles come, go, are taken on, and processes die at every point in between."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.desk = IncidentDesk(Path(self.folder.name))
        self.present: dict[str, Severity] = {}
        self.inbox: dict[str, tuple[Notice, datetime]] = {}
        self.taken_on: dict[int, datetime] = {}
        self.worst: dict[int, Severity] = {}

    def teardown(self) -> None:
        self.desk.store.close()
        self.folder.cleanup()

    @rule(acts=st.lists(ACTS, min_size=4, max_size=4), key=KEYS, severity=SEVERITIES, minutes=MINUTES)
    def something_happens(self, acts: list[str], key: str, severity: Severity, minutes: float) -> None:
        """One rule, not one for each act: hypothesis leaves whole rules out, and most states need all."""
        for act in acts:
            if act == "comes":
                self.comes(key, severity)
            elif act == "goes":
                self.goes(key)
            elif act == "time passes":
                self.pass_time(minutes)
            elif act == "is sent":
                self.send()
            elif act == "dies before sending":
                self.dies_before_sending()
            elif act == "dies after sending":
                self.send(dies=True)
            elif act == "dies while writing":
                self.dies_while_writing(key)
            else:
                self.somebody_takes_it_on()

    def comes(self, key: str, severity: Severity) -> None:
        self.present[key] = severity
        self.look()

    def goes(self, key: str) -> None:
        self.present.pop(key, None)
        self.look()

    def somebody_takes_it_on(self) -> None:
        for number in [each.number for each in self.desk.store.incidents.list()][:1]:
            with suppress(RequestError):  # it is taken on already
                self.desk.store.incidents.acknowledge(number, Decider("Ama", "x"), "on it")
                self.taken_on[number] = self.desk.clock.now()

    def dies_before_sending(self) -> None:
        self.look()
        self.desk.store.close()
        self.desk.store = self.desk.opened()

    def dies_while_writing(self, key: str) -> None:
        self.present[key] = Severity.ERROR
        with mock.patch("amalimart.control.incidents.ledger._tell", side_effect=OSError), suppress(OSError):
            self.desk.look(*self.troubles())
        self.look()

    def pass_time(self, minutes: float) -> None:
        self.desk.forward(minutes=minutes)
        self.look()

    def send(self, *, dies: bool = False) -> None:
        outbox = self.desk.store.outbox
        while (waiting := outbox.next_due("ops")) is not None:
            outbox.begin(waiting.notice.message_id, self.desk.clock.now() + timedelta(seconds=6))
            known = self.inbox.setdefault(waiting.notice.message_id, (waiting.notice, self.desk.clock.now()))
            assert known[0] == waiting.notice, "a repeat says the same"
            if dies:
                return  # it went, and nobody wrote that down
            outbox.sent(waiting.notice.message_id)
        self.nothing_is_unheard()

    def troubles(self) -> list[Trouble]:
        return [trouble(key, severity) for key, severity in self.present.items()]

    def look(self) -> None:
        self.desk.look(*self.troubles())
        for each in self.desk.store.incidents.list():
            if each.number not in self.taken_on and self.worst.get(each.number) is not Severity.ERROR:
                self.worst[each.number] = each.trouble.severity

    def heard(self) -> dict[int, list[tuple[Notice, datetime]]]:
        found: dict[int, list[tuple[Notice, datetime]]] = defaultdict(list)
        for notice, at in self.inbox.values():
            assert notice.incident is not None
            found[notice.incident.number].append((notice, at))
        return found

    def nothing_is_unheard(self) -> None:
        """All that is due went out: what people know is what is."""
        heard = self.heard()
        waiting = {each.incident for each in self.desk.deliveries() if each.state.value == "queued"}
        waiting |= {each.incident for each in self.desk.deliveries() if each.state.value == "failed"}
        now = self.desk.clock.now()
        for incident in self.desk.store.incidents.list(include_over=True):
            messages = [notice for notice, _ in heard[incident.number]]
            if incident.number in waiting:
                continue
            if incident.acknowledged_at is None:
                assert messages, "it went on and nobody heard of it"
                known = {m.incident.trouble.severity for m in messages if m.incident}
                assert self.worst[incident.number] in known, "worse than anybody knows"
            gone_for = now - incident.resolved_at if incident.resolved_at else timedelta()
            told_of_the_end = any(m.event is NoticeEvent.RESOLVED for m in messages)
            assert told_of_the_end == bool(messages and gone_for >= DAMPED)

    @invariant()
    def no_state_is_told_twice(self) -> None:
        for number, messages in self.heard().items():
            events = [notice.event for notice, _ in messages]
            for once in (NoticeEvent.OPENED, NoticeEvent.WORSENED, NoticeEvent.RESOLVED):
                assert events.count(once) <= 1
            assert events[0] is NoticeEvent.OPENED
            assert NoticeEvent.RESOLVED not in events[:-1], "nothing is said of what is over"
            made = [n.at for n, _ in messages if n.event in {NoticeEvent.OPENED, NoticeEvent.REMINDER}]
            assert all(later - earlier >= REMIND for earlier, later in pairwise(made))
            taken_on = self.taken_on.get(number)
            after = [n.event for n, _ in messages if taken_on is not None and n.at > taken_on]
            assert after in ([], [NoticeEvent.RESOLVED])

    @invariant()
    def one_incident_of_a_key_goes_on(self) -> None:
        going_on = [each.trouble.key for each in self.desk.store.incidents.list()]
        assert sorted(going_on) == sorted(self.present)


USUAL = settings(
    derandomize=True,
    phases=[Phase.generate],  # to shrink a program of so many steps takes minutes
    stateful_step_count=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_what_people_know_is_what_is() -> None:
    run_state_machine_as_test(IncidentMachine, settings=settings(USUAL, max_examples=8))


@pytest.mark.slow
def test_over_many_days_what_people_know_is_what_is() -> None:
    run_state_machine_as_test(IncidentMachine, settings=settings(USUAL, max_examples=40))
