"""A process that publishes the tiny shop's lake over and over, to be killed at any moment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from amalimart.mapping.source_mapping import load_mapping
from tests.warehouse.tiny_shop import Shop


def main() -> None:
    folder, project, cache = map(Path, sys.argv[1:4])
    shop = Shop(folder, load_mapping(folder / "shop.yml"), project, cache)
    shop.land(*[(str(n), "7", "2026-03-01", "1", "done", "", "sale") for n in range(20_000)])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    amount, parent = 1, os.getppid()
    while os.getppid() == parent:  # no orphan publishes on
        shop.publish()
        sys.stdout.write("published\n")
        sys.stdout.flush()
        shop.hot_file._connection.cursor().execute("checkpoint")
        amount += 1
        shop.land(*[(str(n), "7", "2026-03-01", str(amount), "done", "", "sale") for n in range(20_000)])


if __name__ == "__main__":
    main()
