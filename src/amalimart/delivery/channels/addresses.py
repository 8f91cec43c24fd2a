"""Which network addresses a message may be sent to: public ones, whatever form an inner one is dressed in."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Networks of IPv6 that stand for an IPv4 address: (network, how many bits stand below it).
_EMBEDDING = (
    (ipaddress.ip_network("::/96"), 0),  # IPv4-compatible, obsolete
    (ipaddress.ip_network("::ffff:0:0/96"), 0),  # IPv4-mapped
    (ipaddress.ip_network("::ffff:0:0:0/96"), 0),  # IPv4-translated
    (ipaddress.ip_network("64:ff9b::/96"), 0),  # NAT64
    (ipaddress.ip_network("2002::/16"), 80),  # 6to4
)
# Where the inner address depends on the operator, or is veiled: never needed to reach a public receiver.
_OPAQUE = tuple(ipaddress.ip_network(each) for each in ("64:ff9b:1::/48", "2001::/32", "fec0::/10"))
_ISATAP = (0x00005EFE, 0x02005EFE)
_LOW_32 = 0xFFFF_FFFF


def is_odd_number(host: str) -> bool:
    """Whether a host is an address written so that people do not see it: in decimal, octal, hex, or short."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        try:
            socket.inet_aton(host)
        except OSError:
            return False
        return True
    return False


def refusal(address: str, *, allow_inner: bool) -> str | None:
    """Why a message may not go to this address; None where it may.

    With `allow_inner` it may be in the private network or this machine; never one that is no single host, or
    that means something only on this link, as the addresses do that tell machines their credentials.
    """
    try:
        given = ipaddress.ip_address(address)
    except ValueError:
        return "not an address"
    return next((why for each in _meanings(given) if (why := _refusal(each, allow_inner=allow_inner))), None)


def _meanings(address: IpAddress) -> Iterator[IpAddress]:
    """The address itself, and the IPv4 address that it may stand for."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    number = int(address)
    inner = [
        ipaddress.IPv4Address(number >> shift & _LOW_32)
        for network, shift in _EMBEDDING
        if address in network and number > 1  # ::1 and :: are themselves
    ]
    if number >> 32 & _LOW_32 in _ISATAP:
        inner.append(ipaddress.IPv4Address(number & _LOW_32))
    yield from inner
    if not inner:
        yield address


def _refusal(address: IpAddress, *, allow_inner: bool) -> str | None:
    never = {
        "unspecified": address.is_unspecified,
        "multicast": address.is_multicast,
        "link-local": address.is_link_local,
        "not a single host": address == ipaddress.IPv4Address("255.255.255.255"),
        "veiled": any(address in network for network in _OPAQUE),
    }
    inner = {"loopback": address.is_loopback, "not public": not address.is_global or address.is_reserved}
    refused = never if allow_inner else {**never, **inner}
    return next((why for why, applies in refused.items() if applies), None)
