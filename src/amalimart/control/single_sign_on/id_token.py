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


class UnknownKey(NotSignedIn):
    """Signed with a key that is not known (yet)."""


def verified_claims(
    token: str, keys: KeySet, rule: TokenRule, now: datetime, access_token: object = None
) -> dict[str, Any]:
    """The claims of a token that is right in every respect.

    Raises UnknownKey, and NotSignedIn for everything else: which respect it is helps nobody who may sign in.
    """
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
        raise UnknownKey(_WHAT, next_step=_NEXT) from error
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise NotSignedIn(_WHAT, next_step=_NEXT) from error
    return dict(read.claims)


_WHAT = "The identity provider's word for who you are cannot be trusted, so you are not signed in."
_NEXT = "begin again; if it stays, ask whoever runs this site"
