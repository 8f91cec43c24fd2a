"""Verifying a backup, and restoring one into an empty folder: every file is checked before one is written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from amalimart.config.project import SETTINGS_FILE, Project, open_project
from amalimart.core.clock import SystemClock
from amalimart.core.errors import ConfigError, DiskFull
from amalimart.lake.durable import guarded, sync_folder
from amalimart.lake.tombstones import FOLDER as TOMBSTONES
from amalimart.orchestrate.backups.manifest import BackupFile, Manifest, opened, read_manifest
from amalimart.orchestrate.privacy.restored import erase_again, have_erased_again, tombstones_of
from amalimart.warehouse.executor import Progress


def verify_backup(folder: Path, progress: Progress) -> Manifest:
    """Read every file of a backup and hold it against the manifest. Raises DamagedBackup."""
    manifest = read_manifest(folder)
    for number, file in enumerate(manifest.files):
        progress(number, len(manifest.files), file.path)
        for _ in opened(folder, file):
            pass
    return manifest


def restore_backup(
    folder: Path, home: Path, progress: Progress, *, erased_in: Path | None = None
) -> tuple[Project, Manifest]:
    """Make a project folder of a backup. Raises DamagedBackup, ConfigError, DiskFull.

    The settings are written last: until then it is not a project, and what fails leaves nothing behind. Who
    was erased since, by what lies beside the backup or in the project `erased_in`, is erased in it again.
    """
    home = home.absolute()
    is_new = not home.exists()
    if not is_new and not (home.is_dir() and not any(home.iterdir())):
        raise ConfigError(
            "a backup is restored into an empty folder only",
            where=str(home),
            next_step="give a folder that does not exist, or is empty",
        )
    manifest = verify_backup(folder, progress)
    _require_disk(manifest, home)
    told = [] if erased_in is None else [tombstones_of(erased_in)]
    with guarded("restoring the backup", home, lambda: "nothing is left of it"):
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            for number, file in enumerate(
                sorted(manifest.files, key=lambda each: each.path == SETTINGS_FILE)
            ):
                progress(number, len(manifest.files), file.path)
                if file.path == SETTINGS_FILE:
                    have_erased_again(home, [folder / TOMBSTONES, *told])
                _write(folder, file, home / file.path)
            for written, _, _ in os.walk(home):
                sync_folder(Path(written))
        except BaseException:
            _leave_nothing(home, is_new=is_new)
            raise
    project = open_project(home)
    erase_again(project, SystemClock())
    return project, manifest


def _write(folder: Path, file: BackupFile, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode & 0o700 | 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        for piece in opened(folder, file):
            stream.write(piece)
        stream.flush()
        os.fsync(stream.fileno())
    target.chmod(file.mode)


def _require_disk(manifest: Manifest, home: Path) -> None:
    there = next(parent for parent in (home, *home.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    if free < manifest.total_bytes:
        raise DiskFull(
            f"the backup needs {manifest.total_bytes:,} bytes on the disk, and {free:,} are free",
            where=str(there),
            expected=f"{manifest.total_bytes:,} bytes",
            next_step="free some space, or restore to another disk; nothing was written",
        )


def _leave_nothing(home: Path, *, is_new: bool) -> None:
    if is_new:
        shutil.rmtree(home, ignore_errors=True)
        return
    for path in home.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
