"""Traces a project in a process of its own, which leaves the processors to whoever else wants them.

It is many seconds of Python: inside the engine every statement of a build, and every answer, would have to
wait for its turn with the interpreter.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
import threading
from typing import IO, Any

from amalimart.core.errors import WarehouseError
from amalimart.orchestrate.lineage.models import traced_models
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.planning.shapes import Shapes

_NICENESS = 10
_LOOK_SECONDS = 0.2


class TracingStopped(Exception):
    """Whoever asked for it is closing."""


def traced_apart(graph: CompiledGraph, shapes: Shapes, closing: threading.Event) -> dict[str, Any]:
    """The same as `traced_models`. Raises TracingStopped once `closing` is set; WarehouseError."""
    with tempfile.TemporaryFile() as given:
        pickle.dump((graph, shapes), given)
        given.seek(0)
        return _told_by([sys.executable, "-m", __name__], given, closing)


def _told_by(command: list[str], given: IO[bytes], closing: threading.Event) -> dict[str, Any]:
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=given, stdout=pipe, stderr=pipe) as process:  # noqa: S603 - ours
        while True:
            try:
                told, trouble = process.communicate(timeout=_LOOK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                if closing.is_set():
                    process.kill()
                    raise TracingStopped from None
    if process.returncode != 0:
        said = trouble.decode(errors="replace").strip().rpartition("\n")[2]
        raise WarehouseError(
            f"the lineage of the models could not be traced: {said or 'its process was stopped'}",
            where=f"a process of its own, which ended with {process.returncode}",
            next_step="try again; what is published is not affected",
        )
    return dict(json.loads(told))


def _main() -> None:
    os.nice(_NICENESS)
    graph, shapes = pickle.load(sys.stdin.buffer)  # noqa: S301 - written above by our own process
    json.dump(traced_models(graph, shapes), sys.stdout)


if __name__ == "__main__":
    _main()
