"""Embed tokens: a signed, short-lived word that opens one dashboard for some vendors or businesses.

    ame1.<payload>.<mac>

The payload is JSON in base64url, the MAC is HMAC-SHA256 over everything before its dot, in base64url. The
first part names the format and with it the algorithm: a token says nothing about how it is verified.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from amalimart.access.principal import Principal, Role
from amalimart.access.signing_secrets import checked_secret, key_for
from amalimart.core.clock import Clock
from amalimart.core.errors import NotSignedIn
from amalimart.core.names import is_identifier

PREFIX = "ame1."
LONGEST_LIFE = timedelta(hours=1)
SKEW = timedelta(seconds=30)
MOST_VENDORS = 50
_LONGEST = 8_000
_ROLE = "role"  # only where it is not a vendor's own
_BUSINESSES = "businesses"  # only where there are any
_FIELDS = {"aud": str, "dashboard": str, "exp": int, "iat": int, "key": str, "vendors": list, "viewer": str}


@dataclass(frozen=True, slots=True)
class EmbeddedIds:
    """Whose rows are shown: those of vendors, and of the vendors behind which businesses stand."""

    vendor_ids: frozenset[str] = frozenset()
    business_ids: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.vendor_ids or self.business_ids)

    def principal(self, subject: str, role: Role, display_name: str = "") -> Principal:
        """Who is shown them."""
        return Principal(
            subject, role, display_name, vendor_ids=self.vendor_ids, business_ids=self.business_ids
        )


@dataclass(frozen=True, slots=True)
class EmbedGrant:
    """What a token permits.

    key_id  the API key that it was minted with: revoke it, and its tokens open nothing
    viewer  who looks, in the portal's own words, for the audit; may be empty
    role    as which the vendors are shown their rows: that of a vendor, or a narrower copy of it
    """

    ids: EmbeddedIds
    dashboard: str
    key_id: str
    viewer: str
    issued_at: datetime
    expires_at: datetime
    role: Role = Role.VENDOR


class EmbedTokens:
    """Signs and verifies the tokens of one audience: this site, and no other that has the same key."""

    def __init__(self, key: bytes, audience: str, clock: Clock) -> None:
        self._key = key
        self._audience = audience
        self._clock = clock

    def sign(
        self,
        ids: EmbeddedIds,
        dashboard: str,
        key_id: str,
        viewer: str,
        life: timedelta,
        role: Role = Role.VENDOR,
    ) -> tuple[str, EmbedGrant]:
        """A token that begins now, and what it grants."""
        now = self._clock.now().replace(microsecond=0)
        ends = now + min(life, LONGEST_LIFE)
        grant = EmbedGrant(ids, dashboard, key_id, viewer, now, ends, role)
        payload: dict[str, object] = {
            "aud": self._audience,
            "dashboard": dashboard,
            "exp": int(grant.expires_at.timestamp()),
            "iat": int(now.timestamp()),
            "key": key_id,
            "vendors": sorted(ids.vendor_ids),
            "viewer": viewer,
        }
        if role is not Role.VENDOR:
            payload[_ROLE] = role.value
        if ids.business_ids:
            payload[_BUSINESSES] = sorted(ids.business_ids)
        text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
        signed = PREFIX + _encoded(text.encode("utf-8", "replace"))
        return f"{signed}.{self._mac(signed)}", grant

    def verify(self, token: str) -> EmbedGrant:
        """What a token grants at this moment. Raises NotSignedIn where it is not ours, for now and here."""
        signed, _, mac = token.rpartition(".")
        expected = self._mac(signed).encode()
        given = mac.encode("utf-8", "surrogatepass")
        if len(token) > _LONGEST or not signed.startswith(PREFIX) or not hmac.compare_digest(expected, given):
            raise _refused("is not one of ours")
        payload = _payload(signed.removeprefix(PREFIX))
        if payload["aud"] != self._audience:
            raise _refused("is for another site")
        issued_at, expires_at = (datetime.fromtimestamp(payload[name], UTC) for name in ("iat", "exp"))
        ids = EmbeddedIds(frozenset(payload["vendors"]), frozenset(payload.get(_BUSINESSES, ())))
        if not ids or expires_at - issued_at > LONGEST_LIFE:
            raise _refused("grants what no token may")
        now = self._clock.now()
        if not issued_at - SKEW <= now < expires_at + SKEW:
            raise _refused("has expired, or is not valid yet")
        return EmbedGrant(
            ids,
            payload["dashboard"],
            payload["key"],
            payload["viewer"],
            issued_at,
            expires_at,
            Role(payload.get(_ROLE, Role.VENDOR)),
        )

    def _mac(self, signed: str) -> str:
        message = signed.encode("utf-8", "surrogatepass")
        return _encoded(hmac.new(self._key, message, hashlib.sha256).digest())


def embed_key(secret: str, name: str) -> bytes:
    """The key made of the project's secret. Raises ConfigError for a weak one."""
    return key_for(checked_secret(secret, name), "embed tokens 1")


def _payload(text: str) -> dict[str, Any]:
    """The payload, if it has the fields of a token and no others. Raises NotSignedIn."""
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        payload: dict[str, Any] = json.loads(content)
    except (binascii.Error, ValueError, RecursionError):
        raise _refused("cannot be read") from None
    is_ours = (
        _encoded(content) == text
        and isinstance(payload, dict)
        and payload.keys() - {_ROLE, _BUSINESSES} == _FIELDS.keys()
        and (_ROLE not in payload or _is_own_role(payload[_ROLE]))
        and all(type(payload[name]) is kind for name, kind in _FIELDS.items())
        and all(isinstance(vendor, str) for vendor in payload["vendors"])
        and (_BUSINESSES not in payload or _are_ids(payload[_BUSINESSES]))
        and all(0 <= payload[name] < 1 << 36 for name in ("iat", "exp"))
    )
    if not is_ours:
        raise _refused("cannot be read")
    return payload


def _are_ids(given: object) -> bool:
    return isinstance(given, list) and bool(given) and all(isinstance(each, str) for each in given)


def _is_own_role(name: object) -> bool:
    """Whether it can be a role of a project's own; none of the product's but a vendor's is ever granted."""
    return isinstance(name, str) and is_identifier(name) and not Role(name).is_packaged


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _refused(why: str) -> NotSignedIn:
    return NotSignedIn(f"This embed token {why}.", next_step="ask the portal for a new one")
