"""Small writes are written into the file itself now and then, long before the engine does so by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from amalimart.warehouse.file import hot_file
from amalimart.warehouse.file.hot_file import HotFile


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HotFile]:
    monkeypatch.setattr(hot_file, "_WRITES_TO_A_CHECKPOINT", 10)
    file = HotFile(tmp_path / "warehouse.duckdb", readable_folders=[])
    with file.write() as cursor:
        cursor.execute("create table gold.some as select range as x from range(1000)")
    yield file
    file.close()


def change(file: HotFile, times: int) -> None:
    for _ in range(times):
        with file.write() as cursor:
            cursor.execute("delete from gold.some where x between 100 and 199")
            cursor.execute("insert into gold.some select range from range(100, 200)")


def test_deleted_rows_of_small_writes_do_not_pile_up(opened: HotFile) -> None:
    log = opened.path.with_name("warehouse.duckdb.wal")
    change(opened, 9)
    assert not log.exists() or log.stat().st_size == 0
    change(opened, 95)
    assert log.stat().st_size < 30_000
    with opened._cursor() as cursor:
        assert cursor.execute("select count(*), sum(x)::bigint from gold.some").fetchall() == [(1000, 499500)]


def test_who_reads_meanwhile_sees_what_was_there_before(opened: HotFile) -> None:
    with opened._cursor() as reading:
        reading.execute("begin transaction read only")
        assert reading.execute("select count(*) from gold.some").fetchall() == [(1000,)]
        with opened.write() as cursor:
            cursor.execute("delete from gold.some")
        change(opened, 30)
        assert reading.execute("select count(*) from gold.some").fetchall() == [(1000,)]
    with opened._cursor() as cursor:
        assert cursor.execute("select count(*) from gold.some").fetchall() == [(100,)]


def test_a_checkpoint_that_fails_takes_no_commit_back(
    opened: HotFile, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing:
        def execute(self, sql: str) -> None:
            raise duckdb.TransactionException(f"Cannot CHECKPOINT: {sql}")

    checkpoint = HotFile._checkpoint
    monkeypatch.setattr(HotFile, "_checkpoint", lambda self, _cursor: checkpoint(self, Refusing()))  # type: ignore[arg-type]
    change(opened, 12)
    assert "not written into the file yet" in caplog.text
    with opened._cursor() as cursor:
        assert cursor.execute("select count(*) from gold.some").fetchall() == [(1000,)]
