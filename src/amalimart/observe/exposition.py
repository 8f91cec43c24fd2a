"""The figures of several processes as one text for Prometheus.

Each process that is not the engine leaves its text in a file beside its report, every few seconds; who is
asked for all of them puts them together. A file that cannot be read counts as not there.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from amalimart.observe.metrics import CACHE_LOOKUPS

_EVERY_SECONDS = 5.0


def merged(texts: Iterable[str]) -> str:
    """The texts as one, each metric once with all of its values."""
    from prometheus_client import CollectorRegistry, Metric, generate_latest  # noqa: PLC0415 - as heavy as the SDK
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415
    from prometheus_client.registry import Collector  # noqa: PLC0415

    families: dict[str, Metric] = {}
    for text in texts:
        try:
            read = list(text_string_to_metric_families(text))
        except ValueError:
            continue
        for family in read:
            families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            families[family.name].samples += family.samples

    class _Merged(Collector):
        def collect(self) -> Iterator[Metric]:
            yield from families.values()

    registry = CollectorRegistry()
    registry.register(_Merged())
    return generate_latest(registry).decode()


def cache_lookups(text: str) -> dict[tuple[str, str], float]:
    """(What is kept, hit or miss) -> how often, as a text for Prometheus says."""
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415

    return {
        (sample.labels["cache"], sample.labels["result"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == CACHE_LOOKUPS.name
    }


def kept_exposition(file: Path) -> str:
    """What a process left there; empty where there is nothing."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


class KeptExposition:
    """Keeps a file up with what a process has counted, while the block lasts; it goes with the process."""

    def __init__(self, file: Path, exposition: Callable[[], str], every: float = _EVERY_SECONDS) -> None:
        self._file = file
        self._exposition = exposition
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="figures", daemon=True)

    def _run(self) -> None:
        while True:
            self._write()
            if self._stop.wait(self._every):
                return

    def _write(self) -> None:
        fresh = self._file.with_suffix(f".{os.getpid()}.tmp")
        with contextlib.suppress(OSError):  # a full disk costs the figures, not the process
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(self._exposition(), encoding="utf-8")
            fresh.replace(self._file)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._file.unlink(missing_ok=True)
