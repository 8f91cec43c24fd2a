"""What long work says on standard error."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from amalimart.observe.progress import announce, step

_FULL = Path("/dev/full")


@pytest.fixture
def full() -> Iterator[TextIO]:
    if not _FULL.exists():
        pytest.skip("needs /dev/full: run on Linux")
    with _FULL.open("wb", buffering=0) as device:
        yield io.TextIOWrapper(device, write_through=True)  # as standard error is


def test_a_line_that_cannot_be_written_is_lost_and_the_work_goes_on(full: TextIO) -> None:
    """Where the disk of standard error is full, a process that says so must not die of saying it."""
    announce("the disk is full", full)
    with step("reading", full) as shown:
        shown(1, 2, "rows")
        shown.warn("half of it")


def test_what_the_work_failed_of_is_what_is_raised(full: TextIO) -> None:
    with pytest.raises(LookupError, match="the work's own"), step("reading", full):
        raise LookupError("the work's own")


def test_one_line_a_step_and_one_a_warning() -> None:
    said = io.StringIO()
    with step("reading", said) as shown:
        shown.warn("a table is empty")
        shown.summary = "3 rows"
    warned, closed = said.getvalue().splitlines()
    assert warned == "  ! a table is empty"
    assert closed.startswith("  ✓ reading · 3 rows · ")
