"""The audit log: what is written is found, and whatever is done to it afterwards is found out."""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, event

from amalimart.access.audit_record import Link, Outcome, audit_keys
from amalimart.access.signing_secrets import new_secret
from amalimart.control.audit.decisions import entries
from amalimart.control.audit.head import Head, HeadFile
from amalimart.control.audit.reading import AuditFilter, list_records
from amalimart.control.audit.resealing import reseal
from amalimart.control.audit.verifying import MOST_BREAKS, verify
from amalimart.control.deciding import Decider
from amalimart.core.errors import AuditBroken, AuditUnavailable, ConfigError, RequestError
from tests.control.audit_trail import NOON, SECRET, Trail, asked

if TYPE_CHECKING:
    from tests.control.conftest import HandClock


@pytest.fixture
def trail(tmp_path: Path, clock: HandClock) -> Iterator[Trail]:
    clock.instant = NOON
    made = Trail(tmp_path, clock)
    yield made
    made.close()


def _sequences(trail: Trail, wanted: AuditFilter) -> list[int]:
    return [each.record.sequence for each in list_records(trail.engine, trail.keys, wanted, 100)]


def test_what_is_recorded_is_listed_and_whole(trail: Trail) -> None:
    trail.log.record(asked("gmv"))
    trail.log.record(asked("order_count", "kofi@b.test", Outcome.DENIED, NOON + timedelta(days=1)))
    assert trail.verify().is_whole
    newest, oldest = list_records(trail.engine, trail.keys, AuditFilter(), 10)
    assert newest.shape == {"questions": [{"metrics": ["order_count"]}]}
    assert (newest.record.outcome, newest.record.errors, newest.record.release_id) == ("denied", "denied", 7)
    assert (oldest.record.at, oldest.record.policy) == ("2026-03-02T12:00:00.000000Z", "f1")
    assert _sequences(trail, AuditFilter(subject=" Kofi@B.test ")) == [2]
    assert _sequences(trail, AuditFilter(outcome=Outcome.ANSWERED)) == [1]
    assert _sequences(trail, AuditFilter(since=NOON, before=NOON + timedelta(hours=1))) == [1]


def test_no_subject_can_be_read_or_guessed_without_the_key(trail: Trail) -> None:
    trail.log.record(asked(subject="ama@b.test"))
    for file in trail.folder.iterdir():
        content = file.read_bytes()
        assert b"ama@b.test" not in content
        assert sha256(b"ama@b.test").hexdigest().encode() not in content
    other = audit_keys(new_secret(), "AUDIT_KEY")
    assert other.subject("ama@b.test") != trail.keys.subject("ama@b.test")


@pytest.mark.parametrize(
    "secret", ["", "short", "x" * 64, "abababababababababababababababababab", "change-me"]
)
def test_a_weak_key_is_refused(secret: str) -> None:
    with pytest.raises(ConfigError, match="too weak"):
        audit_keys(secret, "AUDIT_KEY")


def test_many_who_ask_at_once_share_commits_and_lose_nothing(trail: Trail) -> None:
    commits = 0

    @event.listens_for(trail.engine, "commit")
    def _count(_connection: object) -> None:
        nonlocal commits
        commits += 1

    many, inside = 60, threading.Barrier(61)

    def ask(number: int) -> None:
        inside.wait()
        trail.log.record(asked(subject=f"{number}@b.test"))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(many)]
    with trail.head.locked():  # the first one stands here, while the others come
        for thread in threads:
            thread.start()
        inside.wait()
    for thread in threads:
        thread.join()
    assert commits < many / 4
    verdict = trail.verify()
    assert (verdict.records, verdict.breaks) == (many, ())
    assert (
        len({each.record.subject for each in list_records(trail.engine, trail.keys, AuditFilter(), 99)})
        == many
    )


def test_two_writers_of_one_log_make_one_chain(trail: Trail) -> None:
    other = Trail(trail.folder)
    for _ in range(3):
        trail.log.record(asked())
        other.log.record(asked())
    other.close()
    assert (trail.verify().records, trail.verify().breaks) == (6, ())


def test_the_log_is_whole_at_every_moment_that_it_is_written(trail: Trail) -> None:
    is_enough = threading.Event()
    looks = 0

    def write() -> None:
        while not is_enough.is_set():
            trail.log.record(asked())

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while looks < 3 or trail.verify().records < 15:
            assert trail.verify().breaks == ()
            looks += 1
    finally:
        is_enough.set()
        writer.join()
    assert trail.verify().breaks == ()


def test_of_many_breaks_the_first_few_are_named(trail: Trail) -> None:
    for _ in range(30):
        trail.log.record(asked())
    trail.sql("update audit_log set role = 'x'")
    found = trail.verify().breaks
    assert [each.sequence for each in found] == list(range(1, MOST_BREAKS + 1))


def test_a_record_that_cannot_be_written_is_an_error_and_the_next_one_can(trail: Trail) -> None:
    trail.log.record(asked())
    trail.sql("create trigger full before insert on audit_log begin select raise(abort, 'no'); end")
    with pytest.raises(AuditUnavailable) as caught:
        trail.log.record(asked())
    assert caught.value.retryable
    trail.sql("drop trigger full")
    trail.log.record(asked())
    assert (trail.verify().records, trail.verify().breaks) == (2, ())


