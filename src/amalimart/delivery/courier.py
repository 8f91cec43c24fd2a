"""Takes the messages of one channel from the outbox to the channel, and writes down how each try ended."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from amalimart.control.incidents.letters import NO_GATHERING
from amalimart.control.incidents.outbox import Outbox, Waiting
from amalimart.core.clock import Clock
from amalimart.core.errors import AmalimartError, DeliveryRefused
from amalimart.delivery.channels.port import Channel
from amalimart.delivery.retrying import RetryRule

log = logging.getLogger(__name__)


class Courier:
    """Sends what is due on one channel. `jitter` gives numbers from 0 to 1.

    gathers  how long a message that is not urgent waits for others, to go with them as one
    """

    def __init__(
        self,
        channel: Channel,
        outbox: Outbox,
        clock: Clock,
        jitter: Callable[[], float],
        rule: RetryRule,
        gathers: timedelta = NO_GATHERING,
    ) -> None:
        self._channel = channel
        self._outbox = outbox
        self._clock = clock
        self._jitter = jitter
        self._rule = rule
        self._gathers = gathers

    @property
    def channel(self) -> str:
        """The name of the channel."""
        return self._channel.name

    def send_due(self, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Try every message that it is time for, one after the other, and none of them twice."""
        tried: set[str] = set()  # a clock that jumps must not turn waiting into trying all the time
        while (
            not should_stop() and (waiting := self._outbox.next_due(self.channel, self._gathers)) is not None
        ):
            if waiting.notice.message_id in tried:
                return
            tried.add(waiting.notice.message_id)
            self._try(waiting)

    def _try(self, waiting: Waiting) -> None:
        message_id = waiting.notice.message_id
        if waiting.attempts >= self._rule.most:  # the last try was cut off before it was said how it ended
            self._outbox.failed(message_id, "the last try did not come to its end", is_final=True)
            return
        pause = self._rule.pause(waiting.attempts, self._jitter())
        self._outbox.begin(message_id, self._clock.now() + pause)
        try:
            note = self._channel.deliver(waiting.notice)
        except AmalimartError as error:
            is_final = isinstance(error, DeliveryRefused) or waiting.attempts + 1 >= self._rule.most
            self._failed(message_id, error.what, is_final=is_final)
        except Exception as defect:
            log.exception("message not sent", extra={"channel": self.channel, "message_id": message_id})
            is_final = waiting.attempts + 1 >= self._rule.most
            self._failed(message_id, f"a defect: {type(defect).__name__}", is_final=is_final)
        else:
            self._outbox.sent(message_id, note)
            log.info("message sent", extra={"channel": self.channel, "message_id": message_id})

    def _failed(self, message_id: str, why: str, *, is_final: bool) -> None:
        self._outbox.failed(message_id, why, is_final=is_final)
        log.log(
            logging.ERROR if is_final else logging.WARNING,
            "message given up" if is_final else "message not sent",
            extra={"channel": self.channel, "message_id": message_id, "why": why},
        )
