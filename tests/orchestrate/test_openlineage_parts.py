"""The parts that lineage events go through: a queue that never waits, files of bounded size, settings."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import pytest

from amalimart.config.project import open_project
from amalimart.core.errors import ConfigError
from amalimart.orchestrate.openlineage.event_file import EventFile
from amalimart.orchestrate.openlineage.outbox import Outbox


def test_what_does_not_fit_is_dropped_at_once_counted_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate, taken = threading.Event(), list[int]()

    def slow(item: int) -> None:
        gate.wait(10)
        taken.append(item)

    outbox = Outbox("test", slow, capacity=2)
    started = time.monotonic()
    kept = [outbox.offer(number) for number in range(50)]
    assert time.monotonic() - started < 1
    assert outbox.dropped == kept.count(False) >= 47
    assert [record.message for record in caplog.records] == ["lineage events dropped"]
    gate.set()
    outbox.close(10)
    assert taken == [number for number, is_kept in enumerate(kept) if is_kept]
    assert not outbox.offer(99)


def test_what_cannot_be_delivered_is_tried_again_then_dropped_and_the_next_goes_on() -> None:
    tried = list[str]()

    def fails(item: str) -> None:
        tried.append(item)
        if item == "bad" or tried.count("late") == 1:
            raise OSError("away")

    outbox = Outbox("test", fails, capacity=9, attempts=3, pause=0.001)
    for item in ("bad", "late", "good"):
        outbox.offer(item)
    outbox.close(10)
    assert tried == ["bad", "bad", "bad", "late", "late", "good"]
    assert outbox.dropped == 1


def test_a_queue_that_was_never_used_closes_at_once() -> None:
    outbox = Outbox("test", logging.debug, capacity=1)
    outbox.close(60)
    assert not outbox.offer("late")


def test_files_are_rotated_and_bounded_and_no_write_is_split(tmp_path: Path) -> None:
    file = EventFile(tmp_path / "events", keep_bytes=5_000)
    for number in range(200):
        file.append([f"{number:04d} {'x' * 95}", f"{number:04d} second"])
    files = sorted((tmp_path / "events").iterdir())
    assert len(files) == 5
    assert sum(path.stat().st_size for path in files) <= 5_000
    for path in files:
        numbers = [line[:4] for line in path.read_text().splitlines()]
        assert numbers[::2] == numbers[1::2]
    assert list(file.lines_about("0199")) == [f"0199 {'x' * 95}", "0199 second"]
    newest = [line[:4] for line in file.lines_about(" second")]
    assert newest == sorted(newest)
    assert newest[-1] == "0199"


def test_nothing_is_written_for_nothing(tmp_path: Path) -> None:
    EventFile(tmp_path / "events", 1).append([])
    assert not (tmp_path / "events").exists()


@pytest.mark.parametrize(
    ("lineage", "complaint"),
    [
        ("{http_url: 'ftp://x'}", "not an http"),
        ("{http_url: 'http://user:word@x'}", "holds a user or password"),
        ("{http_url: 'http://x', api_key: plain}", "secret:NAME"),
        ("{api_key: 'secret:X'}", "belongs to a `http_url`"),
        ("{keep_mb: 0}", "keep_mb"),
        ("{htp_url: 'http://x'}", "unknown key 'htp_url'"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_line(tmp_path: Path, lineage: str, complaint: str) -> None:
    (tmp_path / "amalimart.yml").write_text(f"name: shop\nlineage: {lineage}\n")
    with pytest.raises(ConfigError, match=complaint) as refused:
        open_project(tmp_path)
    assert refused.value.where == f"{tmp_path / 'amalimart.yml'}:2"
