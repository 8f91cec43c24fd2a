"""Webhooks: one signed POST of a JSON document to one place, and nowhere else.

Redirects are not followed, proxies of the environment not used, and of the answer only the status is read.
The whole exchange has one deadline, however slowly it drips.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from amalimart import __version__
from amalimart.core.clock import Clock
from amalimart.core.errors import DeliveryFailed, DeliveryRefused
from amalimart.core.incidents import Notice
from amalimart.core.wire import dumps
from amalimart.delivery.channels.targets import (
    Resolver,
    Target,
    TargetRule,
    addresses_of,
    read_target,
    system_resolver,
)
from amalimart.delivery.wording import document

MESSAGE_HEADER = "X-Amalimart-Message-Id"
SIGNATURE_HEADER = "X-Amalimart-Signature"
_WORTH_ANOTHER_TRY = frozenset({408, 409, 425, 429})
Secret = Callable[[], str]


@dataclass(frozen=True, slots=True)
class ExchangeLimits:
    """How long one step of an exchange may take, and all of it."""

    step_seconds: float = 10.0
    total_seconds: float = 30.0


class WebhookChannel:
    """Posts messages. `url` and `signing_key` are asked for at the moment they are needed."""

    def __init__(
        self,
        name: str,
        url: Secret,
        marketplace: str,
        clock: Clock,
        rule: TargetRule,
        signing_key: Secret | None = None,
        *,
        resolver: Resolver = system_resolver,
        context: ssl.SSLContext | None = None,
        limits: ExchangeLimits | None = None,
    ) -> None:
        self._name = name
        self._url = url
        self._marketplace = marketplace
        self._clock = clock
        self._rule = rule
        self._signing_key = signing_key
        self._resolver = resolver
        self._context = context
        self._limits = limits or ExchangeLimits()

    @property
    def name(self) -> str:
        return self._name

    def deliver(self, notice: Notice) -> str | None:
        """Post the message; a status of 200 to 299 means that it is taken."""
        target = read_target(self._url(), self._rule)
        content = dumps(document(notice, self._marketplace)).encode()
        headers = self._headers(notice, target, content)
        addresses = addresses_of(target, self._rule, self._resolver)
        try:
            # In a thread of its own: the loop that has the one deadline must not meet one of the caller.
            with ThreadPoolExecutor(max_workers=1) as alone:
                posted = alone.submit(lambda: asyncio.run(self._posted(target, addresses, headers, content)))
                status = posted.result()
        except TimeoutError as error:
            raise DeliveryFailed("the webhook does not answer in time", where=target.host) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise DeliveryFailed(
                f"the webhook is not reached: {type(error).__name__}", where=target.host
            ) from error
        self._judge(status, target)
        return None

    def _headers(self, notice: Notice, target: Target, content: bytes) -> dict[str, str]:
        headers = {
            "Host": target.authority,
            "Content-Type": "application/json",
            "User-Agent": f"amalimart/{__version__}",
            MESSAGE_HEADER: notice.message_id,
        }
        if self._signing_key is not None:
            headers[SIGNATURE_HEADER] = signature(
                self._signing_key(), int(self._clock.now().timestamp()), content
            )
        return headers

    async def _posted(
        self, target: Target, addresses: Sequence[str], headers: dict[str, str], content: bytes
    ) -> int:
        """The status of the answer of the first address that a connection can be made to."""
        async with (
            asyncio.timeout(self._limits.total_seconds),
            httpx.AsyncClient(
                verify=self._context or ssl.create_default_context(),
                timeout=self._limits.step_seconds,
                follow_redirects=False,
                trust_env=False,
            ) as client,
        ):
            for number, address in enumerate(addresses, start=1):
                request = client.build_request(
                    "POST",
                    target.at(address),
                    headers=headers,
                    content=content,
                    extensions={"sni_hostname": target.host},
                )
                try:
                    answer = await client.send(request, stream=True)
                except (httpx.ConnectError, httpx.ConnectTimeout):
                    if number == len(addresses):
                        raise
                else:
                    await answer.aclose()
                    return answer.status_code
        raise AssertionError("there is always an address")

    def _judge(self, status: int, target: Target) -> None:
        if 200 <= status < 300:
            return
        if 300 <= status < 400:
            raise DeliveryRefused(
                f"the webhook leads elsewhere ({status}), which is not followed",
                where=target.host,
                next_step=f"name the place itself in notify.channels.{self._name}.url",
            )
        if 400 <= status < 500 and status not in _WORTH_ANOTHER_TRY:
            raise DeliveryRefused(
                f"the webhook does not take the message ({status})",
                where=target.host,
                next_step=f"correct notify.channels.{self._name}, then: amalimart notify test {self._name}",
            )
        raise DeliveryFailed(f"the webhook answered {status}", where=target.host)


def signature(key: str, seconds: int, content: bytes) -> str:
    """What a receiver computes again: HMAC-SHA256 over the time, a dot and the body."""
    digest = hmac.new(key.encode(), f"{seconds}.".encode() + content, hashlib.sha256)
    return f"t={seconds},v1={digest.hexdigest()}"
