"""A control database whose incidents are written by hand, and what came of it."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher

from amalimart.control.incidents.telling import Telling
from amalimart.control.store import ControlStore, open_control_store
from amalimart.control.users.passwords import Passwords
from amalimart.core.incidents import Delivery, IncidentKind, Look, NoticeEvent, Trouble
from amalimart.core.quality import Severity
from tests.control.conftest import HandClock

REMIND = timedelta(hours=24)


def trouble(key: str = "a", severity: Severity = Severity.ERROR) -> Trouble:
    return Trouble(key, IncidentKind.SOURCE_FAILING, severity, f"{key} is wrong", "Very.", "here", "mend it")


@cache
def _passwords() -> Passwords:
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@cache
def _empty_database() -> bytes:
    """Made once: migrations take their time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "control.db"
        open_control_store(path, HandClock(), passwords=_passwords()).close()
        return path.read_bytes()


class IncidentDesk:
    """Records looks; every channel named wants to hear of everything, `pager` of errors only."""

    def __init__(self, folder: Path, *channels: str) -> None:
        self.clock = HandClock()
        self.path = folder / "control.db"
        self.channels = channels or ("ops",)
        self.store = self.opened()

    def opened(self) -> ControlStore:
        if not self.path.exists():
            self.path.write_bytes(_empty_database())
        return open_control_store(self.path, self.clock, passwords=_passwords())

    def look(self, *troubles: Trouble, unseen: frozenset[IncidentKind] = frozenset()) -> None:
        self.store.incidents.record(Look(troubles, unseen), Telling(self.channels_for, REMIND))

    def channels_for(self, found: Trouble) -> list[str]:
        return [c for c in self.channels if c != "pager" or found.severity is Severity.ERROR]

    def forward(self, **by: float) -> None:
        self.clock.forward(timedelta(**by))

    def deliveries(self, channel: str = "ops") -> list[Delivery]:
        numbers = sorted(each.number for each in self.store.incidents.list(include_over=True))
        return [d for n in numbers for d in self.store.outbox.deliveries(n) if d.channel == channel]

    def events(self, channel: str = "ops") -> list[NoticeEvent]:
        return [each.event for each in self.deliveries(channel)]

    def send_all(self, channel: str = "ops") -> list[str]:
        """Everything due is sent; returns the message ids."""
        sent = []
        while (waiting := self.store.outbox.next_due(channel)) is not None:
            self.store.outbox.begin(waiting.notice.message_id, self.clock.now() + timedelta(minutes=1))
            self.store.outbox.sent(waiting.notice.message_id)
            sent.append(waiting.notice.message_id)
        return sent
