"""A process that trades and publishes in a whole shop, over and over, to be killed at any moment.

For each line it reads it lives once: a child of its own that has all modules and the compiled project from
the start, so that a life is spent on publishing.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from amalimart.warehouse.graph import CompiledGraph
from tests.warehouse.whole_shop import WholeShop


def main() -> None:
    folder = Path(sys.argv[1])
    graph = WholeShop(folder, has_hot_file=False).graph()
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            live(folder, graph)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)
        sys.stdout.write("dead\n")
        sys.stdout.flush()


def live(folder: Path, graph: CompiledGraph) -> None:
    """Until it is killed."""
    shop = WholeShop(folder)
    while True:
        shop.trade()
        shop.publish(graph)
        sys.stdout.write("published\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
