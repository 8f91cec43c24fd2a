"""A network between ingest and source that can be cut in the middle of a message, or just go silent."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress
from typing import Self


class Network:
    """Passes loopback connections on to a port. Use it in a `with` block.

    cut_after(n)  cuts every connection as soon as n more bytes have come from the server
    silent        while set, nothing passes and nobody is told
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._lock = threading.Lock()
        self._open: dict[socket.socket, socket.socket] = {}
        self._budget: int | None = None
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)
        self._ending = False
        self.silent = False
        self.cuts = 0
        self.passed = 0

    def cut_after(self, size: int) -> None:
        """Let that many more bytes come from the server, then cut what is open."""
        with self._lock:
            self._budget = size

    @property
    def is_cut(self) -> bool:
        """Whether the last cut asked for has happened."""
        with self._lock:
            return self._budget is None

    def cut(self) -> None:
        """Cut what is open now."""
        with self._lock:
            self._cut()

    def _cut(self) -> None:
        self._budget = None
        self.cuts += 1
        for one in list(self._open):
            self._drop(one)

    def _drop(self, one: socket.socket) -> None:
        other = self._open.pop(one, None)
        for side in (one, other):
            if side is not None:
                with suppress(KeyError, ValueError):
                    self._selector.unregister(side)
                # A reset, not a goodbye: whoever waits for the rest of a message sees it end half-way.
                with suppress(OSError):
                    side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                side.close()
        if other is not None:
            self._open.pop(other, None)

    def _run(self) -> None:
        with selectors.DefaultSelector() as self._selector:
            self._selector.register(self._listening, selectors.EVENT_READ)
            while not self._ending:
                ready = self._selector.select(0.05)
                if self.silent:
                    threading.Event().wait(0.02)
                    continue
                for key, _ in ready:
                    with self._lock:
                        if key.fileobj is self._listening:
                            self._accept()
                        elif key.fileobj in self._open:
                            self._pass(key.fileobj, from_server=bool(key.data))
            with self._lock:
                for one in list(self._open):
                    self._drop(one)

    def _accept(self) -> None:
        client, _ = self._listening.accept()
        try:
            server = socket.create_connection(("127.0.0.1", self._target), 2)
        except OSError:
            client.close()
            return
        self._open[client], self._open[server] = server, client
        self._selector.register(client, selectors.EVENT_READ, data=False)
        self._selector.register(server, selectors.EVENT_READ, data=True)

    def _pass(self, one: socket.socket, *, from_server: bool) -> None:
        try:
            content = one.recv(65_536)
            if from_server and self._budget is not None and len(content) >= self._budget:
                self._open[one].sendall(content[: self._budget])
                self._cut()
                return
            if not content:
                self._drop(one)
                return
            self._open[one].sendall(content)
        except OSError:
            self._drop(one)
            return
        self.passed += len(content)
        if from_server and self._budget is not None:
            self._budget -= len(content)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending = True
        self._thread.join(10)
        self._listening.close()
