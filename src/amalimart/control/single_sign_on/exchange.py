"""One question to the identity provider over HTTP: bounded in time and size, without redirects."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import httpx

from amalimart import __version__
from amalimart.core.errors import IdentityProviderUnavailable

_LARGEST = 1_000_000
_AGAIN = "try again in a moment; if it stays, ask whoever runs this site"


class Exchange:
    """Asks, and reads JSON. Proxies of the environment are not used."""

    def __init__(
        self, provider: str, timeout_seconds: float, transport: httpx.BaseTransport | None = None
    ) -> None:
        """`provider` is its name in what people are told."""
        self._provider = provider
        self._seconds = timeout_seconds
        # One for all: to read the trusted certificates takes its time. No connection is kept open meanwhile.
        self._client = httpx.Client(
            transport=transport,
            timeout=timeout_seconds,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def get(self, address: str) -> dict[str, Any]:
        """The document at an address. Raises IdentityProviderUnavailable."""
        status, document = self._asked("GET", address, {}, None)
        if status != HTTPStatus.OK:
            raise self.unusable(f"it answers {status}", address)
        return document

    def post(self, address: str, headers: Mapping[str, str], body: str) -> tuple[int, dict[str, Any]]:
        """Status and document of the answer to a form. Raises IdentityProviderUnavailable."""
        return self._asked("POST", address, headers, body)

    def unusable(self, why: str, address: str) -> IdentityProviderUnavailable:
        """The error for an answer that is not what its protocol says."""
        return IdentityProviderUnavailable(
            f"{self._provider} does not answer as it must: {why}.", where=address, next_step=_AGAIN
        )

    def _asked(
        self, method: str, address: str, headers: Mapping[str, str], body: str | None
    ) -> tuple[int, dict[str, Any]]:
        sent = {"Accept": "application/json", "User-Agent": f"amalimart/{__version__}", **headers}
        ends_at = time.monotonic() + self._seconds
        received = bytearray()
        try:
            with self._client.stream(method, address, headers=sent, content=body) as response:
                for chunk in response.iter_bytes():
                    received += chunk
                    if len(received) > _LARGEST:
                        raise self.unusable("its answer is too large", address)
                    if time.monotonic() > ends_at:
                        raise httpx.ReadTimeout("too slow")
                status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise IdentityProviderUnavailable(
                f"{self._provider} does not answer at the moment, so nobody can sign in with it.",
                where=address,
                next_step=_AGAIN,
            ) from error
        try:
            document = json.loads(received)
        except (ValueError, RecursionError) as error:
            raise self.unusable("its answer is no JSON", address) from error
        if not isinstance(document, dict):
            raise self.unusable("its answer is no JSON object", address)
        return status, document
