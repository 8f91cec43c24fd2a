"""kill -9 at thirty random moments under load, on MariaDB: nothing lost, nothing doubled in the end."""

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
from tests.faults.mariadb_shop import MariaShop
from tests.faults.shop import BULK, mapping_yaml
from tests.faults.verdict import Figures, every_transaction_once, lake_is_whole, same_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FOLLOWING = (Aim.CLOCK, Aim.DATA_FILE, Aim.BULK_FILE, Aim.JOURNAL, Aim.COMMIT)
COPYING = (Aim.CLOCK, Aim.DATA_FILE, Aim.DATA_FILE)


class BinlogCapture:
    """The source keeps nothing for a follower: the lake alone knows where to go on."""

    def look(self) -> object:
        return None

    def settled(self) -> None:
        """Nobody has to notice."""

    def is_confirmed(self, traces: Traces) -> bool:
        del traces
        return True

    def tells_again(self, traces: Traces) -> bool:
        return bool(traces.records)


def test_thirty_kills_lose_nothing_and_double_nothing(
    maria: MariaShop, home: Path, figures: Figures, seed: int, *, long: bool
) -> None:
    began = time.monotonic()
    rounds = 5 if long else 1
    maria.make()
    fill(maria, orders=90_000, products=20_000)
    project = make_project(home, "mysql", maria.url(), mapping_yaml())
    onlooker = Onlooker(home)
    killer = Killer(
        project,
        BinlogCapture(),
        seed,
        bulk_table=BULK.name,
        onlooker=onlooker,
    )
    onlooker.start()
    last = IngestProcess(home)
    try:
        with Load(maria, Plan(), seed) as load:
            killer.copying_lives(7, COPYING, Phase.SNAPSHOT)
            for _ in range(rounds):
                killer.lives(12, FOLLOWING)
                request_resnapshot(project, SOURCE, ["carts"])
                killer.lives(2, COPYING)
                killer.lives(9, FOLLOWING, Phase.IDLE, Phase.SEALING, Phase.SPILLING)
            load.check()
        mark(maria, 1)
        last.start()
        last.wait_for_entry(1, 180)
        last.stop()
    finally:
        last.give_up()
        seen = onlooker.stop()
    rows = same_rows(home, maria)
    count = every_transaction_once(home, maria, overlap=True)
    lake_is_whole(home)
    assert what_is_live(seen) == what_is_live(opened(home))
    no_defect(home)
    seconds = time.monotonic() - began
    server = "MariaDB" if maria.is_mariadb else "MySQL"
    figures(f"{server}: {killer.tally}; {count:,} transactions, {rows:,} rows equal; {seconds:.0f} s")
    assert killer.tally.kills >= 30
