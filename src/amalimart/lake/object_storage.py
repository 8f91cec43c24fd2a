"""A prefix of an object store as the place of one source's commits; `object_files` has its data files.

A commit object is named after the first version it covers and written only if there is none of that
name, so that of two writers, on whatever machines, one commits and the other is told. A commit that
seals a journal covers all versions of it: a name by its last one would leave the others free.

The folder on this machine holds a copy of the log and of the data files that were written or read
here. The log's copy makes a commit of this machine visible to its readers at once and costs them no
request; what other machines commit is asked for every few seconds.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from amalimart.core.errors import CommitConflict, DamagedLake, LakeError, LakeUnreachable
from amalimart.core.object_store import ObjectStore, ObjectStoreError, StoredObject, Trouble
from amalimart.lake.commit import DataFile, decode_commit
from amalimart.lake.durable import make_folder
from amalimart.lake.identity import read_identity, write_identity
from amalimart.lake.object_files import CACHE_BYTES, ObjectFiles
from amalimart.lake.object_requests import all_at_once, answers
from amalimart.lake.storage import COPY_OF, FolderStorage, commit_path, publish_in, versions_in

ASK_SECONDS = 5.0
ASK_AGAIN_SECONDS = 60.0
LIST_SECONDS = 60.0


class ObjectStorage:
    """One source of a lake in an object store. May be shared by threads."""

    outlives_this_machine = True

    def __init__(
        self,
        folder: Path,
        store: ObjectStore,
        source: str,
        *,
        cache_bytes: int = CACHE_BYTES,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        self._store = store
        self._base = f"{source}/"
        self._copy = FolderStorage(folder)
        self._files = ObjectFiles(folder, store, self._base, cache_bytes=cache_bytes, elapsed=elapsed)
        self._elapsed = elapsed
        self._ask_at = float("-inf")
        self._list_at = float("-inf")
        self._is_ours = False

    def identity(self) -> str | None:
        return read_identity(self.folder) or self._checked_identity()

    def claim(self) -> str:
        known = self._checked_identity()
        if known is not None:
            return known
        self._require_conditional_writes()
        with answers("naming the lake"):
            self._store.create(self._key("identity"), f"{secrets.token_hex(8)}\n".encode())
        made = self._checked_identity()
        assert made is not None  # noqa: S101 - it was made, here or by another writer
        return made

    def pull(self, first: int, *, at_once: bool) -> bool:
        now = self._elapsed()
        if not at_once and now < self._ask_at:
            return False
        self._ask_at = now + ASK_AGAIN_SECONDS  # unless it answers
        with answers("reading the commit log"):
            if self._checked_identity() is None:
                self._ask_at = now + ASK_SECONDS
                return False
            found = first > 1 and self._pull_from(first)
            if not found and (at_once or first == 1 or now >= self._list_at):
                found = self._pull_all(first)
                self._list_at = now + LIST_SECONDS
        self._ask_at = now + ASK_SECONDS
        return found

    def publish_commit(self, first: int, version: int, content: bytes) -> None:
        key = self._commit_key(first)
        with answers("writing the commit"):
            try:
                is_new = self._store.create(key, content)
            except ObjectStoreError as error:
                if error.trouble is not Trouble.UNREACHABLE or not self._has_landed(key, content, version):
                    raise
            else:
                if not is_new and self._store.read(key) != content:
                    self._ask_at = float("-inf")
                    raise self._taken(first, key)
        try:
            self._mirror(commit_path(self.folder, version), content)
        except OSError:
            self._ask_at = float("-inf")  # it is committed; the copy is made up for at the next look

    def publish_checkpoint(self, version: int, content: bytes) -> None:
        with answers("writing a checkpoint"):
            self._store.create(self._checkpoint_key(version), content)
        self._copy.publish_checkpoint(version, content)

    def remove_checkpoints(self, versions: Collection[int]) -> None:
        with answers("clearing away checkpoints"):
            self._store.remove(self._checkpoint_key(version) for version in versions)
        self._copy.remove_checkpoints(versions)

    def clear_commits(self, up_to: int, older_than: datetime) -> None:
        with answers("clearing away commits"):
            found = list(self._store.objects(self._key("commits/")))
            firsts = [_number(one.key) for one in found]
            # An object covers every version until the next one starts; the last one stays.
            self._store.remove(
                one.key
                for one, following in zip(found, firsts[1:], strict=False)
                if following - 1 <= up_to and one.modified_at < older_than
            )
        self._copy.clear_commits(up_to, older_than)

    def keep(self, files: Sequence[DataFile]) -> None:
        self._files.keep(files)

    def paths(self, table: str, files: Sequence[DataFile]) -> tuple[Path, ...]:
        return self._files.paths(table, files)

    def check(self, table: str, file: DataFile) -> None:
        """The object, not the copy."""
        self._files.check(table, file)

    def clear_data(
        self, known: Collection[str], removed: Mapping[str, datetime], *, now: datetime, grace: timedelta
    ) -> tuple[int, int]:
        orphans_here, _ = self._copy.clear_data(known, removed, now=now, grace=grace)
        orphans, expired = self._files.clear_data(known, removed, now=now, grace=grace)
        return orphans_here + orphans, expired

    def drop(self, paths: Collection[str]) -> None:
        self._files.drop(paths)
        self._copy.drop(paths)

    def tidy(self, known: Collection[str], *, now: datetime) -> None:
        self._files.tidy(known, now=now)

    def _checked_identity(self) -> str | None:
        """The identity of the lake there, if it has one. Raises LakeError for the copy of another."""
        here = read_identity(self.folder)
        if self._is_ours and here is not None:
            return here
        with answers("reading the lake's name"):
            content = self._store.read(self._key("identity"))
        there = content.decode().strip() if content is not None else None
        is_copy = (self.folder / COPY_OF).exists()
        if here is not None and (here != there or not is_copy):
            raise self._not_a_copy()
        if there is not None:
            self._become_copy(there)
            self._is_ours = True
        return there

    def _become_copy(self, identity: str) -> None:
        if (self.folder / COPY_OF).exists() and read_identity(self.folder) == identity:
            return
        make_folder(self.folder)
        (self.folder / COPY_OF).write_text(self._store.where(self._base) + "\n")
        write_identity(self.folder, identity)

    def _require_conditional_writes(self) -> None:
        """An object store that overwrites all the same would let two writers commit one version."""
        key = self._key(f"probe-{secrets.token_hex(6)}")
        with answers("trying a conditional write"):
            try:
                first, second = self._store.create(key, b"1"), self._store.create(key, b"2")
            finally:
                self._store.remove([key])
        if not first or second:
            raise LakeError(
                "the object store overwrites an object that was to be written only if it is new",
                where=self._store.where(),
                expected="a store that keeps to If-None-Match, as S3 does",
                next_step="use another store, or keep the lake in a folder",
            )

    def _pull_from(self, first: int) -> bool:
        """Copy the commits from a version on, one after the other."""
        found = False
        while (content := self._store.read(self._commit_key(first))) is not None:
            first = self._copy_commit(first, content) + 1
            found = True
        return found

    def _pull_all(self, first: int) -> bool:
        """Copy what there is from a version on, where the commit right there may have been cleared away."""
        later = list(self._store.objects(self._key("commits/"), after=self._commit_key(first - 1)))
        if not later:
            return False
        here = versions_in(self.folder / "checkpoints")
        for one in self._store.objects(self._key("checkpoints/")):
            if _number(one.key) not in here and (content := self._store.read(one.key)) is not None:
                self._copy.publish_checkpoint(_number(one.key), content)

        def copy(one: StoredObject) -> None:
            if (content := self._store.read(one.key)) is not None:
                self._copy_commit(_number(one.key), content)

        all_at_once(copy, later)
        return True

    def _copy_commit(self, first: int, content: bytes) -> int:
        """Put a commit into the copy of the log; returns its version."""
        commit = decode_commit(content, version=None, where=self._store.where(self._commit_key(first)))
        if first != (commit.version if commit.seals is None else commit.seals):
            raise DamagedLake(
                f"the commit covers other versions than its name says: up to {commit.version}",
                where=self._store.where(self._commit_key(first)),
                next_step="restore the object from an older version of it",
            )
        self._mirror(commit_path(self.folder, commit.version), content)
        return commit.version

    def _mirror(self, path: Path, content: bytes) -> None:
        try:
            publish_in(path, content)
        except CommitConflict:
            if path.read_bytes() != content:
                raise

    def _has_landed(self, key: str, content: bytes, version: int) -> bool:
        """Whether a commit whose answer got lost is there. Raises LakeUnreachable where nobody can tell."""
        try:
            return self._store.read(key) == content
        except ObjectStoreError as error:
            raise LakeUnreachable(
                f"the object store did not answer, so that nobody knows if version {version} was committed",
                where=self._store.where(key),
                next_step="check the network; the next look at the log tells, and nothing is committed twice",
            ) from error

    def _key(self, name: str) -> str:
        return self._base + name

    def _commit_key(self, first: int) -> str:
        return self._key(f"commits/{first:020d}.json")

    def _checkpoint_key(self, version: int) -> str:
        return self._key(f"checkpoints/{version:020d}.json")

    def _taken(self, first: int, key: str) -> CommitConflict:
        return CommitConflict(
            f"version {first} of the commit log is taken",
            where=self._store.where(key),
            expected="one writer at a time for a source, on whatever machine",
            next_step="stop the other writer; then read the log again and repeat the batch",
        )

    def _not_a_copy(self) -> LakeError:
        return LakeError(
            "the folder holds a lake that is not the one in the object store",
            where=str(self.folder),
            expected=f"a copy of {self._store.where(self._base)}, or no folder",
            next_step="move the folder away; what is in the object store is fetched again",
        )


def sources_in(store: ObjectStore) -> list[str]:
    """The names of the sources that a lake in an object store may have. Raises LakeError."""
    try:
        return store.folders()
    except ObjectStoreError as error:
        raise LakeUnreachable(
            f"the object store does not answer as it should: {error.said}",
            where=error.key,
            next_step="check the network, the endpoint and the credentials",
        ) from error


def _number(key: str) -> int:
    return int(key.rpartition("/")[2].partition(".")[0])
