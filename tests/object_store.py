"""An S3 server of the test run on a loopback port, and a way through which the network can be made bad."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import boto3
import pytest

_STARTS_WITHIN = 60.0
_OWN_HEADERS = {"connection", "transfer-encoding", "content-length", "date", "server"}


@dataclass(frozen=True)
class Bucket:
    """An empty bucket of one test."""

    endpoint: str
    name: str

    @property
    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def put(self, key: str, content: bytes | str) -> None:
        body = content.encode() if isinstance(content, str) else content
        self.client.put_object(Bucket=self.name, Key=key, Body=body)

    def remove(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=key)

    def all_keys(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [found["Key"] for page in pages for found in page.get("Contents", ())]


@dataclass
class Fault:
    """What is to happen to requests that a test picks out.

    picked   method and path (with its query) -> whether this request is meant
    times    how many such requests are spoilt
    status   answered instead of asking the server
    cut_at   break the connection after that many bytes of the answer's body
    deaf     let the server do it, and break the connection before its answer
    stop_at  break the connection after that many bytes of the request's body
    flip     change one byte of the request's body on its way
    """

    picked: Callable[[str, str], bool]
    times: int = 10**9
    status: int | None = None
    code: str = "AccessDenied"
    cut_at: int | None = None
    deaf: bool = False
    stop_at: int | None = None
    flip: bool = False
    seen: int = 0


@dataclass
class BadNetwork:
    """A forwarder to the S3 server that does what `faults` say, and notes every request.

    lost_headers  headers, in lower case, that do not reach the server
    """

    endpoint: str
    lost_headers: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)

    def fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.seen < fault.times and fault.picked(method, path):
                fault.seen += 1
                return fault
        return None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """A moto server in a process of its own."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@pytest.fixture
def bucket(s3_endpoint: str) -> Bucket:
    made = Bucket(s3_endpoint, f"shop-{uuid.uuid4().hex[:12]}")
    made.client.create_bucket(Bucket=made.name)
    return made


@pytest.fixture
def bad_network(s3_endpoint: str) -> Iterator[BadNetwork]:
    with forwarding(s3_endpoint) as network:
        yield network


class _Forwarder(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def forward(self) -> None:
        network = self.server.network
        network.requests.append((self.command, self.path))
        fault = network.fault(self.command, self.path) or Fault(lambda *_: False)
        length = int(self.headers.get("Content-Length") or 0)
        if fault.stop_at is not None:
            self.rfile.read(min(fault.stop_at, length))
            self.break_off()
            return
        body = self.rfile.read(length)
        if fault.flip:
            body = bytes([body[0] ^ 1]) + body[1:]
        if fault.status is not None:
            self.refuse(fault.status, fault.code)
            return
        answer, content = self.ask(body)
        if fault.deaf:
            self.break_off()
            return
        self.pass_on(answer, content[: fault.cut_at], len(content))
        if fault.cut_at is not None:
            self.break_off()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = forward  # noqa: N815 - names of the base class

    def ask(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        asked = http.client.HTTPConnection(self.server.target.removeprefix("http://"), timeout=30)
        lost = {"expect", *self.server.network.lost_headers}
        headers = {name: value for name, value in self.headers.items() if name.lower() not in lost}
        asked.request(self.command, self.path, body, headers)
        answer = asked.getresponse()
        content = answer.read()
        asked.close()
        return answer, content

    def pass_on(self, answer: http.client.HTTPResponse, content: bytes, length: int) -> None:
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OWN_HEADERS:
                self.send_header(name, value)
        told = answer.getheader("Content-Length") if self.command == "HEAD" else str(length)
        self.send_header("Content-Length", told or "0")
        self.end_headers()
        self.wfile.write(content)

    def refuse(self, status: int, code: str) -> None:
        content = f"<Error><Code>{code}</Code><Message>refused by the test</Message></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def break_off(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    target: str
    network: BadNetwork

    def handle_error(self, *_: object) -> None:
        """A client that gave up is no trouble of ours."""


@contextmanager
def forwarding(target: str) -> Iterator[BadNetwork]:
    """A forwarder on a port of its own for as long as the block lasts."""
    with _Server(("127.0.0.1", 0), _Forwarder) as server:
        network = BadNetwork(f"http://127.0.0.1:{server.server_address[1]}")
        server.target, server.network = target, network
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield network
        finally:
            server.shutdown()
            thread.join()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    "the S3 server of the tests does not start: pip install moto[server]"
                ) from None
            time.sleep(0.05)
