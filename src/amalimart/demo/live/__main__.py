"""`python -m amalimart.demo.live --dsn ...`: the live loop as a process of its own; SIGTERM ends it."""

from __future__ import annotations

import argparse
import signal
import sys
from threading import Event
from types import FrameType

from amalimart.core.clock import SystemClock
from amalimart.core.errors import AmalimartError
from amalimart.demo.live.loop import DEFAULT_RATE, run_live


def main(arguments: list[str] | None = None) -> int:
    """Run until a signal comes; 0 after a clean stop, the error's exit code otherwise."""
    parser = argparse.ArgumentParser(
        prog="python -m amalimart.demo.live", description="Place live orders in the demo shop."
    )
    parser.add_argument("--dsn", required=True, help="libpq URL of the demo shop")
    parser.add_argument(
        "--rate", type=_rate, default=DEFAULT_RATE, help="orders a second (default %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=None, help="repeat the same dice")
    options = parser.parse_args(arguments)
    stop = Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    try:
        placed = run_live(options.dsn, stop, SystemClock(), options.rate, seed=options.seed)
    except AmalimartError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stderr.write(f"the demo shop placed {placed} orders\n")
    return 0


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1000 orders a second")
    return rate


if __name__ == "__main__":
    sys.exit(main())
