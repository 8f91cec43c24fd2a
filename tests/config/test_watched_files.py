"""Files are read anew when they were written, added, replaced or removed, and not otherwise."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from amalimart.config.watched_files import WatchedFiles, stamp_of


class Reader:
    """Reads all files of a folder, and counts how often."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.times = 0

    def __call__(self) -> dict[str, str]:
        self.times += 1
        found = {path.name: path.read_text() for path in sorted(self.folder.glob("*.yml"))}
        if "wrong" in found.values():
            raise ValueError("one is wrong")
        return found


def watched(folder: Path, reader: Reader) -> WatchedFiles[dict[str, str]]:
    return WatchedFiles(lambda: stamp_of(folder), reader)


def test_each_kind_of_change_is_seen_once(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    files = watched(tmp_path, reader)
    assert files.current() == {}
    (tmp_path / "a.yml").write_text("1")
    assert files.current() == {"a.yml": "1"}
    (tmp_path / "a.yml").write_text("22")
    assert files.current() == files.current() == {"a.yml": "22"}
    (tmp_path / "b.tmp").write_text("33")
    (tmp_path / "b.tmp").replace(tmp_path / "a.yml")
    assert files.current() == {"a.yml": "33"}
    (tmp_path / "a.yml").rename(tmp_path / "c.yml")
    assert files.current() == {"c.yml": "33"}
    (tmp_path / "c.yml").unlink()
    assert files.current() == {}
    assert reader.times == 6


def test_a_replaced_file_of_the_same_size_and_time_is_another(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_text("1")
    files = watched(tmp_path, Reader(tmp_path))
    told = path.stat()
    other = tmp_path / "other"
    other.write_text("2")
    os.utime(other, ns=(told.st_atime_ns, told.st_mtime_ns))
    other.replace(path)
    assert path.stat().st_mtime_ns == told.st_mtime_ns
    assert files.current() == {"a.yml": "2"}


def test_a_mistake_is_told_each_time_until_it_is_mended(tmp_path: Path) -> None:
    files = watched(tmp_path, Reader(tmp_path))
    (tmp_path / "a.yml").write_text("wrong")
    for _ in range(2):
        with pytest.raises(ValueError, match="one is wrong"):
            files.current()
    (tmp_path / "a.yml").write_text("right again")
    assert files.current() == {"a.yml": "right again"}


def test_files_are_looked_at_so_often_and_no_oftener(tmp_path: Path) -> None:
    now = [0.0]
    files = WatchedFiles(lambda: stamp_of(tmp_path), Reader(tmp_path), look_every=0.5, clock=lambda: now[0])
    (tmp_path / "a.yml").write_text("1")
    now[0] = 0.4
    assert files.current() == {}
    now[0] = 0.5
    assert files.current() == {"a.yml": "1"}
    (tmp_path / "a.yml").unlink()
    now[0] = 0.9
    assert files.current() == {"a.yml": "1"}
    now[0] = 1.0
    assert files.current() == {}


def test_many_who_ask_at_once_read_once(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    files = watched(tmp_path, reader)
    (tmp_path / "a.yml").write_text("1")
    begin, seen = threading.Barrier(8), []

    def ask() -> None:
        begin.wait()
        seen.append(files.current())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [{"a.yml": "1"}] * 8
    assert reader.times == 2


def test_a_stamp_looks_below_where_it_is_asked_to_and_at_a_folder_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "fr.yml").write_text("1")
    assert stamp_of(tmp_path) == ()
    assert [each[0] for each in stamp_of(tmp_path, "**/*.yml")] == ["texts/fr.yml"]
    assert stamp_of(tmp_path / "not there") == ()
