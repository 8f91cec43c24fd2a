"""kill -9 of whoever takes dropped files: every content is in the lake once, whatever the moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amalimart.core.clock import SystemClock
from amalimart.core.object_store import ObjectStore, S3Access
from amalimart.lake import Lake
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources import FileDropSource, ingest_once
from amalimart.sources.files.ledger import Ledger
from amalimart.sources.files.local import LocalFolder
from tests.object_store import Bucket
from tests.sources.dropped_files import ORDERS

if TYPE_CHECKING:
    from tests.sources.conftest import Mappings, ReadingLake

KILLS = 12
INGEST = """
import os, sys, time
from pathlib import Path
from amalimart.core.clock import SystemClock
from amalimart.core.object_store import ObjectStore, S3Access
from amalimart.lake import Lake
from amalimart.mapping.source_mapping import load_mapping
from amalimart.sources import FileDropSource, ingest_once
from amalimart.sources.files import batch, taking
from amalimart.sources.files.ledger import Ledger
from amalimart.sources.files.local import LocalFolder

batch.MOST_FILES = 7
taking.LARGE_BYTES = 200_000
home = Path(sys.argv[1])
kept_in = ObjectStore(sys.argv[2], S3Access("test", "test", None, sys.argv[3])) if len(sys.argv) > 2 else None
lake = Lake(home / "lake", SystemClock(), kept_in=kept_in)
source = FileDropSource(LocalFolder(home / "drop"), Ledger(lake, "shop"), SystemClock())
mapping = load_mapping(home / "shop.yml")
parent = os.getppid()
print("ready", flush=True)
while os.getppid() == parent:  # no orphan reads on
    if ingest_once(lake, "shop", source, mapping) is None:
        time.sleep(0.01)
        continue
    print("took", flush=True)
    if lake.latest("shop").version % 9 == 0:
        lake.compact("shop")
"""


@pytest.mark.slow
@pytest.mark.parametrize("kept", ["folder", "object store"])
def test_each_row_of_each_file_is_there_once_after_many_kills(
    tmp_path: Path, mappings: Mappings, lake: ReadingLake, kept: str, request: pytest.FixtureRequest
) -> None:
    mapping: SourceMapping = mappings.write(ORDERS)
    bucket: Bucket | None = request.getfixturevalue("bucket") if kept == "object store" else None
    place = [f"s3://{bucket.name}/lake", bucket.endpoint] if bucket else []
    (tmp_path / "drop" / "orders").mkdir(parents=True)
    (tmp_path / "drop" / "tags.csv").write_text("id,name\n1,a\n")
    dice = random.Random(11)  # noqa: S311 - moments to kill at, not secrets
    expected: Counter[str] = Counter()
    number = 0
    for kill in range(KILLS):
        for _ in range(dice.randrange(1, 15)):
            rows = [f"{number}-{row}" for row in range(dice.choice([1, 3, 20, 9000]))]
            half = tmp_path / "drop" / "orders" / f".{number:05}.csv"
            half.write_text("id,at,total\n" + "".join(f"{row},2026-01-01,1\n" for row in rows))
            half.rename(half.with_name(f"{number:05}.csv"))
            if dice.random() < 0.2:
                (half.parent / f"{number:05}-again.csv").write_bytes(
                    half.with_name(f"{number:05}.csv").read_bytes()
                )
            expected.update(rows)
            number += 1
        command = [sys.executable, "-c", INGEST, str(tmp_path), *place]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as ingest:
            assert ingest.stdout is not None
            assert ingest.stderr is not None
            assert ingest.stdout.readline() == b"ready\n", ingest.stderr.read()
            if kill % 2:  # some kills meet what is first read, the others what follows, on any machine
                assert ingest.stdout.readline() == b"took\n", ingest.stderr.read()
            time.sleep(dice.uniform(0.0, 1.5))
            os.kill(ingest.pid, signal.SIGKILL)
            ingest.wait()
    store = ObjectStore(place[0], S3Access("test", "test", None, place[1])) if place else None
    after = type(lake)(tmp_path / "lake", SystemClock(), kept_in=store)
    committed = after.latest("shop")
    assert committed is not None, "no ingest ever got to its first commit"
    source = FileDropSource(LocalFolder(tmp_path / "drop"), Ledger(after, "shop"), SystemClock())
    while ingest_once(after, "shop", source, mapping) is not None:
        pass
    assert Counter(after.column("orders", "id")) == expected
    assert Lake(tmp_path / "lake", SystemClock(), kept_in=store).verify("shop").rows > len(expected)
    if store is not None:
        store.close()
