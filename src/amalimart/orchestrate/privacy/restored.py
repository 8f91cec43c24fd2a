"""Erasing again in a project that was made of a backup, before anybody can open it with those people in it.

A warehouse that the backup held is left out where somebody has to go: it is built again from the lake.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from amalimart.config.project import Project, open_project
from amalimart.control.store import open_control_store
from amalimart.core.clock import Clock
from amalimart.core.errors import ConfigError
from amalimart.lake.tombstones import FOLDER, Tombstones
from amalimart.orchestrate.privacy import erasing
from amalimart.orchestrate.privacy.under_way import ErasureUnderWay
from amalimart.orchestrate.project.lake_opening import open_lake
from amalimart.orchestrate.project.mapping_files import load_mappings


def tombstones_of(home: Path) -> Path:
    """Where a project keeps who was erased in it. Raises ConfigError where nobody was."""
    found = open_project(home).lake / FOLDER
    if not found.is_dir():
        raise ConfigError(
            "nobody was erased in that project",
            where=str(home),
            expected="the project that the backup is of",
            next_step="leave --erased-in out, if nobody was erased since the backup",
        )
    return found


def have_erased_again(home: Path, told: Iterable[Path]) -> None:
    """Bring the tombstones into a project in the making, and say that an erasure is under way there.

    Raises ConfigError for those of another project.
    """
    stones = Tombstones(home / "data" / "lake")
    if sum(stones.take_from(folder) for folder in told):
        ErasureUnderWay(home).begin()


def erase_again(project: Project, clock: Clock) -> None:
    """Erase in the lake and the records of a project that nobody has opened yet. Raises LakeError.

    Cut off, it is taken up when the engine starts.
    """
    under_way = ErasureUnderWay(project.home)
    if not under_way.is_there:
        return
    project.hot_file.unlink(missing_ok=True)
    mappings = load_mappings(project)
    with (
        closing(open_lake(project, clock)) as lake,
        closing(open_control_store(project.control_database, clock)) as control,
    ):
        found = erasing.traces_of_erased(lake, mappings, clock)
        erasing.forget_in_control(control.engine, found, project, lake.tombstones)
        for source in mappings:
            erasing.erase_in_lake(lake, source)
        erasing.purge(lake)
    under_way.end()
