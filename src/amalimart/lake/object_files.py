"""The data files of a source in an object store, and the copies of them on this machine.

A copy is held against the checksum of its commit before it is read. Copies that nobody used lately make room.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from amalimart.core.errors import DamagedLake
from amalimart.core.object_store import ObjectStore, ObjectStoreError, Trouble
from amalimart.lake.checking import check_file
from amalimart.lake.commit import DataFile
from amalimart.lake.durable import make_folder
from amalimart.lake.object_requests import all_at_once, answers

CACHE_BYTES = 20 * 1024**3
_UNUSED = timedelta(hours=1)
_ORPHAN_AGE = timedelta(days=1)
_TIDY_SECONDS = 60.0


class ObjectFiles:
    """Of one source, whose objects begin with `base`. May be shared by threads."""

    def __init__(
        self,
        folder: Path,
        store: ObjectStore,
        base: str,
        *,
        cache_bytes: int,
        elapsed: Callable[[], float],
    ) -> None:
        self._folder = folder
        self._store = store
        self._base = base
        self._cache_bytes = cache_bytes
        self._elapsed = elapsed
        self._tidied: float | None = None
        self._sound: set[str] = set()  # copies that are as committed; another one is fetched anew

    def keep(self, files: Sequence[DataFile]) -> None:
        """Upload data files that were written here."""

        def upload(file: DataFile) -> None:
            self._store.upload(self._folder / file.path, self._key(file.path))

        with answers("uploading a file"):
            all_at_once(upload, files)

    def paths(self, table: str, files: Sequence[DataFile]) -> tuple[Path, ...]:
        """Where data files are on this machine: those that are not, or are not as committed, are fetched."""
        missing = []
        for file in files:
            path = self._folder / file.path
            try:
                if path.stat().st_size == file.bytes:
                    os.utime(path)  # it is in use
                    if file.path not in self._sound:
                        check_file(path, table, file)
                        self._sound.add(file.path)
                    continue
            except (FileNotFoundError, DamagedLake):
                pass
            missing.append(file)
        with answers("fetching a file"):
            all_at_once(lambda file: self._fetch(table, file, self._folder / file.path), missing)
        self._sound.update(file.path for file in missing)
        return tuple(self._folder / file.path for file in files)

    def check(self, table: str, file: DataFile) -> None:
        """The object, not the copy."""
        with answers("checking a file"):
            self._fetch(table, file, None)

    def clear_data(
        self, known: Collection[str], removed: Mapping[str, datetime], *, now: datetime, grace: timedelta
    ) -> tuple[int, int]:
        """Delete objects that no commit names any more; how many were orphans, and how many had expired."""
        doomed: list[str] = []
        orphans = expired = 0
        with answers("clearing away old files"):
            for one in self._store.objects(self._key("data/")):
                relative = one.key.removeprefix(self._base)
                if relative in known:
                    continue
                removed_at = removed.get(relative)
                if removed_at is not None and removed_at + grace <= now:
                    expired += 1
                    doomed.append(one.key)
                elif removed_at is None and one.modified_at + _ORPHAN_AGE <= now:
                    # No lease reaches other machines: a younger one may belong to a batch under way.
                    orphans += 1
                    doomed.append(one.key)
            self._store.remove(doomed)
        return orphans, expired

    def drop(self, paths: Collection[str]) -> None:
        """Delete the objects of erased files."""
        with answers("deleting erased files"):
            self._store.remove(self._key(path) for path in paths)

    def tidy(self, known: Collection[str], *, now: datetime) -> None:
        """Delete the copies that were not used for longest, while they take more room than they may."""
        moment = self._elapsed()
        if self._tidied is not None and moment - self._tidied < _TIDY_SECONDS:
            return
        self._tidied = moment
        unused_since = (now - _UNUSED).timestamp()
        copies = [(path, path.stat()) for path in self._folder.glob("data/*/*.parquet")]
        size = sum(status.st_size for _, status in copies)
        for path, status in sorted(copies, key=lambda copy: copy[1].st_mtime):
            if size <= self._cache_bytes or status.st_mtime > unused_since:
                return
            if path.relative_to(self._folder).as_posix() in known:
                path.unlink(missing_ok=True)
                size -= status.st_size

    def _fetch(self, table: str, file: DataFile, target: Path | None) -> None:
        """Copy a file here, hold it against its checksum, and give it its name, if it is to have one."""
        incoming = self._folder / "incoming"
        make_folder(incoming)
        path = incoming / f"{secrets.token_hex(8)}.parquet"
        try:
            self._store.download(self._key(file.path), path)
            check_file(path, table, file, where=self._store.where(self._key(file.path)))
            if target is not None:
                make_folder(target.parent)
                path.replace(target)
        except ObjectStoreError as error:
            if error.trouble is not Trouble.GONE:
                raise
            raise DamagedLake(
                "a committed file is not there",
                where=error.key,
                next_step=f"restore the object, or take a new snapshot of the table {table!r}",
            ) from error
        finally:
            path.unlink(missing_ok=True)

    def _key(self, name: str) -> str:
        return self._base + name
