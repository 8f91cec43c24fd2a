"""Making the hot file anew beside the one that serves, and letting it take over: by building, or by copying.

rebuild   every table is built from the lake alone, and held against what is served
compact   the tables are copied, so that what deleted rows and blocks took is given back

Both follow the lake until the moment of the change, at which nothing is published for a blink. Whatever
goes wrong or dies before, the old file serves on and the new one is cleared away.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from amalimart.core.clock import Clock
from amalimart.core.errors import DiskFull, TooLittleMemory, WarehouseError
from amalimart.core.memory import free_memory_bytes
from amalimart.orchestrate.engine import Engine
from amalimart.warehouse.executor import BuildReport
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.file.opening import most_memory_bytes
from amalimart.warehouse.file.swapping import (
    Comparison,
    carry_history,
    compare,
    copy_tables,
    create_views,
    hold_still,
)

_LEAST_MEMORY = 512 * 1024**2
_MOST_NEEDED = 4 * 1024**3
_SHARE_OF_FREE = 0.6
_ROOM = 1.25
_LEAST_DISK = 64 * 1024**2
_ROUNDS = 20
_COMPARING, _TAKING_OVER = 0.85, 0.95

Told = Callable[[float, str], None]
"""Called with the share that is done, from 0 to 1, and what is being done."""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What a fresh file brought: bytes of the old and of the new one, and how their tables differed.

    comparison  None where the tables were copied, or not to be compared
    report      of the release of its own; None where the releases are the very same
    """

    bytes_before: int
    bytes_after: int
    comparison: Comparison | None
    release_id: int
    report: BuildReport | None


def rebuild(engine: Engine, clock: Clock, tell: Told, *, compares: bool = True) -> TakenOver:
    """Build everything anew from the lake. Raises WarehouseError, DiskFull; the old file then serves on.

    Unless it `compares`, nothing is published into the old file meanwhile.
    """
    with _fresh_file(engine, clock, tell) as fresh:
        with closing(fresh.opened()) as hot_file:
            built = fresh.follow(hot_file)
        if built is None:
            raise WarehouseError("nothing has been landed yet", next_step="amalimart up")
        comparison = fresh.compared() if compares else None
        taken = fresh.take_over(own_release=True)
        published = engine.hot_file.latest_release()
        report = replace(built, release=published) if published else None
        if report is not None:
            engine.tell_of(report)
        return replace(taken, comparison=comparison, report=report)


def compact(engine: Engine, clock: Clock, tell: Told) -> TakenOver:
    """Copy what is served. Raises WarehouseError, DiskFull; the old file then serves on."""
    with _fresh_file(engine, clock, tell) as fresh:
        fresh.opened().close()
        tell(0.0, "copying the tables")
        with engine.hot_file.beside(fresh.file) as cursor:
            views = copy_tables(cursor)
        with closing(fresh.opened()) as hot_file:
            create_views(hot_file, views, engine.lake_state().tables)
        return fresh.take_over(own_release=False)


def copy_beside(engine: Engine, clock: Clock, tell: Told) -> Path:
    """Leave a copy of what is served beside it, whole and closed, and return where it is."""
    with _fresh_file(engine, clock, tell, is_kept=True) as fresh:
        fresh.opened().close()
        tell(0.0, "copying the tables")
        with engine.hot_file.beside(fresh.file) as cursor:
            views = copy_tables(cursor)
        with closing(fresh.opened()) as hot_file:
            create_views(hot_file, views, engine.lake_state().tables)
        return fresh.file


