"""The ingest process with its clocks wound up: it seals, spills and merges every few moments.

The same code as `python -m amalimart.processes.ingest`; only the constants that decide how long it
waits are small, so that a life of seconds passes through what otherwise takes an hour.
"""

from __future__ import annotations

from datetime import timedelta

from amalimart.lake import checkpoint, source_writer
from amalimart.orchestrate.sources import keeping_up
from amalimart.processes import ingest
from amalimart.sources import following

CROWDED = 3


def hurry() -> None:
    """Shorten every wait."""
    source_writer.SEAL_AFTER = timedelta(seconds=0.5)
    checkpoint.EVERY_COMMITS = 5
    keeping_up._CROWDED = CROWDED
    follower = following.Follower
    follower.__init__.__kwdefaults__ = {**(follower.__init__.__kwdefaults__ or {}), "batch_rows": 1_000}


if __name__ == "__main__":
    hurry()
    ingest.main()
