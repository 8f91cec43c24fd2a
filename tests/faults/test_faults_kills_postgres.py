"""kill -9 at a hundred random moments under load: nothing lost, nothing doubled, no transaction torn."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from amalimart.orchestrate.sources.resnapshots import request_resnapshot
from tests.faults.disk_traces import Phase, Traces
from tests.faults.ingest_process import IngestProcess, make_project, no_defect
from tests.faults.killing import Aim, Killer, Onlooker
from tests.faults.lake_oracle import SOURCE, opened, what_is_live
from tests.faults.load import Load, Plan, fill, mark
from tests.faults.postgres_shop import PostgresShop
from tests.faults.shop import BULK, mapping_yaml
from tests.faults.verdict import Figures, every_transaction_once, lake_is_whole, same_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

FOLLOWING = (Aim.CLOCK, Aim.DATA_FILE, Aim.BULK_FILE, Aim.JOURNAL, Aim.JOURNAL, Aim.COMMIT)
COPYING = (Aim.CLOCK, Aim.CAPTURE, Aim.CAPTURE, Aim.DATA_FILE)
MOMENTS = (Phase.IDLE, Phase.UNCONFIRMED, Phase.SEALING, Phase.SPILLING, Phase.COMPACTION)


class SlotCapture:
    """The replication slot of the source."""

    def __init__(self, shop: PostgresShop) -> None:
        self._shop = shop

    def look(self) -> object:
        """A slot that is still being made has no position yet, and goes with whoever makes it."""
        return [slot for slot in self._shop.slots() if slot[1] is not None]

    def settled(self) -> None:
        active = "select count(*) from pg_replication_slots where active and database = current_database()"
        while self._shop.scalar(active):
            time.sleep(0.01)

    def is_confirmed(self, traces: Traces) -> bool:
        slots = self._shop.slots()
        if not slots or "lsn" not in traces.position:
            return True
        high, low = traces.position["lsn"].split("/")
        confirmed = slots[0][1]
        return confirmed is not None and confirmed >= (int(high, 16) << 32) + int(low, 16)

    def tells_again(self, traces: Traces) -> bool:
        return not self.is_confirmed(traces)


def test_a_hundred_kills_lose_nothing_and_double_nothing(
    shop: PostgresShop, home: Path, figures: Figures, seed: int, *, long: bool
) -> None:
    started = time.monotonic()
    rounds = 5 if long else 1
    shop.make()
    fill(shop, orders=60_000, products=15_000)
    project = make_project(home, "postgres", shop.url(), mapping_yaml())
    onlooker = Onlooker(home)
    killer = Killer(
        project,
        SlotCapture(shop),
        seed,
        bulk_table=BULK.name,
        onlooker=onlooker,
    )
    onlooker.start()
    last = IngestProcess(home)
    try:
        with Load(shop, Plan(), seed) as load:
            killer.copying_lives(14, COPYING, Phase.HANDOVER, Phase.SNAPSHOT)
            for _ in range(rounds):
                killer.lives(28, FOLLOWING)
                request_resnapshot(project, SOURCE, ["carts"])
                killer.lives(3, (Aim.DATA_FILE, Aim.CLOCK))
                killer.lives(25, FOLLOWING)
                killer.copying_lives(6, COPYING)
                killer.lives(24, FOLLOWING, *MOMENTS)
            load.check()
        mark(shop, 1)
        last.start()
        last.wait_for_entry(1, 180)
        last.stop()
    finally:
        last.give_up()
        seen = onlooker.stop()
    rows = same_rows(home, shop)
    count = every_transaction_once(home, shop)
    lake_is_whole(home)
    assert what_is_live(seen) == what_is_live(opened(home))
    no_defect(home)
    seconds = time.monotonic() - started
    figures(f"PostgreSQL: {killer.tally}; {count:,} transactions, {rows:,} rows equal; {seconds:.0f} s")
    assert killer.tally.kills >= 100
