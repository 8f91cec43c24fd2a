"""Where dropped files are kept: what a folder and an object store have in common.

Knows names, sizes, stamps and bytes. Must not know what a file holds or which table it belongs to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file at the moment of a listing.

    path         below the source's place, parts separated by `/`
    modified_at  UTC, as the place tells it
    stamp        another text whenever the content may be another
    """

    path: str
    bytes: int
    modified_at: datetime
    stamp: str


class Fetched(Protocol):
    """One file's whole content, to be read more than once."""

    @property
    def content(self) -> BinaryIO:
        """From its start; seekable."""
        ...

    @property
    def sha256(self) -> str:
        """Of all its bytes, hexadecimal."""
        ...

    def check(self) -> None:
        """Raises BrokenFile where what was read since may not be what the digest was made of."""
        ...


class FileStore(Protocol):
    """A folder or an object store.

    Every method may raise SourceUnreachable (try again) and SourceRefused (no right).
    """

    @property
    def arrives_whole(self) -> bool:
        """Whether a file can only be seen once its writer has finished it."""
        ...

    def where(self, path: str = "") -> str:
        """The full name of a file, or of the place, for messages."""
        ...

    def files(self) -> Iterator[StoredFile]:
        """Every file there is, in no order; a page at a time where there are pages."""
        ...

    def opened(self, file: StoredFile) -> AbstractContextManager[BinaryIO]:
        """To look into a file, without fetching more of it than is read."""
        ...

    def fetched(self, file: StoredFile) -> AbstractContextManager[Fetched]:
        """To read a file whole. Raises BrokenFile where it is no longer the one listed."""
        ...

    def close(self) -> None:
        """Let go of connections; a later call opens them again."""
        ...


def digest_of(content: BinaryIO) -> str:
    """SHA-256 from the start to the end, leaving the content at its start."""
    content.seek(0)
    digest = hashlib.sha256()
    while piece := content.read(_PIECE):
        digest.update(piece)
    content.seek(0)
    return digest.hexdigest()