def test_without_a_place_for_the_head_nothing_is_recorded(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(HeadFile, "write", full)
        with pytest.raises(AuditUnavailable):
            trail.log.record(asked())
    assert trail.verify().records == 0
    trail.log.record(asked())
    assert trail.verify().is_whole


class _Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("committed", [False, True])
def test_a_writer_killed_in_between_leaves_a_whole_log(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, *, committed: bool
) -> None:
    """Between the intention and the commit, and between the commit and its confirmation."""
    trail.log.record(asked())
    written = HeadFile.write

    def killed(self: HeadFile, head: Head, *, is_synced: bool = True) -> None:
        if head.intended is not None:
            written(self, head, is_synced=is_synced)
        if committed is (head.intended is None):
            raise _Killed

    with monkeypatch.context() as patched:
        patched.setattr(HeadFile, "write", killed)
        with pytest.raises(_Killed):
            trail.log.record(asked())
    assert (trail.verify().records, trail.verify().breaks) == (2 if committed else 1, ())
    trail.log.record(asked())
    assert trail.verify().is_whole


@pytest.mark.parametrize(
    "damage",
    [
        "delete from audit_log where sequence = 3",
        "delete from audit_log",
        "update audit_log set sequence = 4 where sequence = 3",
    ],
)
def test_a_log_that_was_cut_or_added_to_is_not_written_to(trail: Trail, damage: str) -> None:
    for _ in range(3):
        trail.log.record(asked())
    trail.sql(damage)
    with pytest.raises(AuditBroken) as caught:
        trail.log.record(asked())
    assert not caught.value.retryable
    assert caught.value.next_step == "amalimart audit verify"
    assert not trail.verify().is_whole


def test_a_broken_log_goes_on_by_somebodys_word_and_vouches_only_for_what_comes(trail: Trail) -> None:
    for _ in range(4):
        trail.log.record(asked())
    trail.sql("update audit_log set role = 'vendor' where sequence = 2")
    trail.sql("delete from audit_log where sequence = 4")
    with pytest.raises(RequestError):
        reseal(trail.engine, trail.head, trail.keys, trail.clock, Decider("Ama", "operator"), " ")
    end = reseal(trail.engine, trail.head, trail.keys, trail.clock, Decider("Ama", "operator"), "disk lost")
    trail.log.record(asked())
    verdict = trail.verify()
    assert (end.sequence, verdict.records, verdict.unvouched, verdict.breaks) == (3, 1, 3, ())
    (entry,) = entries(trail.control)
    assert entry.details == {"sequence": 3, "by": "Ama", "reason": "disk lost"}


def test_old_records_go_and_the_rest_stays_whole(tmp_path: Path, clock: HandClock) -> None:
    clock.instant = NOON
    trail = Trail(tmp_path, clock, keep_days=30)
    for day in range(3):
        trail.log.record(asked(f"metric_{day}", at=NOON + timedelta(days=day)))
    clock.forward(timedelta(days=31, hours=1))
    trail.log.record(asked("metric_2", at=clock.instant))
    verdict = trail.verify()
    assert (verdict.begins_after, verdict.records, verdict.breaks) == (2, 2, ())
    assert len(trail.sql("select * from audit_shapes")) == 1
    clock.forward(timedelta(days=1000))
    trail.log.record(asked(at=clock.instant))
    assert (trail.verify().begins_after, trail.verify().breaks) == (3, ())  # the newest that was there stays
    trail.sql("delete from audit_checkpoints")
    assert not trail.verify().is_whole
    trail.close()


def test_altered_records_are_not_trimmed_away_before_anybody_looks(tmp_path: Path, clock: HandClock) -> None:
    clock.instant = NOON
    trail = Trail(tmp_path, clock, keep_days=30)
    for _ in range(4):
        trail.log.record(asked())
    trail.sql("update audit_log set outcome = 'denied' where sequence = 2")
    clock.forward(timedelta(days=60))
    trail.log.record(asked(at=clock.instant))
    (found, *_) = trail.verify().breaks
    assert found.sequence == 2
    trail.close()


def test_an_end_that_was_noted_elsewhere_shows_that_an_older_copy_was_put_back(trail: Trail) -> None:
    """Database and head of yesterday fit each other: only who noted today's end can tell."""
    trail.log.record(asked())
    kept = [tuple(row) for row in trail.sql("select * from audit_log")], trail.head.path.read_bytes()
    trail.log.record(asked())
    noted = trail.verify().end
    trail.sql("delete from audit_log where sequence = 2")
    trail.head.path.write_bytes(kept[1])
    assert verify(trail.engine, trail.head, trail.keys).is_whole
    assert not verify(trail.engine, trail.head, trail.keys, noted).is_whole
    assert verify(trail.engine, trail.head, trail.keys, Link(1, str(kept[0][0][-1]))).is_whole


def test_the_chain_is_what_the_decision_record_says(trail: Trail) -> None:
    """Computed here by hand from the documented format."""
    trail.log.record(asked())
    trail.log.record(replace(asked(), release_id=None))
    key = hmac.new(SECRET.encode(), b"amalimart audit records 1", sha256).digest()
    previous = "0" * 64
    for *values, mac in trail.sql("select * from audit_log order by sequence"):
        message = json.dumps([1, previous, *values], separators=(",", ":")).encode()
        assert hmac.new(key, message, sha256).hexdigest() == mac
        previous = str(mac)


def test_commits_are_synced(trail: Trail) -> None:
    def mode(engine: Engine) -> object:
        with engine.connect() as connection:
            return connection.exec_driver_sql("pragma synchronous").scalar()

    assert (mode(trail.engine), mode(trail.control)) == (2, 1)
