"""Taking a backup of a project while it runs: its settings and files, its users, and the lake at one commit.

The manifest is written last: a folder without one is no backup. The warehouse is not needed, since it is
built from the lake; where it is to be in, whoever calls brings a copy that the engine made.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from amalimart import __version__
from amalimart.config.project import SETTINGS_FILE, Project
from amalimart.config.secrets import secrets_file
from amalimart.control.copying import copy_database
from amalimart.control.database import open_database
from amalimart.control.privacy.erasures import note_backup
from amalimart.core.clock import Clock
from amalimart.core.errors import ConfigError, DamagedLake, LakeError
from amalimart.lake import Lake
from amalimart.lake.cutting import Cut, CutFile
from amalimart.lake.durable import guarded, sync_folder
from amalimart.lake.tombstones import FOLDER as TOMBSTONES
from amalimart.orchestrate.backups.manifest import (
    FILES,
    MANIFEST,
    OVERLAYS,
    BackupFile,
    BackupSource,
    Manifest,
)
from amalimart.orchestrate.project.auditing import untouched
from amalimart.orchestrate.project.lake_opening import open_lake
from amalimart.warehouse.executor import Progress

_TRIES = 5
_NO_LINKS = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.EACCES}


def back_up(
    project: Project, target: Path, clock: Clock, progress: Progress, warehouse: Path | None = None
) -> Manifest:
    """Write a backup into a folder that is new or empty, and return what it holds.

    Raises ConfigError for the folder, DamagedLake, DiskFull; what was written of it is then no backup.
    """
    target = target.absolute()
    _require_place(project, target)
    with guarded("writing the backup", target, lambda: "the project is as it was"):
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        taking = _Taking(target / FILES, progress)
        for path in _own_files(project):
            taking.copy(path, path.relative_to(project.home).as_posix())
        if project.control_database.is_file():
            copied = taking.place("data/control.db")
            with untouched(project):
                copy_database(project.control_database, copied)
                if project.audit_head.is_file():
                    taking.copy(project.audit_head, "data/audit.head")
            taking.took("data/control.db", copied)
        for path in sorted((project.lake / TOMBSTONES).glob("[!.]*")):
            taking.copy(path, path.relative_to(project.home).as_posix())
        if warehouse is not None:
            taking.link(warehouse, "data/warehouse.duckdb")
        lake = open_lake(project, clock)
        try:
            cuts = [taking.source(lake, name) for name in lake.sources()]
        finally:
            lake.close()
        manifest = Manifest(
            product=__version__,
            created_at=clock.now(),
            kept_in=project.settings.lake.prefix,
            sources=tuple(
                BackupSource(cut.source, cut.identity, cut.version, cut.fresh_as_of) for cut in cuts
            ),
            files=tuple(taking.files.values()),
        )
        taking.sync()
        _publish(target / MANIFEST, manifest.encoded())
    _remember(project, target, manifest)
    return manifest


def _remember(project: Project, target: Path, manifest: Manifest) -> None:
    """Note where the backup is: whoever is erased later is still in it."""
    if project.control_database.is_file():
        database = open_database(project.control_database)
        note_backup(database, target, manifest.created_at)
        database.dispose()


class _Taking:
    """The files taken so far."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        self.files: dict[str, BackupFile] = {}
        self._folder = folder
        self._progress = progress

    def place(self, path: str) -> Path:
        """Where a file goes, in a folder that exists."""
        found = self._folder / path
        found.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return found

    def copy(self, source: Path, path: str, length: int | None = None) -> None:
        """Take the bytes of a file, or so many of them, as they are now."""
        placed = self.place(path)
        mode = source.stat().st_mode & 0o777
        descriptor = os.open(placed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with source.open("rb") as stream, os.fdopen(descriptor, "wb") as copy:
            left = source.stat().st_size if length is None else length
            while left and (piece := stream.read(min(left, 1 << 20))):
                copy.write(piece)
                left -= len(piece)
            copy.flush()
            os.fsync(copy.fileno())
        placed.chmod(mode)
        self.took(path, placed)

    def link(self, source: Path, path: str) -> None:
        """Take a file that never changes: under a second name where the disk is the same."""
        try:
            os.link(source, self.place(path))
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self.copy(source, path)
        else:
            self.took(path, source)

    def took(self, path: str, placed: Path) -> None:
        """Note a file with its checksum."""
        digest = hashlib.sha256()
        with placed.open("rb") as stream:
            size = 0
            while piece := stream.read(1 << 20):
                digest.update(piece)
                size += len(piece)
        self.files[path] = BackupFile(path, size, digest.hexdigest(), placed.stat().st_mode & 0o777)
        self._progress(len(self.files), 0, path)

    def source(self, lake: Lake, name: str) -> Cut:
        """Take one source at one commit. A file that was cleared away meanwhile makes it begin anew."""
        for _ in range(_TRIES):
            cut = lake.cut(name)
            if cut is None:
                break
            try:
                for file in cut.files:
                    self._cut_file(cut, file, f"data/lake/{name}/{file.path}")
            except FileNotFoundError:
                self._forget(f"data/lake/{name}/")
            else:
                return cut
        raise LakeError(
            f"files of the source {name!r} go while they are copied",
            where=str(lake.root / name),
            next_step="amalimart doctor looks at every file; else try again, or to a folder on the same disk",
        )

    def _cut_file(self, cut: Cut, file: CutFile, path: str) -> None:
        source = cut.folder / file.path
        if file.length is None:
            self.link(source, path)
        else:
            self.copy(source, path, file.length)
        if file.sha256 is not None and self.files[path].sha256 != file.sha256:
            raise DamagedLake(
                "a committed file is not what was committed",
                where=str(source),
                expected=f"SHA-256 {file.sha256}",
                next_step="restore the file from an older backup, or take a new snapshot of its table",
            )

    def _forget(self, prefix: str) -> None:
        for path in [path for path in self.files if path.startswith(prefix)]:
            del self.files[path]
        shutil.rmtree(self._folder / prefix, ignore_errors=True)

    def sync(self) -> None:
        """Make the names durable."""
        for folder, _, _ in os.walk(self._folder):
            sync_folder(Path(folder))


def _publish(path: Path, content: bytes) -> None:
    """Let the manifest appear whole and durable."""
    fresh = path.with_suffix(".tmp")
    with fresh.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def _own_files(project: Project) -> Iterator[Path]:
    """Settings, secrets and what people wrote."""
    yield project.home / SETTINGS_FILE
    for path in (secrets_file(project.home), project.home / ".gitignore", project.home / "governance.yml"):
        if path.is_file():
            yield path
    for overlay in OVERLAYS:
        yield from sorted(path for path in (project.home / overlay).rglob("*") if path.is_file())
    yield from sorted(project.run.glob("resnapshot-*.json"))


def _require_place(project: Project, target: Path) -> None:
    own = [(project.home / name).resolve() for name in ("data", "run", "build", "logs", *OVERLAYS)]
    if any(target.resolve().is_relative_to(folder) for folder in own):
        raise ConfigError(
            "a backup cannot be kept among what it is a backup of",
            where=str(target),
            next_step="give a folder elsewhere, best on another disk",
        )
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise ConfigError(
            "the folder of a backup must be new or empty",
            where=str(target),
            next_step="give another folder; a backup is never written over another one",
        )
