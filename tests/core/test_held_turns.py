"""How long turns were held: what the loop that builds releases makes way for."""

from __future__ import annotations

from contextlib import ExitStack, suppress

import pytest

from amalimart.core import admission
from amalimart.core.admission import Admission


class Watch:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch()
    monkeypatch.setattr(admission, "time", watch)
    return watch


def test_time_in_which_several_hold_a_turn_counts_once(watch: Watch) -> None:
    turns = Admission("questions", at_once=2, waiting=0, wait_seconds=0)
    watch.seconds += 5
    assert turns.held_seconds == 0
    with ExitStack() as first:
        first.enter_context(turns.turn())
        watch.seconds += 1
        with turns.turn():
            watch.seconds += 2
            assert turns.held_seconds == 3
        watch.seconds += 4
        assert turns.held_seconds == 7
    watch.seconds += 8
    assert turns.held_seconds == 7
    with turns.turn():
        watch.seconds += 0.5
    assert turns.held_seconds == 7.5


def test_a_turn_that_ends_in_an_error_is_over(watch: Watch) -> None:
    turns = Admission("questions", at_once=1, waiting=0, wait_seconds=0)
    with suppress(ValueError), turns.turn():
        watch.seconds += 1
        raise ValueError
    watch.seconds += 10
    assert turns.held_seconds == 1
