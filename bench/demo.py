"""make bench-demo: how long until the first page, how fast the first load, what a dashboard costs."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil

from amalimart.config.project import open_project
from amalimart.orchestrate.project.runtime_files import read_report
from amalimart.processes.client import EngineClient
from bench.figures import Figure, report
from tests.end_to_end.running_demo import RunningDemo, running_demo

LOADS = 40


def seconds_to_first_page(demo: RunningDemo, started: float) -> float:
    demo.wait_until_open()
    return time.monotonic() - started


def rows_per_second(demo: RunningDemo) -> float:
    """Rows of the first snapshot over the time its line names."""
    line = next(line for line in demo.printed.splitlines() if "✓ snapshot of" in line)
    parts = line.split(" · ")
    rows = int(parts[1].split()[0].replace(",", ""))
    return rows / float(parts[-1].split()[0])


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def cpu_ms_of_a_load(demo: RunningDemo, days: range) -> float:
    """Median CPU milliseconds of the engine for one dashboard: all tiles of the admin page.

    Every load asks for another range of days, so that no answer can be a kept one.
    """
    project = open_project(demo.home)
    engine = read_report(project.run, "engine")
    assert engine is not None
    process = psutil.Process(engine.pid)
    spent = []
    with EngineClient(project) as client:
        for day in days:
            before = cpu_seconds(process)
            client.get(
                f"/dashboards/admin?range=custom&from=2026-01-01&to=2026-{3 + day // 28:02}-{1 + day % 28:02}"
            )
            spent.append((cpu_seconds(process) - before) * 1000)
    return statistics.median(spent)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="bench-demo-") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        started = time.monotonic()
        with running_demo(home, "--live-rate", "0", orders=20_000) as demo:
            cold = seconds_to_first_page(demo, started)
            speed = rows_per_second(demo)
            time.sleep(3)
            first_time = cpu_ms_of_a_load(demo, range(LOADS))
        started = time.monotonic()
        with running_demo(home, "--live-rate", "0", orders=20_000) as demo:
            warm = seconds_to_first_page(demo, started)
    figures = [
        Figure("seconds to first page, empty folder", cold, "s", 60),
        Figure("seconds to first page, second start", warm, "s", 15),
        Figure("first load into the lake", speed, "rows/s", 100_000, at_most=False),
        Figure("dashboard load, engine CPU, nothing kept", first_time, "ms", 150),
    ]
    return report(figures)


if __name__ == "__main__":
    sys.exit(main())
