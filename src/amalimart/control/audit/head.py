"""The head of the audit log: how far its chain goes, in a signed file outside of the database.

Before records are committed the head names the link that they will reach, and after it that they have. So a
log that ends anywhere else was cut, whenever its writer was killed.

The file is one sector long and written over: a disk writes a sector whole or not at all, also when the power
goes, and no name and no length has to be synced with it.
"""

from __future__ import annotations

import fcntl
import hmac
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from amalimart.access.audit_record import BEGINNING, AuditKeys, Link, signature
from amalimart.core.errors import AuditBroken

SECTOR = 512  # bytes
_sync_content = getattr(os, "fdatasync", os.fsync)  # without its times, where the system can


@dataclass(frozen=True, slots=True)
class Head:
    """How far the chain goes: to `reached`, or to `intended` where its writer was killed in between."""

    reached: Link
    intended: Link | None = None

    def fits(self, end: Link) -> bool:
        """Whether a log may end there."""
        return end in (self.reached, self.intended)


class HeadFile:
    """Reads and writes the file. Whoever uses it holds its lock."""

    def __init__(self, path: Path, keys: AuditKeys) -> None:
        self.path = path
        self._keys = keys

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes away from head and log. Raises OSError."""
        with locked(self.path):
            yield

    def read(self) -> Head:
        """The head. Raises AuditBroken where it is not there, or not what was written; OSError."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            raise self._broken("the head of the audit log is not there") from None
        try:
            head = _read(content)
        except (ValueError, TypeError, KeyError, RecursionError):
            raise self._broken("the head of the audit log cannot be read") from None
        # A head of before files were a sector long ends with its text.
        texts = (self.encoded(head), self._text(head) + b"\n")
        if not any(hmac.compare_digest(content, text) for text in texts):
            raise self._broken("the head of the audit log was altered")
        return head

    def write(self, head: Head, *, is_synced: bool = True) -> None:
        """Write over what is there. Raises OSError.

        A confirmation need not be synced: where it is lost the intention before it says the same.
        """
        descriptor = os.open(self.path, os.O_WRONLY)
        try:
            os.pwrite(descriptor, self.encoded(head), 0)
            if is_synced:
                _sync_content(descriptor)
        finally:
            os.close(descriptor)

    def begin(self, head: Head = Head(BEGINNING)) -> None:
        """Put a file with this head in the place of whatever is there, whole and durable. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".tmp")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(self.encoded(head))
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def encoded(self, head: Head) -> bytes:
        """The one text of a head, a sector long."""
        return self._text(head).ljust(SECTOR - 1) + b"\n"

    def _text(self, head: Head) -> bytes:
        links = [head.reached, *([head.intended] if head.intended else [])]
        parts = [part for link in links for part in (link.sequence, link.mac)]
        return json.dumps({"head": parts, "signature": signature(self._keys.head, *parts)}).encode()

    def _broken(self, what: str) -> AuditBroken:
        return AuditBroken(what, where=str(self.path), next_step="amalimart audit verify")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep others away from a head, and so from its log. Raises OSError."""
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _read(content: bytes) -> Head:
    reached, mac, *intended = json.loads(content)["head"]
    head = Head(Link(int(reached), str(mac)))
    if not intended:
        return head
    sequence, intended_mac = intended
    return Head(head.reached, Link(int(sequence), str(intended_mac)))
