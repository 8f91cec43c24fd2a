"""kill -9 at many random moments, aimed so that none of the narrow windows is left out by chance.

An aim waits for a sign on disk or in the source and lets the dice choose the moment after it; which
window was hit is read from what is left, never from what was aimed at.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from amalimart.config.project import Project
from amalimart.lake import Lake
from amalimart.orchestrate.sources.resnapshots import pending_resnapshot, request_resnapshot
from tests.faults.disk_traces import MAGIC, Phase, Reader, Traces, phase_of
from tests.faults.hurried_ingest import CROWDED
from tests.faults.ingest_process import HURRIED, PLAIN, IngestProcess
from tests.faults.lake_oracle import SOURCE, opened

_PATIENCE = 8.0
_MOST_PATIENCE = 60.0  # for the sign of a moment that chance did not hit; a busy machine starts slowly
_MORE_LIVES = 30


class Aim(StrEnum):
    """What a kill waits for before the dice decide."""

    CLOCK = "clock"
    DATA_FILE = "data file"
    BULK_FILE = "data file of a large transaction"
    JOURNAL = "journal"
    COMMIT = "commit"
    CAPTURE = "capture"
    SEAL = "data file of a seal"


_SHOWN_BY = {Phase.HANDOVER: Aim.CAPTURE, Phase.SEALING: Aim.SEAL, Phase.SPILLING: Aim.BULK_FILE}
"""What shows a moment that the dice did not hit: lives that are left for one of them wait for its sign, and
no longer. On a busy machine an ingest that is killed every few seconds has so much to make up for that it
does nothing but large transactions; one that is waited for gets beyond them."""


class Capture(Protocol):
    """What the source remembers of the one who follows it."""

    def look(self) -> object:
        """What the source holds for a follower, a slot; something else once that is made anew."""
        ...

    def settled(self) -> None:
        """Wait until the source has noticed that its follower is dead."""
        ...

    def is_confirmed(self, traces: Traces) -> bool:
        """Whether the source was told of everything the lake holds, or needs not be told."""
        ...

    def tells_again(self, traces: Traces) -> bool:
        """Whether the source can tell the lake's last batch again."""
        ...


class Onlooker(threading.Thread):
    """Reads the lake all the while, as the engine does. What it has seen must never be taken back."""

    def __init__(self, home: Path) -> None:
        super().__init__(name="onlooker", daemon=True)
        self.lake = opened(home)
        self.version = 0
        self.looks = 0
        self.failure: BaseException | None = None
        self.looking = threading.Lock()
        self._ended = threading.Event()

    def run(self) -> None:
        try:
            while not self._ended.wait(0.08):
                with self.looking:
                    latest = self.lake.latest(SOURCE)
                    version = latest.version if latest else 0
                    assert version >= self.version, f"version {self.version} was taken back to {version}"
                    self.version = version
                    self.looks += 1
        except BaseException as error:  # noqa: BLE001 - told in the test's own thread
            self.failure = error

    def stop(self) -> Lake:
        self._ended.set()
        self.join(10)
        if self.failure is not None:
            raise self.failure
        return self.lake


@dataclass
class Tally:
    """What the kills hit."""

    phases: Counter[Phase] = field(default_factory=Counter)
    power_cuts: int = 0

    @property
    def kills(self) -> int:
        return sum(self.phases.values())

    def __str__(self) -> str:
        parts = [f"{phase} {self.phases[phase]}" for phase in Phase if self.phases[phase]]
        return f"{self.kills} kills ({', '.join(parts)}; {self.power_cuts} records torn by a power cut)"


