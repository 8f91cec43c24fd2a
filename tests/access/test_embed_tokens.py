"""Embed tokens: what was signed for here and now is taken, and nothing else whatever is done to it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from amalimart.access.embed_tokens import LONGEST_LIFE, PREFIX, SKEW, EmbeddedIds, EmbedTokens, embed_key
from amalimart.core.clock import FixedClock
from amalimart.core.errors import ConfigError, NotSignedIn

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
KEY = embed_key("dO0cFYBXjJPnV3l8Q2aRwTzKe6hUgS9m", "EMBED_KEY")
CLAIMS = {
    "aud": "here",
    "dashboard": "vendor",
    "exp": int(NOON.timestamp()) + 300,
    "iat": int(NOON.timestamp()),
    "key": "k1",
    "vendors": ["17"],
    "viewer": "",
}


def tokens(audience: str = "here", after: timedelta = timedelta(), key: bytes = KEY) -> EmbedTokens:
    return EmbedTokens(key, audience, FixedClock(NOON + after))


def signed(vendors: frozenset[str] = frozenset({"17"}), life: timedelta = timedelta(minutes=5)) -> str:
    return tokens().sign(EmbeddedIds(vendors), "vendor", "k1", "ama", life)[0]


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def by_hand(claims: Any, prefix: str = PREFIX, algorithm: str = "sha256") -> str:
    """A token made with the right key, by somebody who may have another idea of what it says."""
    text = prefix + encoded(json.dumps(claims).encode())
    return f"{text}.{encoded(hmac.new(KEY, text.encode(), algorithm).digest())}"


def test_a_token_grants_what_was_signed() -> None:
    grant = tokens().verify(signed(frozenset({"17", "23"})))
    assert grant.ids == EmbeddedIds(frozenset({"17", "23"}))
    assert (grant.dashboard, grant.key_id, grant.viewer) == ("vendor", "k1", "ama")
    assert grant.expires_at - grant.issued_at == timedelta(minutes=5)
    assert tokens().verify(by_hand(CLAIMS)).ids == EmbeddedIds(frozenset({"17"}))


def test_a_token_may_be_for_businesses_beside_vendors_or_alone() -> None:
    for ids in (
        EmbeddedIds(frozenset(), frozenset({"b1", "b2"})),
        EmbeddedIds(frozenset({"17"}), frozenset({"b1"})),
    ):
        token, _ = tokens().sign(ids, "vendor", "k1", "", timedelta(minutes=5))
        assert tokens().verify(token).ids == ids


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_whatever_is_changed_of_a_token_it_is_refused(data: st.DataObject) -> None:
    token = signed()
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(
        st.characters(min_codepoint=32, max_codepoint=0x2FF).filter(lambda c: c != token[place])
    )
    longer = data.draw(st.text(min_size=1, max_size=4))
    for changed in (
        token[:place] + other + token[place + 1 :],
        token[:place],
        token[:place] + longer + token[place:],
        token + "=",
    ):
        if changed != token:
            with pytest.raises(NotSignedIn):
                tokens().verify(changed)


@pytest.mark.parametrize("after", [-SKEW, timedelta(), timedelta(minutes=5) + SKEW - timedelta(seconds=1)])
def test_clocks_may_differ_a_little(after: timedelta) -> None:
    assert tokens(after=after).verify(signed())


@pytest.mark.parametrize(
    "after", [-SKEW - timedelta(seconds=1), timedelta(minutes=5) + SKEW, timedelta(days=900)]
)
def test_before_and_after_its_time_it_is_refused(after: timedelta) -> None:
    with pytest.raises(NotSignedIn, match="expired"):
        tokens(after=after).verify(signed())


def test_a_token_for_another_site_is_refused_though_it_has_the_same_key() -> None:
    with pytest.raises(NotSignedIn, match="another site"):
        tokens("there").verify(signed())


def test_a_token_of_another_key_is_refused() -> None:
    other = embed_key("9mdO0cFYBXjJPnV3l8Q2aRwTzKe6hUgS", "EMBED_KEY")
    with pytest.raises(NotSignedIn, match="not one of ours"):
        tokens(key=other).verify(signed())


def test_no_life_is_longer_than_an_hour() -> None:
    _, grant = tokens().sign(EmbeddedIds(frozenset({"17"})), "vendor", "k1", "", timedelta(days=1))
    assert grant.expires_at - grant.issued_at == LONGEST_LIFE
    with pytest.raises(NotSignedIn):
        tokens().verify(by_hand({**CLAIMS, "exp": CLAIMS["iat"] + 3601}))  # type: ignore[operator]


@pytest.mark.parametrize(
    "claims",
    [
        {**CLAIMS, "vendors": []},
        {**CLAIMS, "vendors": "17"},
        {**CLAIMS, "vendors": [], "businesses": []},
        {**CLAIMS, "businesses": []},
        {**CLAIMS, "businesses": "b1"},
        {**CLAIMS, "businesses": [1]},
        {**CLAIMS, "vendors": [17]},
        {**CLAIMS, "exp": str(CLAIMS["exp"])},
        {**CLAIMS, "exp": True},
        {**CLAIMS, "exp": 1e300},
        {**CLAIMS, "exp": 1 << 80},
        {**CLAIMS, "role": "admin"},
        {key: value for key, value in CLAIMS.items() if key != "aud"},
        [],
        None,
        "x",
    ],
)
def test_what_says_something_else_is_refused_even_with_the_right_key(claims: Any) -> None:
    with pytest.raises(NotSignedIn):
        tokens().verify(by_hand(claims))


def test_a_token_has_no_say_in_how_it_is_verified() -> None:
    """Other formats and algorithms under the same key: the classic ways to confuse a verifier."""
    text = signed().rpartition(".")[0]
    key = OctKey.import_key(KEY)
    unsigned = encoded(b'{"alg":"none","typ":"JWT"}') + "." + encoded(json.dumps(CLAIMS).encode())
    for confused in (
        jwt.encode({"alg": "HS256"}, CLAIMS, key),
        f"{unsigned}.",
        f"{PREFIX}{unsigned}.",
        f"{text}.",
        text,
        f"{text}.{encoded(hashlib.sha256(text.encode()).digest())}",
        by_hand(CLAIMS, algorithm="sha512"),
        by_hand(CLAIMS, algorithm="sha1"),
        by_hand(CLAIMS, prefix="ame2."),
        by_hand(CLAIMS, prefix=""),
        by_hand(CLAIMS, prefix="ame1.ame1."),
        "",
        "." * 20,
        PREFIX,
        "ame1.\ud800.x",
        f"{PREFIX}{'a' * 100_000}.x",
    ):
        with pytest.raises(NotSignedIn):
            tokens().verify(confused)


def test_a_weak_key_is_refused() -> None:
    with pytest.raises(ConfigError, match="EMBED_KEY is too weak"):
        embed_key("secret", "EMBED_KEY")
