"""A demo that runs as its own processes, for tests that look at the whole product."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from amalimart.config.secrets import read_secrets

START_SECONDS = 120.0


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def amalimart(*arguments: str) -> list[str]:
    """The command line of the product, by this interpreter."""
    return [sys.executable, "-c", "from amalimart.cli import main; main()", *arguments]


class RunningDemo:
    """The processes of one demo and where to reach it."""

    def __init__(self, process: subprocess.Popen[str], home: Path, port: int, log: Path) -> None:
        self.process = process
        self.home = home
        self.address = f"http://127.0.0.1:{port}"
        self._log = log

    @property
    def printed(self) -> str:
        return self._log.read_text()

    @property
    def shop(self) -> str:
        """The DSN of the simulated shop: the independent side of every comparison."""
        return read_secrets(self.home)["SHOP_URL"]

    def processes(self) -> list[psutil.Process]:
        """Every process whose command line names the demo's folder."""
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if str(self.home) in " ".join(process.info["cmdline"] or ())
        ]

    def wait_until_open(self) -> None:
        started = time.monotonic()
        while "Open http" not in self.printed:
            assert self.process.poll() is None, self.printed
            assert time.monotonic() - started < START_SECONDS, self.printed
            time.sleep(0.1)

    def interrupt(self) -> int:
        """Ctrl-C, and the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@contextmanager
def running_demo(home: Path, *options: str, orders: int = 2000) -> Iterator[RunningDemo]:
    """A demo in `home`, stopped at the end whatever happens."""
    port = free_port()
    log = home.parent / f"{home.name}-{port}.log"
    command = amalimart("demo", "--home", str(home), "--orders", str(orders), "--port", str(port), *options)
    with log.open("w") as stream:
        process = subprocess.Popen(
            command, stderr=stream, stdout=stream, text=True, start_new_session=True, env=dict(os.environ)
        )
    demo = RunningDemo(process, home, port, log)
    try:
        yield demo
    finally:
        if process.poll() is None:
            demo.interrupt()
        for left in demo.processes():
            left.kill()
