"""How a benchmark reports: one line a figure, the machine and the versions, exit 1 on a missed target."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from amalimart import __version__


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value and its target; `at_most` says on which side of the target is good."""

    name: str
    value: float
    unit: str
    target: float
    at_most: bool = True

    @property
    def is_met(self) -> bool:
        return self.value <= self.target if self.at_most else self.value >= self.target

    def __str__(self) -> str:
        side = "at most" if self.at_most else "at least"
        verdict = "ok" if self.is_met else "MISSED"
        return f"{self.name}: {self.value:,.2f} {self.unit} (target {side} {self.target:,g}) {verdict}"


def report(figures: list[Figure]) -> int:
    """Print every figure and return the exit code."""
    print(f"machine: {_machine()}")
    packages = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "dbt-core", "pyarrow", "fastapi"))
    print(f"versions: amalimart {__version__}, Python {sys.version.split()[0]}, {packages}")
    for figure in figures:
        print(figure)
    return 0 if all(figure.is_met for figure in figures) else 1


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    cpuinfo = Path("/proc/cpuinfo")
    names = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    model = next((n.partition(":")[2].strip() for n in names if n.startswith("model name")), "")
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} × {model or platform.machine()}, {memory:.0f} GiB, load at start {load:.1f}"
