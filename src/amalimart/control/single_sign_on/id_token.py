"""Whether an ID token is what it must be: signature, issuer, audience, time, nonce. Asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from amalimart.core.errors import NotSignedIn

_LEEWAY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class TokenRule:
    """What a token must say."""

    issuer: str
    client_id: str
    algorithms: Sequence[str]
    nonce: str


class UnknownKey(Exception):
    """Signed with a key that is not known: it may be a new one of the provider."""


def verified_claims(
    token: str, keys: KeySet, rule: TokenRule, now: datetime, access_token: object = None
) -> dict[str, Any]:
    """The claims of a token that is right in every respect. Raises NotSignedIn, UnknownKey."""
    try:
        read = jwt.decode(token, keys, algorithms=list(rule.algorithms))
        claims = CodeIDToken(
            read.claims,
            read.header,
            options={
                "iss": {"essential": True, "value": rule.issuer},
                "aud": {"essential": True, "value": rule.client_id},
            },
            params={"nonce": rule.nonce, "client_id": rule.client_id, "access_token": access_token},
        )
        claims.validate(now=int(now.timestamp()), leeway=_LEEWAY_SECONDS)
    except InvalidKeyIdError as error:
        raise UnknownKey from error
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise untrusted() from error
    return dict(read.claims)


def untrusted() -> NotSignedIn:
    """The error for every token that is not right: in which respect helps nobody who may sign in."""
    return NotSignedIn(
        "The identity provider's word for who you are cannot be trusted, so you are not signed in.",
        next_step="begin again; if it stays, ask whoever runs this site",
    )