@dataclass(frozen=True, slots=True)
class _FreshFile:
    """A hot file in the making beside the one of an engine."""

    engine: Engine
    clock: Clock
    tell: Told
    file: Path
    memory_bytes: int

    def opened(self) -> HotFile:
        folders = [self.engine.project.lake]
        return HotFile(self.file, readable_folders=folders, memory_bytes=self.memory_bytes)

    def follow(self, hot_file: HotFile) -> BuildReport | None:
        """Publish into the file until it holds what the lake does, and return the first report."""
        executor = self.engine.executor_beside(hot_file)
        first = None
        for number in range(_ROUNDS):
            with self.engine.held():
                graph = self.engine.compiled()
            tell = self._building if number == 0 else _silent
            report = executor.publish(graph, self.engine.lake_state(), tell)
            if report is None:
                break
            first = first or report
        return first

    def _building(self, done: int, total: int, what: str) -> None:
        self.tell(_COMPARING * done / max(total, 1), what)

    def compared(self) -> Comparison:
        """How the two differ: both at the lake's position of one moment, if the served one can get there."""
        self.tell(_COMPARING, "comparing with what is served")
        with ExitStack() as compared:
            with self.engine.held():
                graph, state = self.engine.compiled(), self.engine.lake_state()
                with closing(self.opened()) as hot_file:
                    self.engine.executor_beside(hot_file).publish(graph, state)
                with suppress(WarehouseError):  # held back: it is behind then, and the comparison says so
                    self.engine.publish(graph, state)
                cursor = compared.enter_context(self.engine.hot_file.beside(self.file))
                at_one_position = hold_still(cursor)
            return compare(cursor, at_one_position=at_one_position)

    def take_over(self, *, own_release: bool) -> TakenOver:
        """Follow up to this moment and let the file take over, while nothing else is published.

        A file that was built holds a release of its own; one that was copied must hold the served one.
        """
        served = self.engine.hot_file
        before = served.bytes
        with closing(self.opened()) as hot_file:
            self.follow(hot_file)
        self.tell(_TAKING_OVER, "taking over")
        with self.engine.held():
            graph, state = self.engine.compiled(), self.engine.lake_state()
            with closing(self.opened()) as hot_file:
                self.engine.executor_beside(hot_file).publish(graph, state)
            if not own_release:
                self.engine.publish(graph, state)
            with served.beside(self.file) as cursor:
                if not own_release and not hold_still(cursor):
                    raise WarehouseError(
                        "the copy does not hold what is served",
                        where=str(self.file),
                        next_step="try again; the old file serves on",
                    )
                release_id = carry_history(cursor, own_release=own_release, published_at=self.clock.now())
            served.take_over(self.file)
        return TakenOver(before, served.bytes, None, release_id, None)


@contextmanager
def _fresh_file(engine: Engine, clock: Clock, tell: Told, *, is_kept: bool = False) -> Iterator[_FreshFile]:
    """A file that is gone at the end of the block unless it took over, or is to be kept."""
    memory = _memory_to_use(engine.hot_file)
    _require_disk(engine.hot_file)
    file = engine.hot_file.fresh_file()
    try:
        yield _FreshFile(engine, clock, tell, file, memory)
    except BaseException:
        engine.hot_file.discard(file)  # does nothing to the one that serves
        raise
    if not is_kept:
        engine.hot_file.discard(file)


def require_room(engine: Engine) -> None:
    """See that a second file can be made beside the one that serves. Raises TooLittleMemory, DiskFull."""
    _memory_to_use(engine.hot_file)
    _require_disk(engine.hot_file)


def _memory_to_use(served: HotFile) -> int:
    """How much the second engine may take. Raises TooLittleMemory."""
    needed = max(_LEAST_MEMORY, min(served.bytes // 2, _MOST_NEEDED))
    free = free_memory_bytes()
    if free is None:
        free = most_memory_bytes()  # the engine's own limit stands
    if free < needed:
        raise TooLittleMemory(
            f"a second warehouse needs {needed:,} bytes of memory, and {free:,} are free",
            expected=f"{needed:,} bytes",
            next_step="stop other programs, or do it at another hour; nothing was changed",
        )
    return min(max(needed, int(free * _SHARE_OF_FREE)), served.memory_bytes)


def _require_disk(served: HotFile) -> None:
    needed = int(served.bytes * _ROOM) + _LEAST_DISK
    free = shutil.disk_usage(served.path.parent).free
    if free < needed:
        raise DiskFull(
            f"a second warehouse needs {needed:,} bytes on the disk, and {free:,} are free",
            where=str(served.path.parent),
            expected=f"{needed:,} bytes",
            next_step="free some space; nothing was changed",
        )


def _silent(_done: int, _total: int, _what: str) -> None:
    """Progress nobody watches."""
