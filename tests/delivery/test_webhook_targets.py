"""Which addresses a webhook may lead to: every dress of an inner address, and public ones that look odd."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amalimart.core.errors import DeliveryRefused
from amalimart.delivery.channels.addresses import is_odd_number, refusal
from amalimart.delivery.channels.targets import TargetRule, read_target, system_resolver

ANY = "0.0.0.0"  # noqa: S104 - nothing is bound to it
INNER = [
    "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
    "100.127.255.255", "169.254.169.254", ANY, "0.1.2.3", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "ff0e::1",
    "2001:db8::1", "100::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::ffff:0:10.0.0.1",
    "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::10.0.0.1", "2002:7f00:1::",
    "2002:a9fe:a9fe::1", "2002:0a00:0001::", "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    "2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:127.0.0.1", "nonsense", "", "1.2.3",
]  # fmt: skip
PUBLIC = [
    "8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "192.167.255.255",
    "2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INNER)
def test_an_inner_address_is_refused_in_every_dress(address: str) -> None:
    assert refusal(address, allow_inner=False) is not None


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_taken(address: str) -> None:
    assert refusal(address, allow_inner=False) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "::1"])
def test_a_host_that_is_allowed_may_be_inner(address: str) -> None:
    assert refusal(address, allow_inner=True) is None


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "2002:a9fe:a9fe::1",
        "fe80::1",
        ANY,
        "::",
        "224.0.0.1",
    ],
)
def test_even_then_it_is_not_one_of_the_link_or_of_many(address: str) -> None:
    assert refusal(address, allow_inner=True) is not None


@settings(max_examples=150, deadline=None)
@given(number=st.integers(0, 2**32 - 1), dress=st.sampled_from([0xFFFF << 32, 0x64_FF9B << 96, 0]))
def test_a_dressed_address_is_judged_as_the_bare_one(number: int, dress: int) -> None:
    bare = ipaddress.IPv4Address(number)
    dressed = ipaddress.IPv6Address(dress | number)
    if dress or number > 1:
        assert refusal(str(dressed), allow_inner=False) == refusal(str(bare), allow_inner=False)
        assert refusal(
            str(ipaddress.IPv6Address(0x2002 << 112 | number << 80)), allow_inner=False
        ) == refusal(str(bare), allow_inner=False)


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "017700000001", "127.0.0.01", "0"]
)
def test_an_address_as_a_number_is_refused_and_leads_where_people_do_not_see(host: str) -> None:
    assert is_odd_number(host)
    for written in (f"https://{host}/", f"https://{host}./"):
        with pytest.raises(DeliveryRefused, match=r"as a number|cannot be read"):
            read_target(written, TargetRule())
    for address in system_resolver(host, 443):
        assert refusal(address, allow_inner=False) is not None


@pytest.mark.parametrize("host", ["8.8.8.8", "hooks.example", "7f", "a.1", "0x.example"])
def test_a_plain_host_is_no_number(host: str) -> None:
    assert not is_odd_number(host)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example/", "is not an https address"),
        ("ftp://hooks.example/", "is not an https address"),
        ("file:///etc/passwd", "is not an https address"),
        ("hooks.example", "is not an https address"),
        ("", "is not an https address"),
        ("https:///path", "names no host"),
        ("https://me:secret@hooks.example/", "holds credentials"),
        ("https://hooks.example@127.0.0.1/", "holds credentials"),
        ("https://[::1/", "cannot be read"),
        ("https://a b/", "no host of a usual form"),
        ("https://a%00b/", "no host of a usual form"),
        ("https://x\r\nHost: y/", "cannot be read"),
    ],
)
def test_an_address_that_is_not_followed_says_why_and_repeats_nothing(url: str, why: str) -> None:
    with pytest.raises(DeliveryRefused, match=why) as refused:
        read_target(url, TargetRule())
    assert "secret" not in refused.value.what


@pytest.mark.parametrize(
    ("url", "authority", "at"),
    [
        ("https://Hooks.Example/in?a=b#c", "hooks.example", "https://9.9.9.9:443/in?a=b"),
        ("https://hooks.example.:8443", "hooks.example:8443", "https://9.9.9.9:8443/"),
        ("https://bücher.example/", "xn--bcher-kva.example", "https://9.9.9.9:443/"),
        ("https://[2606:4700::1]:444/x", "[2606:4700::1]:444", "https://9.9.9.9:444/x"),
    ],
)
def test_the_parts_of_an_address(url: str, authority: str, at: str) -> None:
    target = read_target(url, TargetRule())
    assert (target.authority, target.at("9.9.9.9")) == (authority, at)
    assert target.at("2606:4700::2").startswith("https://[2606:4700::2]:")
