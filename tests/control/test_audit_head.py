"""The head of the audit log is one sector that is written over: whole, with one sync, whatever happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from amalimart.access.audit_record import BEGINNING, Link, signature
from amalimart.control.audit import head as heads
from amalimart.control.audit.head import SECTOR, Head
from amalimart.core.errors import AuditBroken
from tests.control.audit_trail import Trail, asked

FAR = Link(2**63 - 1, "f" * 64)


@pytest.fixture
def trail(tmp_path: Path) -> Iterator[Trail]:
    made = Trail(tmp_path)
    yield made
    made.close()


def test_every_head_is_a_sector_long_and_stays_where_it_is(trail: Trail) -> None:
    before = trail.head.path.stat()
    for head in (Head(BEGINNING), Head(FAR, FAR), Head(FAR)):
        trail.head.write(head)
        assert trail.head.read() == head
        after = trail.head.path.stat()
        assert (after.st_ino, after.st_size) == (before.st_ino, SECTOR)


def test_a_group_syncs_the_head_once_and_before_the_records_are_there(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, Head]] = []
    real = heads._sync_content

    def sync(descriptor: int) -> None:
        count = trail.sql("select count(*) from audit_log")[0][0]
        seen.append((int(str(count)), trail.head.read()))
        real(descriptor)

    monkeypatch.setattr(heads, "_sync_content", sync)
    trail.log.record(asked())
    [(records, head)] = seen
    assert (records, head.reached, head.intended is not None) == (0, BEGINNING, True)
    assert trail.head.read().intended is None


def test_a_confirmation_that_was_lost_with_the_power_is_not_missed(trail: Trail) -> None:
    trail.log.record(asked())
    confirmed = trail.head.read()
    trail.head.write(Head(BEGINNING, confirmed.reached))  # the disk had only the intention
    assert trail.verify().is_whole
    trail.log.record(asked())
    assert (trail.verify().records, trail.verify().breaks) == (2, ())


def test_a_head_that_ends_with_its_text_is_read_and_becomes_a_sector(trail: Trail) -> None:
    trail.log.record(asked())
    reached = trail.head.read().reached
    parts = (reached.sequence, reached.mac)
    text = json.dumps({"head": list(parts), "signature": signature(trail.keys.head, *parts)})
    trail.head.path.write_text(f"{text}\n")
    assert trail.verify().is_whole
    trail.log.record(asked())
    assert trail.verify().is_whole
    assert trail.head.path.stat().st_size == SECTOR


def test_a_head_that_was_taken_away_is_not_made_anew_by_writing(trail: Trail) -> None:
    trail.log.record(asked())
    trail.head.path.rename(trail.folder / "elsewhere")
    with pytest.raises(OSError, match=r"audit\.head"):
        trail.head.write(Head(BEGINNING))
    with pytest.raises(AuditBroken, match="not there"):
        trail.log.record(asked())
    assert not trail.head.path.exists()
