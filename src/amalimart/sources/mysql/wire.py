"""Bytes from the server's socket: read exactly, taken as they come, or waited for. Knows no protocol."""

from __future__ import annotations

import select
import ssl
from socket import socket

_CHUNK = 64 * 1024


class SocketReader:
    """What the driver reads from, in place of its own file object.

    Unlike that one it can say whether something has arrived without blocking for it, and hand over
    bytes without looking at them. A read waits as long as the socket's own time-out allows.
    """

    def __init__(self, connected: socket) -> None:
        self._socket = connected
        self._buffer = bytearray(_CHUNK)
        self._start = self._end = 0

    def read(self, count: int) -> bytes:
        """Exactly that many bytes; fewer only where the server has hung up. Raises OSError."""
        if self._end - self._start < count:
            self._fill(count)
        taken = bytes(memoryview(self._buffer)[self._start : min(self._start + count, self._end)])
        self._start += len(taken)
        return taken

    def read_into(self, room: memoryview) -> int:
        """Put what is there, at least a byte, into `room`; 0 where the server has hung up. Raises OSError."""
        buffered = min(self._end - self._start, len(room))
        if not buffered:
            return self._socket.recv_into(room)
        room[:buffered] = memoryview(self._buffer)[self._start : self._start + buffered]
        self._start += buffered
        return buffered

    def ready(self, wait: float) -> bool:
        """Whether there is something to read within that many seconds; true too where the server hung up.

        Raises OSError, ValueError for a socket that was closed.
        """
        if self._start < self._end or (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()):
            return True
        return bool(select.select([self._socket], [], [], max(wait, 0.0))[0])

    def close(self) -> None:
        """Nothing to let go of: the socket is the driver's."""

    def _fill(self, count: int) -> None:
        unread = bytes(memoryview(self._buffer)[self._start : self._end])
        if count > len(self._buffer):
            self._buffer = bytearray(count)
        self._buffer[: len(unread)] = unread
        self._start, self._end = 0, len(unread)
        room = memoryview(self._buffer)
        while self._end < count:
            received = self._socket.recv_into(room[self._end :])
            if not received:
                return
            self._end += received
