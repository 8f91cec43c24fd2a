"""An identity provider in memory that does what a test tells it, however hostile."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from joserfc.jws import JWSRegistry

from amalimart.access.principal import Role
from amalimart.config.sign_in_settings import OidcSettings
from amalimart.control.single_sign_on.exchange import Exchange
from amalimart.control.single_sign_on.flow import SingleSignOn
from amalimart.control.single_sign_on.linking import Linking
from amalimart.control.single_sign_on.provider import IdentityProvider
from amalimart.control.store import ControlStore
from amalimart.core.clock import Clock

ISSUER = "https://id.example.com"
CLIENT = "amalimart"
KEYS = {
    kid: RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})
    for kid in ("one", "two", "own")
}
WAY_BACK = "https://numbers.example.com/sign-in/oidc/back"


def settings(**changes: Any) -> OidcSettings:
    """Settings that a test changes."""
    given: dict[str, Any] = {
        "name": "Example ID",
        "issuer": ISSUER,
        "client_id": CLIENT,
        "client_secret": "secret:OIDC",
        "groups_claim": "groups",
        "roles": {"bosses": "admin", "sellers": "vendor"},
        "vendor_ids_claim": "vendors",
        **changes,
    }
    return OidcSettings.model_validate(given)


@dataclass
class FakeProvider(httpx.BaseTransport):
    """Answers as a provider does. What is in `claims`, `header` and `described` overrides what is right."""

    clock: Clock
    claims: dict[str, Any] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)
    signing: str = "one"
    published: tuple[str, ...] = ("one",)
    token: str | None = None
    is_down: bool = False
    seconds: float = 0
    asked: list[httpx.Request] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    begun: dict[str, str] = field(default_factory=dict)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request of ours."""
        self.asked.append(request)
        if self.is_down:
            raise httpx.ConnectError("connection refused", request=request)
        time.sleep(self.seconds)
        match request.url.path:
            case "/.well-known/openid-configuration":
                return httpx.Response(200, json=self.description())
            case "/keys":
                public = KeySet([KEYS[kid] for kid in self.published]).as_dict(private=False)
                return httpx.Response(200, json=public)
            case "/token":
                return self._exchanged(dict(parse_qsl(request.content.decode())))
        return httpx.Response(404, json={})

    def description(self) -> dict[str, Any]:
        """How it describes itself."""
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            **self.described,
        }

    def visited(self, address: str) -> dict[str, str]:
        """What a browser comes back with that went there and signed in."""
        self.begun = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        return {"code": f"code-{len(self.used)}", "state": self.begun["state"]}

    def _exchanged(self, form: Mapping[str, str]) -> httpx.Response:
        if form["code"] in self.used:
            return httpx.Response(400, json={"error": "invalid_grant"})
        self.used.add(form["code"])
        return httpx.Response(200, json={"access_token": "a", "id_token": self.token or self.signed()})

    def right_claims(self) -> dict[str, Any]:
        """What an honest token says."""
        now = int(self.clock.now().timestamp())
        return {
            "iss": ISSUER,
            "aud": CLIENT,
            "sub": "u-1",
            "iat": now,
            "exp": now + 300,
            "nonce": self.begun.get("nonce"),
            "email": "ama@example.com",
            "email_verified": True,
            "name": "Ama Serwaa",
            "groups": ["sellers"],
            "vendors": ["17"],
        }

    def signed(self, **header: Any) -> str:
        """A token of what it claims; what is None is left out."""
        said = {
            name: value for name, value in {**self.right_claims(), **self.claims}.items() if value is not None
        }
        head = {"alg": "RS256", "kid": self.signing, **header}
        return jwt.encode(head, said, KEYS[self.signing], registry=JWSRegistry(algorithms=[head["alg"]]))


def signing_on(provider: FakeProvider, store: ControlStore, clock: Clock, **changes: Any) -> SingleSignOn:
    """Sign-ins by that provider."""
    chosen = settings(**changes)
    exchange = Exchange(chosen.name, chosen.timeout_seconds, provider)
    identity = IdentityProvider(chosen, "s3cret", clock, exchange)
    return SingleSignOn(
        chosen,
        identity,
        Linking(store.engine, clock, chosen.maps_roles),
        clock,
        lambda: [*Role, Role("clerk")],
    )


def unsigned(claims: Mapping[str, Any], algorithm: str = "none", secret: bytes | None = None) -> str:
    """A token that says it needs no signature, or one that is signed with what everybody knows."""
    signed = ".".join(_part(json.dumps(each).encode()) for each in ({"alg": algorithm, "kid": "one"}, claims))
    if secret is None:
        return f"{signed}."
    return f"{signed}.{_part(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def _part(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")
