"""A thread that gives way is nicer than the others of its process, and so are those that it starts."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

import pytest

from amalimart.core.giving_way import NICENESS, give_way

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows the niceness of a thread")


def in_a_thread(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_only_the_thread_that_asks_and_its_own_give_way() -> None:
    before, seen = niceness(), {}

    def asks() -> None:
        give_way()
        seen["itself"] = niceness()
        in_a_thread(lambda: seen.update(its_own=niceness()))
        in_a_thread(asks_too)

    def asks_too() -> None:
        give_way()
        seen["one that asks again"] = niceness()

    in_a_thread(asks)
    in_a_thread(lambda: seen.update(another=niceness()))
    nicer = dict.fromkeys(("itself", "its_own", "one that asks again"), before + NICENESS)
    assert seen == {**nicer, "another": before}
    assert niceness() == before


def test_one_that_may_not_goes_on_as_an_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: int) -> None:
        raise PermissionError

    before = niceness()
    monkeypatch.setattr(os, "setpriority", forbidden)
    give_way()
    assert niceness() == before
