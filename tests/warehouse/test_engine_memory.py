"""How much memory the engine may take: what is said, else a share of the machine or of its container."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from amalimart.config.project import SETTINGS_FILE, open_project
from amalimart.core import memory
from amalimart.core.clock import FixedClock
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.project.init import init_project
from amalimart.warehouse.file.hot_file import HotFile

GIB = 1024**3


def test_the_engine_takes_no_more_than_is_said(tmp_path: Path) -> None:
    hot_file = HotFile(tmp_path / "warehouse.duckdb", readable_folders=[], memory_bytes=GIB)
    with hot_file.records() as cursor:
        (limit,) = cursor.execute("select current_setting('memory_limit')").fetchone() or ()
        assert limit == "1.0 GiB"
        with pytest.raises(duckdb.Error, match="locked"):
            cursor.execute("set memory_limit = '2GiB'")
    hot_file.close()


def test_a_project_says_how_much_its_engine_may_take(tmp_path: Path) -> None:
    init_project(tmp_path / "home")
    file = tmp_path / "home" / SETTINGS_FILE
    file.write_text(file.read_text().replace("serve: {", "serve: {limits: {engine_memory_mb: 700}, "))
    clock = FixedClock(datetime(2026, 3, 10, 12, tzinfo=UTC))
    engine = Engine(open_project(tmp_path / "home"), clock)
    with closing(engine), engine.hot_file.records() as cursor:
        assert cursor.execute("select current_setting('memory_limit')").fetchone() == ("700.0 MiB",)


def test_where_nothing_is_said_it_takes_a_share_of_its_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "memory.max").write_text(f"{GIB}\n")
    monkeypatch.setattr(memory, "CONTAINER", tmp_path)
    hot_file = HotFile(tmp_path / "warehouse.duckdb", readable_folders=[])
    with closing(hot_file), hot_file.records() as cursor:
        assert cursor.execute("select current_setting('memory_limit')").fetchone() == ("614.0 MiB",)
