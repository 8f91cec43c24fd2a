"""A process that erases Ama and ends at once at a point of it, as a kill would."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from amalimart.lake.lake import Lake
from amalimart.lake.tombstones import Tombstones
from amalimart.orchestrate.privacy import erasing
from amalimart.warehouse.file.generations import Generations
from tests.orchestrate.people_shop import PeopleShop

POINTS: dict[str, tuple[Any, str, bool]] = {
    "after the tombstone": (Tombstones, "add", True),
    "after the lake": (erasing, "erase_in_lake", True),
    "before the link": (Generations, "take_over", False),
    "at the end": (Lake, "purge", True),
}


def main() -> None:
    home, dies = Path(sys.argv[1]), sys.argv[2]
    owner, name, does_first = POINTS[dies]
    does: Callable[..., Any] = getattr(owner, name)

    def last_act(*given: Any, **named: Any) -> None:
        if does_first:
            does(*given, **named)
        os._exit(9)

    shop = PeopleShop(home)
    setattr(owner, name, last_act)
    shop.erased()


if __name__ == "__main__":
    main()
