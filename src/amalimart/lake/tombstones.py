"""Who was erased: one small file for each person and each name of a person, kept beside the sources.

    <lake>/erased-people/key           the key of all marks, made once
    <lake>/erased-people/<mark>.json   of what the mark is one, and since when

A mark is a keyed hash, so that a list of them tells nothing to whoever has neither the key nor the lake.
Files are added and never changed; in a lake that is kept in an object store they are objects there, with a
copy here. Whoever reads them anew sees those that other processes have added.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from amalimart.core.errors import ConfigError, DamagedLake, LakeUnreachable
from amalimart.core.object_store import ObjectStore, ObjectStoreError
from amalimart.lake.durable import guarded, make_folder, sync_folder

FOLDER = "erased-people"
"""No source can be called so."""
_KEY = "key"
_KEY_BYTES = 32
_MARK_BYTES = 16
_FORMAT = 1
_TICK = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Something that names an erased person.

    mark    the keyed hash of what it is and its value
    of      the entity and column: `users.user_id` for the person, such as `web_visits.visitor_id` for a name
    """

    mark: str
    of: str
    erased_at: datetime


class Tombstones:
    """The tombstones of one lake. Every method may raise LakeError, DiskFull, ConfigError."""

    def __init__(self, root: Path, kept_in: ObjectStore | None = None) -> None:
        self.folder = root / FOLDER
        self._kept_in = kept_in
        self._seen: tuple[int, Mapping[str, Tombstone]] | None = None

    def known(self) -> Mapping[str, Tombstone]:
        """Mark -> tombstone, read anew where some were added since."""
        try:
            changed = self.folder.stat().st_mtime_ns
        except FileNotFoundError:
            return {}
        if self._seen is None or self._seen[0] != changed:
            read_at = time.time_ns()
            found = (_read(path) for path in sorted(self.folder.glob("[!.]*.json")))
            known = {stone.mark: stone for stone in found}
            if read_at - changed < _TICK:
                return known  # another one may come within the same tick of the file system's clock
            self._seen = (changed, known)
        return self._seen[1]

    def mark(self, of: str, value: str) -> str:
        """The mark of a value; the key must be there. Raises ConfigError."""
        return self.mark_under(self.key(), of, value)

    @staticmethod
    def mark_under(key: bytes, of: str, value: str) -> str:
        """The mark of a value under a key that was read before."""
        return hashlib.blake2b(f"{of}\0{value}".encode(), key=key, digest_size=_MARK_BYTES).hexdigest()

    def key(self) -> bytes:
        """The key of all marks. Raises ConfigError where it is gone."""
        try:
            return bytes.fromhex((self.folder / _KEY).read_text().strip())
        except (FileNotFoundError, ValueError) as error:
            raise ConfigError(
                "the key of those who were erased cannot be read, so nobody can tell who they are",
                where=str(self.folder / _KEY),
                expected=f"{2 * _KEY_BYTES} hexadecimal digits",
                next_step="copy the file back from a backup",
            ) from error

    def ensure_key(self) -> None:
        """Make the key, if there is none."""
        if (self.folder / _KEY).exists():
            return
        if self.known():
            self.key()  # it is gone, and another one would be of no use
        self._write(_KEY, secrets.token_hex(_KEY_BYTES).encode() + b"\n")

    def add(self, stones: Iterable[Tombstone]) -> None:
        """Keep tombstones, durable when this returns; those that are there stay as they are."""
        for stone in stones:
            if stone.mark not in self.known():
                document = {
                    "format": _FORMAT,
                    "of": stone.of,
                    "erased_at": stone.erased_at.isoformat(),
                }
                self._write(f"{stone.mark}.json", json.dumps(document).encode())

    def pull(self) -> None:
        """Copy what the object store has and this machine lacks."""
        if self._kept_in is None:
            return
        with _answers():
            for one in self._kept_in.objects(f"{FOLDER}/"):
                name = one.key.rpartition("/")[2]
                if not (self.folder / name).exists() and (content := self._kept_in.read(one.key)) is not None:
                    self._place(name, content)

    def take_from(self, other: Path) -> int:
        """Keep the tombstones of another folder of the same key as well; returns how many were new.

        Raises ConfigError where the key is another one.
        """
        if not (other / _KEY).is_file():
            return 0
        content = (other / _KEY).read_bytes()
        if not (self.folder / _KEY).exists():
            self._write(_KEY, content)
        elif (self.folder / _KEY).read_bytes() != content:
            raise ConfigError(
                "those who were erased there stand under another key, so they cannot be found here",
                where=str(other),
                expected="the project that the backup is of",
                next_step="name that project, or its newest backup",
            )
        found = [_read(path) for path in sorted(other.glob("*.json"))]
        fresh = [stone for stone in found if stone.mark not in self.known()]
        self.add(fresh)
        return len(fresh)

    def copy_to(self, folder: Path) -> None:
        """Lay a copy of all of them into a folder, for a backup that was taken before."""
        copy = Tombstones(folder.parent)
        copy.folder = folder
        copy.take_from(self.folder)

    def _write(self, name: str, content: bytes) -> None:
        if self._kept_in is not None:
            key = f"{FOLDER}/{name}"
            with _answers():
                if not self._kept_in.create(key, content):
                    content = self._kept_in.read(key) or content
        self._place(name, content)

    def _place(self, name: str, content: bytes) -> None:
        with guarded("keeping who is erased", self.folder, lambda: "nothing was erased"):
            make_folder(self.folder)
            fresh = self.folder / f".{name}.{os.getpid()}.tmp"
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            fresh.replace(self.folder / name)
            sync_folder(self.folder)
        self._seen = None


@contextmanager
def _answers() -> Iterator[None]:
    """Turns what an object store says into our error."""
    try:
        yield
    except ObjectStoreError as error:
        raise LakeUnreachable(
            f"the object store does not answer as it should: {error.said}",
            where=error.key,
            next_step="check the network, the endpoint and the credentials; then try again",
        ) from error


def _read(path: Path) -> Tombstone:
    try:
        document = json.loads(path.read_bytes())
        if document["format"] != _FORMAT:
            raise ValueError(f"format {document['format']}")
        return Tombstone(path.stem, str(document["of"]), datetime.fromisoformat(document["erased_at"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedLake(
            f"who was erased cannot be read: {error!r}",
            where=str(path),
            next_step="copy the file back from a backup, or upgrade amalimart",
        ) from error
