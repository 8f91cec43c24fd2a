"""kill -9 of a writer: the last commit reads, and the next writer carries on from it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lake.conftest import OrdersLake

WRITER = """
import os
import sys
from pathlib import Path
import pyarrow as pa
from amalimart.core.clock import SystemClock
from amalimart.core.object_store import ObjectStore, S3Access
from amalimart.lake import CommitKind, Lake, Operation

schema = pa.schema([("id", pa.int64()), ("total", pa.decimal128(18, 2))])
kept_in = None
if len(sys.argv) > 2:
    kept_in = ObjectStore(sys.argv[2], S3Access("test", "test", None, sys.argv[3]))
lake = Lake(Path(sys.argv[1]), SystemClock(), kept_in=kept_in)
parent = os.getppid()
print("ready", flush=True)
while os.getppid() == parent:  # no orphan writes on
    latest = lake.latest("shop")
    first = latest.position["last"] + 1 if latest else 1
    rows = [{"id": row, "total": None} for row in range(first, first + 200)]
    with lake.begin("shop", CommitKind.CHANGES) as writer:
        for part in range(0, 200, 50):
            batch = pa.RecordBatch.from_pylist(rows[part : part + 50], schema=schema)
            writer.write("orders", [batch], Operation.UPSERT, schema=schema)
        writer.commit({"last": first + 199}, None)
    if latest and latest.version % 7 == 0:
        lake.compact("shop")
"""


STORAGES = ["folder", pytest.param("object store", marks=pytest.mark.slow)]  # which asks over HTTP each time


@pytest.mark.parametrize("storage", STORAGES, indirect=True)
def test_nothing_is_lost_or_doubled_over_several_kills(lake: OrdersLake) -> None:
    dice = random.Random(7)  # noqa: S311 - moments to kill at, not secrets
    last = 0
    for life in range(15):
        if life >= 5 and last > 0:
            break
        patience = max(1, life - 3)  # on a busy machine the first lives may be too short for a commit
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(lake.root), *lake.place_arguments()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert writer.stdout is not None
        assert writer.stderr is not None
        with writer.stdout, writer.stderr:
            assert writer.stdout.readline() == b"ready\n", writer.stderr.read()
            seconds = dice.uniform(0.02, 0.25) if lake.place is None else dice.uniform(0.5, 3)
            time.sleep(seconds * patience)
            os.kill(writer.pid, signal.SIGKILL)
            writer.wait()
        reader = lake.reopened()
        latest = reader.latest("shop")
        last = latest.position["last"] if latest else 0
        assert sorted(reader.live_ids()) == list(range(1, last + 1))
    assert last > 0, "no writer ever got to its first commit"
    lake.commit_orders([last + 1])
    assert sorted(lake.live_ids()) == list(range(1, last + 2))
    if lake.place is not None:  # what was uploaded for nothing is taken away when it is a day old
        lake.clock.instant = datetime.now(UTC) + timedelta(hours=25)
        lake.recover("shop")
    live = {file.path for table in lake.live_files("shop").values() for file in table.files}
    known = {
        path
        for commit in lake.commits("shop")
        for change in commit.tables.values()
        for path in change.removed
    }
    assert lake.data_files() <= live | known, "no orphan outlives the next writer"
