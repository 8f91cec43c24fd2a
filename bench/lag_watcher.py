"""Looks at a lake as the engine does, from a process of its own, and tells how old each change was.

A change's age is the time between its commit in the source and the first look at which a reader had it.
The source's commit time is the one the lake has of it; with `--stamped` it is what the row says of itself,
for a source that tells commits in whole seconds. Ends when its input does and prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import select
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amalimart.core.clock import SystemClock
from amalimart.lake import Lake, TableFiles
from bench.big_shop import TABLE

_LOOK_SECONDS = 0.01


def new_rows(files: TableFiles, after: int, column: str) -> Iterator[pa.Table]:
    """What came after a batch: when each change was committed, those that say so."""
    fresh = files.after(after)
    names = [column, "_batch", "_op"]
    pieces = [pq.read_table(path, columns=names) for path in fresh.paths]
    pieces += [part.read().select(names) for part in fresh.journal]
    for piece in pieces:
        kept = pc.and_(pc.greater(piece["_batch"], after), pc.not_equal(piece["_op"], "snapshot"))
        yield piece.filter(pc.and_(kept, pc.is_valid(piece[column])))


def main() -> None:
    """Entry of `python -m bench.lag_watcher`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--stamped", action="store_true")
    arguments = parser.parse_args()
    column = "updated_at" if arguments.stamped else "_committed_at"
    lake = Lake(arguments.lake, SystemClock())
    seen = lake.live_files(arguments.source)[TABLE].last_batch
    ages: list[float] = []
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not select.select([sys.stdin], [], [], 0)[0]:
        files = lake.live_files(arguments.source)[TABLE]
        now = datetime.now(UTC)
        for rows in new_rows(files, seen, column):
            ages += [(now - moment).total_seconds() for moment in rows[column].to_pylist()]
        seen = max(seen, files.last_batch)
        time.sleep(_LOOK_SECONDS)
    cuts = statistics.quantiles(ages, n=100) if len(ages) > 1 else [0.0] * 99
    found = {
        "rows": len(ages),
        "p50": cuts[49],
        "p95": cuts[94],
        "p99": cuts[98],
        "max": max(ages, default=0.0),
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
