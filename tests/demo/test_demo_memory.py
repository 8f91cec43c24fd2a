"""A large marketplace is generated in bounded memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

# The peak is VmHWM: ru_maxrss of a child starts at what its parent had in use.
_PROGRAM = """
from datetime import date
from pathlib import Path
from amalimart.demo.copy_binary import encoded
from amalimart.demo.generator.marketplace import Marketplace
from amalimart.demo.generator.scenario import Scenario
for rows in Marketplace(Scenario({orders}, 7, date(2025, 6, 16))).tables():
    for block in encoded(rows):
        pass
print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024)
"""


def _peak_megabytes(orders: int) -> int:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(orders=orders)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.slow
def test_three_times_the_orders_take_hardly_more_memory() -> None:
    large, larger = _peak_megabytes(200_000), _peak_megabytes(600_000)
    assert large < 350
    assert larger < 1.35 * large
