"""Killed between finding a trouble and telling of it: the message goes out all the same, and as one."""

from __future__ import annotations

import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.delivery.smtp_receiver import Receiver, smtp_server

pytestmark = pytest.mark.slow
CANARY = "Serwaa"
CHANNEL = """\
notify:
  channels:
    ops:
      kind: email
      host: 127.0.0.1
      port: {port}
      tls: none
      sender: a@shop.example
      recipients: [ops@shop.example]
"""


@contextmanager
def killed_at_the_end(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, *command], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(30)


def eventually(what: str, holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


def messages(database: Path) -> list[tuple[str, str, int]]:
    """Message id, state and tries of every message."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as opened:
        return list(opened.execute("select message_id, state, attempts from notifications"))


@pytest.mark.parametrize(("stop_at", "letters"), [("recorded", 1), ("begun", 1), ("taken", 2)])
def test_killed_at_any_point_it_is_one_message(tmp_path: Path, stop_at: str, letters: int) -> None:
    script = str(Path(__file__).with_name("watching_process.py"))
    receiver = Receiver()
    database = tmp_path / "control.db"
    with smtp_server(receiver) as port:
        with killed_at_the_end(script, str(tmp_path), str(port), stop_at):
            eventually("the point", (tmp_path / "reached").exists)
            eventually("the record", lambda: len(messages(database)) == 1)
        [(message_id, state, _)] = messages(database)
        assert state == "queued"
        assert len(receiver.letters) == letters - 1
        with killed_at_the_end(script, str(tmp_path), str(port), "never"):
            eventually("the letter", lambda: [each[1] for each in messages(database)] == ["sent"])
            time.sleep(1)
    assert [each[0] for each in messages(database)] == [message_id]
    assert {each["Message-ID"] for each in receiver.letters} == {f"<{message_id}@shop.example>"}
    assert len(receiver.letters) == letters


def test_an_engine_that_is_killed_while_it_tells_of_a_broken_model_tells_of_it_again(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert shell.run(*shell.ingest()).returncode == 0
    model = "select order_id, cast('Ama Serwaa' as integer) as n from {{ ref('fact_orders') }}\n"
    (shell.home / "models").mkdir(exist_ok=True)
    (shell.home / "models" / "my_orders.sql").write_text("{{ config(schema='gold') }}\n" + model)
    settings = shell.home / "amalimart.yml"
    engine = ("-m", "amalimart.processes.engine", "--home", str(shell.home))
    database = shell.home / "data" / "control.db"
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as free:
        smtp, http = silent.getsockname()[1], free.getsockname()[1]
        free.close()
        text = settings.read_text().replace("port: 8000", f"port: {http}")
        settings.write_text(text + CHANNEL.format(port=smtp))
        with killed_at_the_end(*engine):
            eventually(
                "a try", lambda: database.exists() and [each[2] for each in tried(database)] == [1], 120
            )
    [(message_id, state, _)] = messages(database)
    assert state == "queued"
    receiver = Receiver()
    with smtp_server(receiver) as port:
        settings.write_text(text + CHANNEL.format(port=port))
        with killed_at_the_end(*engine):
            eventually("the letter", lambda: len(receiver.letters) == 1, 120)
            eventually("the mark", lambda: [each[1] for each in messages(database)] == ["sent"])
            listed = shell.run("incident", "list")
            assert "The release could not be built (model_failed)" in listed.stdout, listed.stderr
            taken = shell.run("incident", "ack", "1", "--by", "Ama", "--reason", "on it")
            assert taken.stdout == "acknowledged: incident 1 by Ama\n", taken.stderr
            tested = shell.run("notify", "test", "ops")
            assert tested.returncode == 0, tested.stderr
    told, test = receiver.letters
    assert told["Message-ID"] == f"<{message_id}@shop.example>"
    assert "This is a test" in test["Subject"]
    assert CANARY not in told.as_string()
    log = (shell.home / "logs" / "engine.log").read_text()
    assert "model_failed" in log
    assert CANARY not in log
    assert CANARY.encode() not in database.read_bytes()
    assert [each[1] for each in messages(database)] == ["sent"]


def tried(database: Path) -> list[tuple[str, str, int]]:
    """The messages, once there is such a table."""
    try:
        return messages(database)
    except sqlite3.OperationalError:
        return []
