"""From the outbox to a channel: tried again with growing pauses, given up visibly, never as two messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from amalimart.core.errors import ConfigError, DeliveryFailed, DeliveryRefused
from amalimart.core.incidents import Delivery, DeliveryState, Notice
from amalimart.delivery.channels.smtp import SmtpChannel, SmtpServer
from amalimart.delivery.courier import Courier
from amalimart.delivery.retrying import RetryRule
from tests.control.incident_desk import IncidentDesk, trouble
from tests.delivery.smtp_receiver import Receiver, smtp_server

SECOND = timedelta(seconds=1)


class Scripted:
    """A channel that ends as it is told to, in order, and then takes everything."""

    name = "ops"

    def __init__(self, *ends: Exception | str) -> None:
        self.ends = list(ends)
        self.given: list[Notice] = []

    def deliver(self, notice: Notice) -> str | None:
        self.given.append(notice)
        end = self.ends.pop(0) if self.ends else None
        if isinstance(end, Exception):
            raise end
        return end


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[IncidentDesk]:
    opened = IncidentDesk(tmp_path)
    yield opened
    opened.store.close()


def courier(desk: IncidentDesk, channel: Scripted, jitter: float = 1.0, most: int = 4) -> Courier:
    rule = RetryRule(first=timedelta(seconds=30), longest=timedelta(minutes=1), most=most)
    return Courier(channel, desk.store.outbox, desk.clock, lambda: jitter, rule)


def only(desk: IncidentDesk) -> Delivery:
    [delivery] = desk.deliveries()
    return delivery


def test_pauses_double_up_to_the_longest_and_jitter_takes_up_to_half() -> None:
    rule = RetryRule()
    full = [rule.pause(tries, 1.0) for tries in range(9)]
    assert full[:4] == [30 * SECOND, 60 * SECOND, 120 * SECOND, 240 * SECOND]
    assert full[7:] == [timedelta(hours=1)] * 2
    assert rule.pause(10_000, 1.0) == timedelta(hours=1)
    assert [rule.pause(tries, 0.0) for tries in range(9)] == [each / 2 for each in full]
    spans = [sum((rule.pause(n, j) for n in range(rule.most - 1)), timedelta()) for j in (0.25, 1.0)]
    assert all(timedelta(hours=5) < span < timedelta(hours=10) for span in spans)


def test_what_fails_is_tried_again_when_it_is_time_and_not_before(desk: IncidentDesk) -> None:
    desk.look(trouble())
    channel = Scripted(DeliveryFailed("no answer"), DeliveryFailed("no answer"))
    sends = courier(desk, channel, jitter=0.0)
    for seconds, tries in ((0, 1), (14.9, 1), (0.1, 2), (29.9, 2), (0.1, 3), (9999, 3)):
        desk.forward(seconds=seconds)
        sends.send_due()
        assert len(channel.given) == tries
    assert {each.message_id for each in channel.given} == {only(desk).message_id}
    assert (only(desk).state, only(desk).attempts, only(desk).last_error) == (DeliveryState.SENT, 3, None)


def test_after_so_many_tries_it_is_given_up_and_seen(
    desk: IncidentDesk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.look(trouble())
    channel = Scripted(*[DeliveryFailed("no answer")] * 9)
    for _ in range(9):
        courier(desk, channel).send_due()
        desk.forward(minutes=1)
    assert len(channel.given) == 4
    assert (only(desk).state, only(desk).last_error) == (DeliveryState.GIVEN_UP, "no answer")
    assert [each.channel for each in desk.store.outbox.undelivered()] == ["ops"]
    assert [each.levelname for each in caplog.records if each.message == "message given up"] == ["ERROR"]


def test_a_no_for_good_is_not_asked_again(desk: IncidentDesk) -> None:
    desk.look(trouble())
    channel = Scripted(DeliveryRefused("no such user"))
    courier(desk, channel).send_due()
    desk.forward(days=1)
    courier(desk, channel).send_due()
    assert len(channel.given) == 1
    assert only(desk).state is DeliveryState.GIVEN_UP


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (ConfigError("the secret MAIL is not set"), "the secret MAIL is not set"),
        (KeyError("x@y.example"), "a defect: KeyError"),
    ],
)
def test_whatever_a_channel_raises_is_another_try(desk: IncidentDesk, end: Exception, told: str) -> None:
    desk.look(trouble("a"), trouble("b"))
    courier(desk, Scripted(end)).send_due()
    first, second = desk.deliveries()
    assert (first.state, first.last_error) == (DeliveryState.FAILED, told)
    assert second.state is DeliveryState.SENT


def test_what_did_not_arrive_of_a_message_is_kept(desk: IncidentDesk) -> None:
    desk.look(trouble())
    courier(desk, Scripted("1 of 2 recipients were refused")).send_due()
    assert (only(desk).state, only(desk).last_error) == (DeliveryState.SENT, "1 of 2 recipients were refused")


def test_a_message_that_kills_the_process_each_time_ends_as_well(desk: IncidentDesk) -> None:
    desk.look(trouble())
    for _ in range(4):
        waiting = desk.store.outbox.next_due("ops")
        assert waiting is not None
        desk.store.outbox.begin(waiting.notice.message_id, desk.clock.now())
    channel = Scripted()
    courier(desk, channel).send_due()
    assert channel.given == []
    assert only(desk).state is DeliveryState.GIVEN_UP


def test_a_clock_that_jumps_back_while_a_message_is_sent_does_not_make_it_try_without_end(
    desk: IncidentDesk,
) -> None:
    class JumpsBack(Scripted):
        def deliver(self, notice: Notice) -> str | None:
            desk.forward(days=-30)
            return super().deliver(notice)

    desk.look(trouble())
    channel = JumpsBack(*[DeliveryFailed("no answer")] * 9)
    courier(desk, channel).send_due()
    assert len(channel.given) == 1


def test_between_two_messages_it_can_be_stopped(desk: IncidentDesk) -> None:
    desk.look(trouble("a"), trouble("b"))
    channel = Scripted()
    courier(desk, channel).send_due(lambda: len(channel.given) >= 1)
    assert len(channel.given) == 1


def test_a_mail_server_that_says_later_and_then_takes_it_gets_one_letter(desk: IncidentDesk) -> None:
    receiver = Receiver("451 greylisted")
    with smtp_server(receiver) as port:
        server = SmtpServer("127.0.0.1", port, "none", 2.0, 5.0)
        channel = SmtpChannel("ops", server, "a@shop.example", ("ops@shop.example",), "Shop")
        sends = Courier(channel, desk.store.outbox, desk.clock, lambda: 1.0, RetryRule())
        desk.look(trouble())
        sends.send_due()
        assert receiver.letters == []
        desk.forward(seconds=30)
        sends.send_due()
        sends.send_due()
    [letter] = receiver.letters
    assert letter["Message-ID"] == f"<{only(desk).message_id}@shop.example>"
