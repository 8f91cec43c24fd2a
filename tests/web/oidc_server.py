"""A real OpenID Connect provider on a free port of this machine, and a browser that signs in at it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import httpx


@cache
def _client() -> httpx.Client:
    return httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))


@contextlib.contextmanager
def running_provider() -> Iterator[str]:
    """The issuer's address while the block runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), "-n", "true"]
    with subprocess.Popen(
        command, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        issuer = f"http://127.0.0.1:{port}"
        try:
            _wait(issuer)
            yield issuer
        finally:
            process.terminate()


def _wait(issuer: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(httpx.TransportError):
            _client().get(f"{issuer}/.well-known/openid-configuration")
            return
        if time.monotonic() > deadline:
            raise TimeoutError("the provider did not start")
        time.sleep(0.05)


def know(issuer: str, subject: str, claims: Mapping[str, Any]) -> None:
    """Have the provider know somebody with these claims."""
    _client().put(f"{issuer}/users/{subject}", json=dict(claims)).raise_for_status()


def sent_back(address: str, subject: str) -> str:
    """Where a browser is sent back to that signs in there as somebody."""
    assert _client().get(address).status_code == 200
    answer = _client().post(address, data={"sub": subject})
    return answer.headers["location"]


def turned_down(address: str) -> str:
    """Where a browser is sent back to that does not want to sign in there."""
    answer = _client().post(address, data={"action": "deny"})
    return answer.headers["location"]
