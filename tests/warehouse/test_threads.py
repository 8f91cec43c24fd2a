"""A build of many small statements works alone, and whoever comes next has all threads again."""

from __future__ import annotations

from pathlib import Path

import pytest

from amalimart.core.errors import WarehouseError
from amalimart.warehouse.file.hot_file import HotFile, work_alone

ASKED = "select current_setting('threads')"


def fail_alone(hot_file: HotFile) -> None:
    with hot_file.write() as cursor:
        work_alone(cursor)
        cursor.execute("select nothing from nowhere")


def test_who_works_alone_leaves_the_others_their_threads(tmp_path: Path) -> None:
    hot_file = HotFile(tmp_path / "warehouse.duckdb", readable_folders=[])
    with hot_file.write() as cursor:
        (before,) = cursor.execute(ASKED).fetchall()
        work_alone(cursor)
        assert cursor.execute(ASKED).fetchall() == [(1,)]
    with hot_file.write() as cursor:
        assert cursor.execute(ASKED).fetchall() == [before]
    with pytest.raises(WarehouseError):
        fail_alone(hot_file)
    with hot_file.write() as cursor:
        assert cursor.execute(ASKED).fetchall() == [before]
    hot_file.close()
