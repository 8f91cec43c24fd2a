"""A shop that keeps changing: small transactions at a given rate, in a process of its own.

60 % inserts, 30 % updates of recent rows, 8 % updates spread over all of history, 2 % deletes. Each row
carries in `updated_at` when its transaction was sent. Prints one JSON object: changes and seconds.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime

from bench.big_shop import TABLE
from bench.reaching import shop_at

SESSIONS = 4
_RECENT = 500
_INSERT = (
    f"insert into {TABLE} values"
    " (%s, %s, %s, 'PENDING', %s, %s, 1.50, 0.0125, 'GHS', null, 'web', 'Accra', %s, %s, %s, 'north')"
)
_UPDATE = (
    f"update {TABLE} set status = %s, total_amount = total_amount + 0.01, updated_at = %s where order_id = %s"
)
_DELETE = f"delete from {TABLE} where order_id = %s"


class Session(threading.Thread):
    """One session of the shop; it has its own new rows and shares the old ones with the others."""

    def __init__(self, url: str, place: int, arguments: argparse.Namespace) -> None:
        super().__init__(name=f"session-{place}", daemon=True)
        self._connection = shop_at(url)
        self._cursor = self._connection.cursor()
        self._history = arguments.history
        self._rate = arguments.rate / SESSIONS
        self._seconds = arguments.seconds
        self._place = place
        self._next = arguments.history * 10
        self._recent: list[int] = []
        self._dice = random.Random(place)  # noqa: S311 - dice, not secrets
        self.sent = 0

    def run(self) -> None:
        started = time.monotonic()
        with closing(self._connection):
            while (passed := time.monotonic() - started) < self._seconds:
                if self.sent >= passed * self._rate:
                    time.sleep(0.002)
                    continue
                changes = self._dice.choice((1, 1, 2, 3))
                self._transact(changes)
                self.sent += changes

    def _transact(self, changes: int) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        for _ in range(changes):
            self._change(now)
        self._connection.commit()

    def _change(self, now: str) -> None:
        dice, run = self._dice, self._cursor.execute
        kind = dice.random()
        if kind < 0.6 or len(self._recent) < 10:
            self._next += 1
            key = self._next * SESSIONS + self._place
            amount = dice.randint(100, 10_000_000) / 100
            run(_INSERT, (key, dice.randint(1, 900_000), now, amount, None, False, now, now))
            self._recent.append(key)
            del self._recent[:-_RECENT]
        elif kind < 0.9:
            run(_UPDATE, (dice.choice(("CONFIRMED", "DISPATCHED")), now, dice.choice(self._recent)))
        elif kind < 0.98:
            # A row of history belongs to one session, so that none waits for another.
            key = dice.randrange(self._history // SESSIONS) * SESSIONS + self._place
            run(_UPDATE, ("COMPLETED", now, key))
        else:
            place = dice.randrange(len(self._recent))
            run(_DELETE, (self._recent.pop(place),))


def main() -> None:
    """Entry of `python -m bench.change_load`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--history", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True, help="changes a second")
    parser.add_argument("--seconds", type=float, required=True)
    arguments = parser.parse_args()
    sessions = [Session(arguments.url, place, arguments) for place in range(SESSIONS)]
    started = time.monotonic()
    for session in sessions:
        session.start()
    for session in sessions:
        session.join()
    seconds = time.monotonic() - started
    sent = sum(session.sent for session in sessions)
    sys.stdout.write(json.dumps({"changes": sent, "seconds": seconds}) + "\n")


if __name__ == "__main__":
    main()
