"""A relay between a reader and the server that hangs up in the middle of what the server says."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CHUNK = 4096


class CuttingProxy:
    """Relays every connection; the log's is cut after so many bytes from the server, once armed."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.cut_after: int | None = None
        self.cuts = 0
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stop.is_set():
            if select.select([self._listener], [], [], 0.05)[0]:
                reader, _ = self._listener.accept()
                self._start(self._relay, reader)

    def _relay(self, reader: socket.socket) -> None:
        with reader, socket.create_connection(self._target) as server, suppress(OSError):
            passed = 0
            log = False
            while not self._stop.is_set():
                for ready in select.select([reader, server], [], [], 0.05)[0]:
                    content = ready.recv(_CHUNK)
                    if not content:
                        return
                    if ready is reader:
                        # COM_BINLOG_DUMP or COM_BINLOG_DUMP_GTID: from here on the server sends its log.
                        log = log or (len(content) > 4 and content[4] in {0x12, 0x1E} and content[3] == 0)
                        server.sendall(content)
                        continue
                    if log and self.cut_after is not None and passed + len(content) >= self.cut_after:
                        reader.sendall(content[: self.cut_after - passed])
                        self.cut_after = None
                        self.cuts += 1
                        return
                    passed += len(content) if log else 0
                    reader.sendall(content)


@contextmanager
def cutting_proxy(host: str, port: int) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(host, port)
    try:
        yield proxy
    finally:
        proxy.close()
