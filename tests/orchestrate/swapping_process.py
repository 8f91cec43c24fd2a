"""A process that lets one file after the other take over, to be killed at any moment."""

from __future__ import annotations

import sys
from pathlib import Path

from amalimart.orchestrate.rebuilding import compact, rebuild
from tests.orchestrate.landed_shop import LandedShop, tiny_models


def main() -> None:
    home, models, kind = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    with tiny_models(models):
        shop = LandedShop(home)
        shop.engine.compiled()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            work = rebuild if kind == "rebuild" else compact
            work(shop.engine, shop.clock, lambda _share, _what: None)


if __name__ == "__main__":
    main()
