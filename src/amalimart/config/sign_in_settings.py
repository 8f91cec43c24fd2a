"""What amalimart.yml may say of signing in: with a password, by an identity provider (OpenID Connect)."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from amalimart.config.notify_settings import is_loopback
from amalimart.config.secret_reference import SECRET_REFERENCE
from amalimart.config.strict_yaml import StrictModel
from amalimart.core.names import is_identifier

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "Ed25519"]
_OF_PROGRAMS = "service"
_DOMAIN = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+")


def is_safe_address(address: str) -> bool:
    """Whether secrets may go there: by TLS, or to this machine, and the address is nothing but one."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment or not address.isprintable():
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


class OidcSettings(StrictModel):
    """The identity provider, and what its claims say of a person.

    name             of the provider, on the sign-in page
    issuer           its address, to the letter as it names itself
    client_id, client_secret  of this product there; the secret as `secret:NAME`
    site_url         address of this site, where it is not the one that the browser asks for
    allowed_domains  of e-mail addresses; empty allows every domain
    algorithms       by which its ID tokens may be signed
    role_claim       a claim that names the role; or
    groups_claim     a claim that lists groups, and
    roles            group -> role, the product's or the project's own; of several the first one here counts
    vendor_ids_claim, business_ids_claim, delivery_partner_ids_claim  claims that list ids
    timeout_seconds  how long one answer of the provider may take
    """

    name: str = Field(min_length=1, max_length=60)
    issuer: str = Field(max_length=500)
    client_id: str = Field(min_length=1, max_length=500)
    client_secret: str
    site_url: str | None = None
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    allowed_domains: tuple[str, ...] = ()
    algorithms: tuple[Algorithm, ...] = Field(default=("RS256", "ES256"), min_length=1)
    role_claim: str | None = Field(default=None, min_length=1)
    groups_claim: str | None = Field(default=None, min_length=1)
    roles: dict[str, str] = {}
    vendor_ids_claim: str | None = Field(default=None, min_length=1)
    business_ids_claim: str | None = Field(default=None, min_length=1)
    delivery_partner_ids_claim: str | None = Field(default=None, min_length=1)
    timeout_seconds: float = Field(default=10.0, ge=0.5, le=60)

    @property
    def maps_roles(self) -> bool:
        """Whether claims decide who may do what; else only users who are here already sign in."""
        return self.role_claim is not None or self.groups_claim is not None

    @field_validator("client_secret")
    @classmethod
    def _by_reference(cls, given: str) -> str:
        if not given.startswith(SECRET_REFERENCE):
            raise ValueError("needs the form secret:NAME; it is a secret")
        return given

    @field_validator("issuer", "site_url")
    @classmethod
    def _safe(cls, given: str | None) -> str | None:
        if given is not None and (not is_safe_address(given) or urlsplit(given).query):
            raise ValueError("is not an https:// address (http:// only to this machine, such as 127.0.0.1)")
        return given

    @field_validator("site_url")
    @classmethod
    def _whole_site(cls, given: str | None) -> str | None:
        if given is not None and urlsplit(given).path not in {"", "/"}:
            raise ValueError("is more than the address of a site, such as https://numbers.example.com")
        return given

    @field_validator("allowed_domains")
    @classmethod
    def _domains(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for domain in given:
            if not _DOMAIN.fullmatch(domain):
                raise ValueError(f"{domain[:60]!r} is not a domain in small letters, such as example.com")
        return given

    @field_validator("scopes")
    @classmethod
    def _with_openid(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if not {"openid", "email"} <= set(given) or any(not each or " " in each for each in given):
            raise ValueError("needs `openid` and `email`, one scope an entry")
        return given

    @field_validator("roles")
    @classmethod
    def _of_people(cls, given: dict[str, str]) -> dict[str, str]:
        for role in given.values():
            if not is_identifier(role) or role == _OF_PROGRAMS:
                raise ValueError(f"{role[:60]!r} is no role of a person, such as vendor")
        return given

    @model_validator(mode="after")
    def _one_mapping(self) -> OidcSettings:
        if self.role_claim is not None and (self.groups_claim is not None or self.roles):
            raise ValueError("give `role_claim`, or `groups_claim` with `roles`")
        if (self.groups_claim is None) != (not self.roles):
            raise ValueError("`groups_claim` and `roles` belong together")
        claims = (self.vendor_ids_claim, self.business_ids_claim, self.delivery_partner_ids_claim)
        if not self.maps_roles and any(claims):
            raise ValueError("claims with ids belong to `role_claim`, or to `groups_claim` with `roles`")
        return self


class SignInSettings(StrictModel):
    """How people sign in.

    passwords  whether with a password of this product
    oidc       the identity provider by which they do
    """

    passwords: bool = True
    oidc: OidcSettings | None = None

    @model_validator(mode="after")
    def _some_way(self) -> SignInSettings:
        if not self.passwords and self.oidc is None:
            raise ValueError("without `passwords` and without `oidc` nobody could sign in")
        return self
