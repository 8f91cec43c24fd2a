"""A watch in a process of its own, to be killed: `python watching_process.py FOLDER PORT STOP_AT`.

STOP_AT is where it says so, by a file named `reached`, and waits to be killed: `recorded` (before anything is
sent), `begun` (a try is counted, nothing sent), `taken` (the server has it, but it is not written down);
`never` lets it go on.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from amalimart.control.incidents.telling import Telling
from amalimart.control.store import open_control_store
from amalimart.core.clock import SystemClock
from amalimart.core.incidents import IncidentKind, Look, Trouble
from amalimart.core.quality import Severity
from amalimart.delivery.channels.smtp import SmtpChannel, SmtpServer
from amalimart.delivery.courier import Courier
from amalimart.delivery.retrying import RetryRule
from amalimart.orchestrate.watching.incident_watch import IncidentWatch

TROUBLE = Trouble("k", IncidentKind.JOB_FAILED, Severity.ERROR, "A job failed", "Three times.")


def main() -> None:
    folder, port, stop_at = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    clock = SystemClock()
    store = open_control_store(folder / "control.db", clock)
    server = SmtpServer("127.0.0.1", port, "none")
    channel = SmtpChannel("ops", server, "a@shop.example", ("ops@shop.example",), "Shop")
    watch_for = {
        "recorded": (store.outbox, "next_due"),
        "begun": (channel, "deliver"),
        "taken": (store.outbox, "sent"),
    }
    if stop_at in watch_for:
        thing, name = watch_for[stop_at]
        setattr(type(thing), name, _stopping(folder / "reached"))
    rule = RetryRule(first=timedelta(seconds=0.2))
    courier = Courier(channel, store.outbox, clock, lambda: 1.0, rule)
    look = Look((TROUBLE,))
    IncidentWatch(lambda: look, store.incidents, Telling(lambda _: ["ops"]), [courier]).start()
    time.sleep(120)


def _stopping(reached: Path) -> Callable[..., Any]:
    def stops(*_: object) -> None:
        reached.touch()
        time.sleep(120)

    return stops


if __name__ == "__main__":
    main()
