"""One snapshot into a project's lake, in a process of its own so that its memory can be told apart.

Prints one JSON object: rows, seconds of the snapshot until its commit was durable, the highest resident
memory of the process in MB, CPU seconds.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from contextlib import closing
from pathlib import Path

from amalimart.config.project import open_project
from amalimart.core.clock import SystemClock
from amalimart.lake import Lake
from amalimart.orchestrate.project.mapping_files import load_mappings
from amalimart.orchestrate.sources.opening import open_source
from amalimart.sources import snapshot_stale


def main() -> None:
    """Entry of `python -m bench.snapshot_child --home HOME --source NAME`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--source", required=True)
    arguments = parser.parse_args()
    project = open_project(arguments.home)
    settings = project.settings.sources[arguments.source]
    mapping = load_mappings(project)[arguments.source]
    lake = Lake(project.lake, SystemClock())
    with (
        lake.writer(arguments.source) as writer,
        closing(open_source(project, arguments.source, settings)) as source,
    ):
        started = time.monotonic()
        commit = snapshot_stale(writer, source, mapping)
        seconds = time.monotonic() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    found = {
        "rows": commit.rows if commit else 0,
        "seconds": seconds,
        "megabytes": used.ru_maxrss / 1024,
        "cpu": used.ru_utime + used.ru_stime,
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
