"""Any one thing that is done to the log or its head without the key is found."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amalimart.access.audit_record import Outcome
from amalimart.core.clock import FixedClock
from tests.control.audit_trail import NOON, Trail, asked

RECORDS = 8
TRIMMED = 2
TEXTS = [
    "at", "subject", "role", "door", "kind", "shape_hash", "policy", "outcome", "errors", "mac", "release_id",
]  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log whose first records were trimmed."""
    folder = tmp_path_factory.mktemp("written")
    for number in range(RECORDS):
        # Opened anew for each: an open log looks only now and then for what it keeps no longer.
        trail = Trail(folder, FixedClock(NOON + timedelta(days=100)), keep_days=90)
        day = NOON + timedelta(days=number + 8)
        outcome = Outcome.DENIED if number % 3 else Outcome.ANSWERED
        trail.log.record(asked(f"metric_{number % 4}", f"{number % 3}@b.test", outcome, day))
        trail.close()
    trail = Trail(folder)
    verdict = trail.verify()
    assert (verdict.begins_after, verdict.records, verdict.breaks) == (TRIMMED, RECORDS - TRIMMED, ())
    trail.sql("pragma wal_checkpoint(truncate)")
    trail.close()
    return folder


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _edit(column: str, sequence: int, text: str) -> str:
    return f"update audit_log set {column} = {_quoted(text)} where sequence = {sequence}"


def _swap(one: int, other: int) -> list[str]:
    moved = ", ".join(TEXTS)
    return [
        "create temp table held as select * from audit_log",
        *(
            f"update audit_log set ({moved}) = (select {moved} from held where held.sequence = {source})"
            f" where sequence = {target}"
            for source, target in ((one, other), (other, one))
        ),
    ]


def _renumber(one: int, other: int) -> list[str]:
    return [
        f"update audit_log set sequence = {new} where sequence = {old}"
        for old, new in ((one, -1), (other, one), (-1, other))
    ]


_NUMBERS = st.integers(TRIMMED + 1, RECORDS)
_PAIRS = st.lists(_NUMBERS, min_size=2, max_size=2, unique=True)
_SHAPE = "(select rowid from audit_shapes limit 1 offset {})"
_WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), max_size=12)

_STATEMENTS = st.one_of(
    st.builds(_edit, st.sampled_from(TEXTS), _NUMBERS, _WORDS),
    st.builds("delete from audit_log where sequence = {}".format, _NUMBERS),
    st.builds("delete from audit_log where sequence > {}".format, st.integers(0, RECORDS - 1)),
    st.builds("delete from audit_log where sequence < {}".format, st.integers(TRIMMED + 2, RECORDS + 1)),
    st.builds(
        "insert into audit_log select {}, at, subject, role, door, kind, shape_hash, policy, release_id,"
        " outcome, errors, mac from audit_log where sequence = {}".format,
        st.one_of(st.integers(-5, TRIMMED), st.integers(RECORDS + 1, RECORDS + 3)),
        _NUMBERS,
    ),
    st.builds(
        "update audit_shapes set shape = {} where rowid in {}".format,
        _WORDS.map(_quoted),
        st.integers(0, 3).map(_SHAPE.format),
    ),
    st.builds(
        "delete from audit_shapes where rowid in {}".format,
        st.integers(0, 3).map(_SHAPE.format),
    ),
    st.just("delete from audit_checkpoints"),
    st.builds("update audit_checkpoints set sequence = {}".format, st.integers(-1, RECORDS + 1)),
    st.builds(
        lambda column, text: f"update audit_checkpoints set {column} = {_quoted(text)}",
        st.sampled_from(["mac", "reason", "made_at", "signature"]),
        st.one_of(_WORDS, st.just("resealed")),
    ),
)


DAMAGES = st.one_of(
    _STATEMENTS.map(lambda statement: [statement]),
    _PAIRS.map(lambda pair: _swap(*pair)),
    _PAIRS.map(lambda pair: _renumber(*pair)),
)


@settings(max_examples=40, deadline=None)
@given(damage=DAMAGES)
def test_whatever_is_done_to_the_records_is_found(written: Path, damage: list[str]) -> None:
    with TemporaryDirectory() as place:
        folder = Path(place) / "log"
        shutil.copytree(written, folder)
        trail = Trail(folder, FixedClock(NOON + timedelta(days=100)), keep_days=90)
        tables = ("audit_log", "audit_shapes", "audit_checkpoints")
        before = [trail.sql(f"select * from {table} order by 1") for table in tables]
        with trail.control.connect() as connection:
            for statement in damage:
                connection.exec_driver_sql(statement)
            connection.commit()
        after = [trail.sql(f"select * from {table} order by 1") for table in tables]
        assert trail.verify().is_whole == (before == after)
        trail.close()


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_whatever_is_done_to_the_head_is_found(written: Path, data: st.DataObject) -> None:
    trail = Trail(written)
    content = trail.head.path.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    damaged = data.draw(
        st.one_of(
            st.just(content[:place]),
            st.integers(0, 255).map(lambda octet: content[:place] + bytes([octet]) + content[place + 1 :]),
            st.binary(max_size=8).map(lambda more: content[:place] + more + content[place:]),
            st.just(None),
        )
    )
    try:
        trail.head.path.unlink() if damaged is None else trail.head.path.write_bytes(damaged)
        assert trail.verify().is_whole == (damaged == content)
    finally:
        trail.head.path.write_bytes(content)
        trail.close()
