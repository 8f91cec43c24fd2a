"""Where a webhook leads: its address read strictly, its name resolved once, every address of it checked.

The connection is then made to one of exactly these addresses, so a name that answers differently the next
time it is asked changes nothing.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from amalimart.core.errors import DeliveryFailed, DeliveryRefused
from amalimart.delivery.channels.addresses import is_odd_number, refusal

Resolver = Callable[[str, int], Sequence[str]]
"""The addresses of a host name. Raises OSError where there are none."""

_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")  # a name as it is asked for, or an address of IPv6
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class TargetRule:
    """What an address of a webhook may be.

    allow_http   without TLS
    allow_hosts  hosts that may be inside the private network, or this machine
    """

    allow_http: bool = False
    allow_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook's address, taken apart.

    host  as the receiver knows itself: for the Host header and the certificate
    path  with the query; may hold a token, so it stands in no error
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == _PORTS[self.scheme] else f"{shown}:{self.port}"

    def at(self, address: str) -> str:
        """The same resource by one address of its host."""
        shown = f"[{address}]" if ":" in address else address
        return f"{self.scheme}://{shown}:{self.port}{self.path}"


def system_resolver(host: str, port: int) -> Sequence[str]:
    """What this machine's resolver says. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def read_target(url: str, rule: TargetRule) -> Target:
    """The parts of an address. Raises DeliveryRefused for one that is not followed, whatever it leads to."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise _refused("cannot be read", "https://host/path") from error
    if parsed.scheme not in ({"https", "http"} if rule.allow_http else {"https"}):
        raise _refused("is not an https address", "https, or http with `allow_http: true`")
    if parsed.userinfo:
        raise _refused("holds credentials", "a token in its path, and all of it as secret:NAME")
    host = parsed.raw_host.decode("ascii").removesuffix(".").lower()
    if not host:
        raise _refused("names no host", "https://host/path")
    if is_odd_number(host):
        raise _refused(
            "writes a network address as a number", "a host name, or the address in its usual form"
        )
    if not _HOST.fullmatch(host):
        raise _refused("has no host of a usual form", "https://host/path")
    path = parsed.raw_path.decode("ascii")
    return Target(parsed.scheme, host, parsed.port or _PORTS[parsed.scheme], path)


def addresses_of(target: Target, rule: TargetRule, resolver: Resolver) -> Sequence[str]:
    """The addresses to connect to, all of them checked. Raises DeliveryFailed.

    One that is refused refuses all: a name with a public and an inner address is trusted with neither.
    """
    try:
        found = resolver(target.host, target.port)
    except (OSError, UnicodeError) as error:
        raise DeliveryFailed("the webhook's host is not known", where=target.host) from error
    if not found:
        raise DeliveryFailed("the webhook's host has no address", where=target.host)
    for address in found:
        why = refusal(address, allow_inner=target.host in rule.allow_hosts)
        if why is not None:
            raise DeliveryFailed(
                f"the webhook's host leads to an address that is {why}",
                where=target.host,
                expected="a public address, or a host that `allow_hosts` names",
            )
    return found


def _refused(what: str, expected: str) -> DeliveryRefused:
    return DeliveryRefused(f"the webhook's address {what}", where="url", expected=expected)
