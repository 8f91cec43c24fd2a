"""How people and portals come in, as far as the HTTP door lets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from amalimart.access.embed_tokens import EmbeddedIds
from amalimart.access.principal import Principal, Role
from amalimart.control.single_sign_on.flow import Begun
from amalimart.control.users.api_keys import ApiKey
from amalimart.control.users.user import User


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A user that the sign-in page of a demo offers by one click, and what they will see."""

    email: str
    sees: str


class SingleSignOnPort(Protocol):
    """Signing in by an identity provider."""

    @property
    def name(self) -> str: ...

    @property
    def site_url(self) -> str | None:
        """The address of this site that the provider knows, where it is not the one that is asked for."""
        ...

    def begin(self, following: str, redirect_uri: str) -> Begun:
        """Where the browser goes. Raises IdentityProviderUnavailable."""
        ...

    def finish(self, answer: Mapping[str, str], kept_state: str) -> tuple[User, str]:
        """Who came back, and the page that they wanted. Raises NotSignedIn, IdentityProviderUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class SignInOptions:
    """How people sign in: with a password, by an identity provider, or both."""

    passwords: bool = True
    single_sign_on: SingleSignOnPort | None = None


class EmbedPort(Protocol):
    """Embed tokens: signed words that open one dashboard for some vendors or businesses."""

    def mint(
        self,
        key: ApiKey,
        ids: EmbeddedIds,
        dashboard: str,
        *,
        life: timedelta,
        viewer: str = "",
        door: str,
        role: Role = Role.VENDOR,
    ) -> tuple[str, datetime]:
        """A token and its end. Raises Denied for a key or role that may not, AuditUnavailable."""
        ...

    def opened(self, token: str) -> tuple[Principal, str]:
        """Whom a token stands for, and the one dashboard that it opens. Raises NotSignedIn."""
        ...
