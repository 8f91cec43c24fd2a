"""A process that records is killed at any moment: what it promised is there, and the log is whole."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.control.audit_trail import Trail, asked

_RECORDS_ON = """
import sys, threading
from pathlib import Path
from tests.control.audit_trail import Trail, asked

trail = Trail(Path(sys.argv[1]))

def record():
    while True:
        trail.log.record(asked())
        sys.stdout.write("recorded\\n")
        sys.stdout.flush()

for _ in range(4):
    threading.Thread(target=record).start()
"""


@pytest.mark.slow
def test_a_killed_process_leaves_a_whole_log_with_all_that_it_promised(tmp_path: Path) -> None:
    dice = random.Random(7)  # noqa: S311 - moments, not secrets
    promised = 0
    Trail(tmp_path).close()
    for _ in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", _RECORDS_ON, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "recorded\n"
        time.sleep(dice.random() / 2)
        process.kill()
        promised += 1 + process.stdout.read().count("recorded\n")
        process.wait()
        process.stdout.close()
        trail = Trail(tmp_path)
        verdict = trail.verify()
        assert verdict.breaks == ()
        assert verdict.records >= promised
        trail.log.record(asked())
        promised += 1
        trail.close()
    assert promised > 40
