"""A process that lets one file after the other take over, to be killed at any moment or at the change."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from amalimart.orchestrate.releases.rebuilding import compact, rebuild
from amalimart.warehouse.file.generations import Generations
from tests.orchestrate.landed_shop import LandedShop, tiny_models


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    home, models, kind, dies = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    take_over = Generations.take_over

    def last_act(self: Generations, file: Path) -> None:
        if dies == "before the link":
            os._exit(9)
        take_over(self, file)
        if dies == "after the link":
            os._exit(9)

    Generations.take_over = last_act  # type: ignore[method-assign]
    with tiny_models(models):
        shop = LandedShop(home)
        shop.engine.compiled()
        say("ready")
        while True:
            work = rebuild if kind == "rebuild" else compact
            work(shop.engine, shop.clock, lambda _share, _what: None)
            say("took over")


if __name__ == "__main__":
    main()
