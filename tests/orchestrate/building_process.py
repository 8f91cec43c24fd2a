"""A process that stops in the middle of building a release that is told of, to be killed there."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from amalimart.orchestrate.openlineage.observing import observe
from tests.orchestrate.landed_shop import LandedShop, tiny_models


def main() -> None:
    home, models = Path(sys.argv[1]), Path(sys.argv[2])

    def stay(done: int, _total: int, _what: str) -> None:
        if done == 1:
            sys.stdout.write("building\n")
            sys.stdout.flush()
            threading.Event().wait(60)

    with tiny_models(models):
        shop = LandedShop(home)
        observe(shop.engine, shop.clock, describes=False)
        shop.land(("2", "20"))
        shop.engine.refresh(stay)


if __name__ == "__main__":
    main()