class Killer:
    """Lets one ingest process after the other live for a moment."""

    def __init__(
        self,
        project: Project,
        capture: Capture,
        seed: int,
        *,
        bulk_table: str,
        onlooker: Onlooker,
    ) -> None:
        self._project = project
        self._home = home = project.home
        self._capture = capture
        self._dice = random.Random(seed)  # noqa: S311 - moments to kill at, not secrets
        self._folder = home / "data" / "lake" / SOURCE
        self._reader = Reader(self._folder)
        self._bulk_table = bulk_table
        self._onlooker = onlooker
        self.tally = Tally()

    @property
    def has_commits(self) -> bool:
        return self._reader.read().has_commits

    def copying_lives(self, count: int, aims: tuple[Aim, ...], *until: Phase) -> None:
        """Lives that each begin with a snapshot of everything; one that was done is asked for again."""
        self._lives(count, aims, until, copying=True)

    def lives(self, count: int, aims: tuple[Aim, ...], *until: Phase) -> None:
        """Start and kill that many processes, and some more where a moment was never hit."""
        self._lives(count, aims, until, copying=False)

    def _lives(self, count: int, aims: tuple[Aim, ...], until: tuple[Phase, ...], *, copying: bool) -> None:
        most = count + _MORE_LIVES
        for life in range(most):
            missed = [phase for phase in until if not self.tally.phases[phase]]
            if life >= count and not missed:
                return
            if copying and self.has_commits and pending_resnapshot(self._project, SOURCE) is None:
                request_resnapshot(self._project, SOURCE)
            shown_by = _SHOWN_BY.get(missed[0]) if life >= count else None
            module = HURRIED if shown_by is not None or self._dice.random() < 0.75 else PLAIN
            process = IngestProcess(self._home, module)
            self._live(process, shown_by or self._dice.choice(aims), at_once=shown_by is not None)
        names = [phase.value for phase in until if not self.tally.phases[phase]]
        assert not names, f"in {most} lives no kill hit {names}: {self.tally}"

    def _live(self, process: IngestProcess, aim: Aim, *, at_once: bool) -> None:
        before = self._capture.look()
        copying = pending_resnapshot(self._project, SOURCE) is not None or not self.has_commits
        process.start()
        try:
            self._wait_for(aim, process, at_once=at_once)
            following = process.report().get("state") == "following"
        finally:
            process.give_up()
        copying = copying and (pending_resnapshot(self._project, SOURCE) is not None or not self.has_commits)
        self._capture.settled()
        with self._onlooker.looking:
            traces = self._reader.read()
            phase = phase_of(
                traces,
                was_following=following,
                slot_is_new=self._capture.look() not in (before, []),
                is_confirmed=self._capture.is_confirmed(traces),
                copying=copying,
                bulk_table=self._bulk_table,
                crowded=CROWDED,
            )
            self.tally.phases[phase] += 1
            if self._capture.tells_again(traces) and self._dice.random() < 0.5:
                self._cut_power(traces)
        if self._onlooker.failure is not None:
            raise self._onlooker.failure

    def _wait_for(self, aim: Aim, process: IngestProcess, *, at_once: bool) -> None:
        dice = self._dice
        if aim is Aim.CLOCK:
            time.sleep(dice.uniform(0.3, 4.0))
            return
        looks: dict[Aim, tuple[Callable[[], object], float]] = {
            Aim.DATA_FILE: (self._data_files, dice.choice((0.003, 0.02, 0.3))),
            Aim.BULK_FILE: (self._bulk_files, dice.choice((0.003, 0.03))),
            Aim.JOURNAL: (self._journal_size, 0.003),
            Aim.COMMIT: (self._commit_files, dice.choice((0.001, 0.01))),
            Aim.CAPTURE: (self._capture.look, dice.choice((0.01, 0.3, 1.0))),
            Aim.SEAL: (self._files_of_a_seal, 0.003),
        }
        look, spread = looks[aim]
        copying = pending_resnapshot(self._project, SOURCE) is not None
        patient = self.has_commits and not copying and aim is not Aim.BULK_FILE
        signs = dice.choice((1, 1, 2, 5)) if patient else 1
        until = time.monotonic() + (_MOST_PATIENCE if at_once else _PATIENCE)
        before = look()
        while time.monotonic() < until and process.ended is None:
            now = look()
            if now != before:
                before = now
                signs -= bool(now)
                if signs <= 0:
                    break
            time.sleep(0.0005 if aim is not Aim.CAPTURE else 0.01)
        time.sleep(dice.uniform(0, 0.0 if at_once else spread))

    def _data_entries(self) -> Iterator[os.DirEntry[str]]:
        for table in _entries(self._folder / "data"):
            yield from _entries(Path(table.path))

    def _data_files(self) -> object:
        return {entry.name for entry in self._data_entries()}

    def _files_of_a_seal(self) -> object:
        """Data files younger than the last record of the open segment, as those of its seal are."""
        with suppress(FileNotFoundError):  # sealed in the meantime, and taken away
            segments = [entry.stat() for entry in _entries(self._folder / "journal")]
            since = max((each.st_mtime_ns for each in segments if each.st_size > len(MAGIC)), default=None)
            if since is not None:
                return {entry.name for entry in self._data_entries() if entry.stat().st_mtime_ns > since}
        return set()

    def _bulk_files(self) -> object:
        return {entry.name for entry in _entries(self._folder / "data" / self._bulk_table)}

    def _journal_size(self) -> object:
        sizes = []
        for entry in _entries(self._folder / "journal"):
            with suppress(FileNotFoundError):  # the process has sealed it since and taken it away
                sizes.append((entry.name, entry.stat().st_size))
        return sizes

    def _commit_files(self) -> object:
        return {entry.name for entry in _entries(self._folder / "commits")}

    def _cut_power(self, traces: Traces) -> None:
        """Tear the last record, as a power cut may: nobody was told of it, and nobody has read it."""
        if traces.segment is None or not traces.records:
            return
        version, _, start = traces.records[-1]
        if version <= self._onlooker.version:
            return
        size = traces.segment.stat().st_size
        os.truncate(traces.segment, self._dice.randrange(start + 1, size))
        self.tally.power_cuts += 1


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return list(os.scandir(folder))
    except FileNotFoundError:
        return []
