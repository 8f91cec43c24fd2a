"""Follows the lake: publishes a release soon after each commit, and says when that fails.

Whatever goes wrong, the thread goes on: the error is logged, shown as `last_error`, and it is tried again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from amalimart.core.errors import AmalimartError, Internal
from amalimart.core.giving_way import give_way
from amalimart.observe.metrics import BUILD_FAILURES
from amalimart.observe.spans import RELEASE_BUILD
from amalimart.observe.work import Work, working
from amalimart.orchestrate.engine import Engine
from amalimart.warehouse.executor import BuildReport

_LOOK_SECONDS = 0.25
_RETRY_SECONDS = 10.0
_LONGEST_REST = 10.0
_REMEMBERED = 100

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Building:
    """How far the build under way is: the share from 0 to 1, and what is being made."""

    share: float
    what: str


class RefreshLoop:
    """A thread that keeps the published release up with the lake until it is told to stop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="refresh", daemon=True)
        self.building: Building | None = None
        self.last_report: BuildReport | None = None
        self.last_report_at: float | None = None
        self.last_error: AmalimartError | None = None
        self.seconds: dict[int, float] = {}
        self.has_looked = False
        self.at_rest: Callable[[], None] = lambda: None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask the loop to end and wait for a build that is under way."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        give_way()
        while not self._stop.is_set():
            read_before = self._engine.hot_file.read_seconds
            ok = self.refresh_once()
            # As long a pause as people's questions shared the machine with the build: answering them comes
            # before being a second fresher.
            rest = min(self._engine.hot_file.read_seconds - read_before, _LONGEST_REST)
            self._stop.wait(max(_LOOK_SECONDS, rest) if ok else _RETRY_SECONDS)

    def refresh_once(self) -> bool:
        """One look at the lake. False where publishing failed and should be tried later."""
        with working(RELEASE_BUILD) as work:
            return self._refresh(work)

    def _refresh(self, work: Work) -> bool:
        started = time.monotonic()
        try:
            report = self._engine.refresh(self._note_progress)
        except AmalimartError as error:
            self.last_error = error
            work.fail(error.code)
            BUILD_FAILURES.add(reason=error.code)
            log.error("release not published", extra={"error": error.as_dict()})  # noqa: TRY400 - typed
            return False
        except Exception as defect:
            # A defect of ours must not end the thread: people would look at old figures and not know it.
            self.last_error = Internal(
                f"the release could not be built: {type(defect).__name__}",
                next_step="see the engine's log; it is tried again",
            )
            self.last_error.__cause__ = defect
            work.fail(Internal.code)
            BUILD_FAILURES.add(reason=Internal.code)
            log.exception("release not published")
            return False
        finally:
            self.building = None
            self.has_looked = True
        self.last_error = None
        if report is not None:
            self.took(report)
            self.last_report_at = time.monotonic()
            release_id = report.release.release_id
            work.set(release_id=release_id, models=report.models, rows=report.rows)
            log.info(
                "release published",
                extra={
                    "release_id": release_id,
                    "models": report.models,
                    "rows": report.rows,
                    "warnings": len(report.warnings),
                    "seconds": round(time.monotonic() - started, 3),
                },
            )
        else:
            work.forget()
            self.at_rest()
        return True

    def took(self, report: BuildReport) -> None:
        """Tell readers of a release, whoever built it."""
        self.seconds[report.release.release_id] = report.seconds
        for forgotten in sorted(self.seconds)[:-_REMEMBERED]:
            self.seconds.pop(forgotten, None)
        if self.last_report is None or self.last_report.release.release_id < report.release.release_id:
            self.last_report = report

    def _note_progress(self, done: int, total: int, what: str) -> None:
        self.building = Building(done / total if total else 0.0, what)
