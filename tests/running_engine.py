"""A project's engine process alone, on a free port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running_engine(home: Path) -> Iterator[None]:
    """Commands on the project are answered by it meanwhile."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = home / "amalimart.yml"
    settings.write_text(settings.read_text().replace("port: 8000", f"port: {port}"))
    process = subprocess.Popen(
        [sys.executable, "-m", "amalimart.processes.engine", "--home", str(home)],
        env={**os.environ, "AMALIMART_HOME": str(home)},
    )
    try:
        deadline = time.monotonic() + 120
        while not (home / "run" / "engine.json").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(60)
