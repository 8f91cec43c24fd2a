"""Fetching the next piece while the present one is being worked on. Knows nothing of what it fetches."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def read_ahead(fetch: Callable[[], T | None]) -> Generator[T, None, None]:
    """What `fetch` returns, until it returns None, called one step ahead in a thread of its own.

    Never called twice at once. Leaving the generator waits for the call that is under way.
    """
    with ThreadPoolExecutor(1, "read-ahead") as thread:
        coming = thread.submit(fetch)
        while (piece := coming.result()) is not None:
            coming = thread.submit(fetch)
            yield piece
