"""The identity provider: how it describes itself, its keys, and the exchange of a code for an ID token."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from threading import Lock
from typing import Any

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from amalimart.config.sign_in_settings import OidcSettings, is_safe_address
from amalimart.control.single_sign_on.exchange import Exchange
from amalimart.control.single_sign_on.id_token import TokenRule, UnknownKey, untrusted, verified_claims
from amalimart.core.clock import Clock
from amalimart.core.errors import NotSignedIn

_DESCRIPTION = "/.well-known/openid-configuration"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_KEPT = timedelta(hours=1)
_KEYS_ASKED_EVERY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What one sign-in is bound to, made anew for each: only who began it can end it."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str


def new_challenge(redirect_uri: str) -> Challenge:
    """A fresh one; each part is 256 random bits or more."""
    return Challenge(
        secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), redirect_uri
    )


@dataclass(frozen=True, slots=True)
class _Description:
    authorization: str
    token: str
    keys: str
    auth_method: str
    read_at: datetime


class IdentityProvider:
    """One provider, for many threads. What it says of itself is read again after an hour."""

    def __init__(self, settings: OidcSettings, client_secret: str, clock: Clock, exchange: Exchange) -> None:
        self._settings = settings
        self._secret = client_secret
        self._clock = clock
        self._exchange = exchange
        self._lock = Lock()
        self._description: _Description | None = None
        self._keys: tuple[KeySet, datetime] | None = None

    def describe(self) -> str:
        """The address of its sign-in page. Raises IdentityProviderUnavailable."""
        return self._described().authorization

    def authorization_address(self, challenge: Challenge) -> str:
        """Where a browser goes to sign in. Raises IdentityProviderUnavailable."""
        address: str = prepare_grant_uri(
            self._described().authorization,
            self._settings.client_id,
            "code",
            redirect_uri=challenge.redirect_uri,
            scope=" ".join(self._settings.scopes),
            state=challenge.state,
            nonce=challenge.nonce,
            code_challenge=create_s256_code_challenge(challenge.verifier),
            code_challenge_method="S256",
        )
        return address

    def claims(self, code: str, challenge: Challenge) -> dict[str, Any]:
        """What the ID token says that a code stands for. Raises NotSignedIn, IdentityProviderUnavailable."""
        description = self._described()
        body = prepare_token_request(
            "authorization_code",
            redirect_uri=challenge.redirect_uri,
            code=code,
            code_verifier=challenge.verifier,
        )
        authorize = ClientAuth(self._settings.client_id, self._secret, description.auth_method)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        address, headers, body = authorize.prepare("POST", description.token, form, body)
        status, answer = self._exchange.post(address, headers, body)
        token = answer.get("id_token")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise self._exchange.unusable(f"it answers {status}", description.token)
        if status != HTTPStatus.OK or not isinstance(token, str):
            raise NotSignedIn(
                f"{self._settings.name} did not confirm who you are: the sign-in is over, or too old.",
                next_step="begin again",
            )
        return self._verified(token, challenge, answer.get("access_token"))

    def _verified(self, token: str, challenge: Challenge, access_token: object) -> dict[str, Any]:
        rule = TokenRule(
            self._settings.issuer, self._settings.client_id, self._settings.algorithms, challenge.nonce
        )
        now = self._clock.now()
        for renewed in (False, True):  # once more with fresh keys: the provider may have changed them
            try:
                return verified_claims(token, self._known_keys(renewed=renewed), rule, now, access_token)
            except UnknownKey:
                continue
        raise untrusted()

    def _described(self) -> _Description:
        with self._lock:
            known = self._description
        if known is not None and self._clock.now() - known.read_at < _KEPT:
            return known
        address = f"{self._settings.issuer.rstrip('/')}{_DESCRIPTION}"
        told = self._exchange.get(address)
        if told.get("issuer") != self._settings.issuer:
            raise self._exchange.unusable("it names itself otherwise than `issuer` in the settings", address)
        for name in _ENDPOINTS:
            if not isinstance(told.get(name), str) or not is_safe_address(told[name]):
                raise self._exchange.unusable(f"its {name} is not an https:// address", address)
        methods = told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        by_post = "client_secret_basic" not in methods and "client_secret_post" in methods
        found = _Description(
            told["authorization_endpoint"],
            told["token_endpoint"],
            told["jwks_uri"],
            "client_secret_post" if by_post else "client_secret_basic",
            self._clock.now(),
        )
        with self._lock:
            self._description = found
        return found

    def _known_keys(self, *, renewed: bool = False) -> KeySet:
        now = self._clock.now()
        with self._lock:
            known = self._keys
        if known is not None and now - known[1] < (_KEYS_ASKED_EVERY if renewed else _KEPT):
            return known[0]
        address = self._described().keys
        try:
            found = KeySet.import_key_set(self._exchange.get(address))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._exchange.unusable("its keys cannot be read", address) from error
        with self._lock:
            self._keys = (found, now)
        return found
