"""Requests to an object store: several at a time, and what it answers in errors of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from amalimart.core.errors import LakeError, LakeUnreachable
from amalimart.core.object_store import ObjectStoreError, Trouble

T = TypeVar("T")

_TRANSFERS = 8


@contextmanager
def answers(doing: str) -> Iterator[None]:
    """What the store says while something is done, as an error of ours."""
    try:
        yield
    except ObjectStoreError as error:
        if error.trouble is Trouble.UNREACHABLE:
            raise LakeUnreachable(
                f"the object store does not answer as it should while {doing}: {error.said}",
                where=error.key,
                next_step="check the network and the endpoint; it is tried again",
            ) from error
        raise LakeError(
            f"the object store does not do as asked while {doing}: {error.said}",
            where=error.key,
            expected="a bucket, and credentials that may list, read, write and delete objects there",
            next_step="correct `lake` in the settings, the credentials, or the policy of the bucket",
        ) from error


def all_at_once(task: Callable[[T], None], things: Sequence[T]) -> None:
    """Run a task for every one, several at a time; the first error is raised when all have ended."""
    if not things:
        return
    with ThreadPoolExecutor(min(_TRANSFERS, len(things)), "transfer") as pool:
        for ended in [pool.submit(task, thing) for thing in things]:
            ended.result()
