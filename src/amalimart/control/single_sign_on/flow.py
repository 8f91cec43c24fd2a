"""The two halves of one sign-in: off to the identity provider, and back with a code."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore

from amalimart.access.principal import Role
from amalimart.config.sign_in_settings import OidcSettings
from amalimart.control.single_sign_on.claims import person_of
from amalimart.control.single_sign_on.linking import Linking
from amalimart.control.single_sign_on.provider import Challenge, IdentityProvider, new_challenge
from amalimart.control.users.user import User
from amalimart.core.clock import Clock
from amalimart.core.errors import IdentityProviderUnavailable, NotSignedIn
from amalimart.core.recent import Recent

LASTS = timedelta(minutes=10)
_MOST_UNDER_WAY = 10_000
_AT_ONCE = 8  # a provider that hangs must not take all threads
_LONGEST_CODE = 4000


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser goes, and what it must bring back in a cookie."""

    address: str
    state: str


@dataclass(frozen=True, slots=True)
class _UnderWay:
    challenge: Challenge
    following: str
    begun_at: datetime


class SingleSignOn:
    """Sign-ins by one provider. What is under way is in memory: after a restart one begins again."""

    def __init__(
        self,
        settings: OidcSettings,
        provider: IdentityProvider,
        linking: Linking,
        clock: Clock,
        roles: Callable[[], Collection[Role]],
    ) -> None:
        """`roles` are those that there are at the moment, the product's and the project's own."""
        self._settings = settings
        self._provider = provider
        self._linking = linking
        self._clock = clock
        self._roles = roles
        self._under_way: Recent[str, _UnderWay] = Recent(_MOST_UNDER_WAY)
        self._places = BoundedSemaphore(_AT_ONCE)

    @property
    def name(self) -> str:
        """Of the provider, as people know it."""
        return self._settings.name

    @property
    def site_url(self) -> str | None:
        """The address of this site that the provider knows, where the settings give it."""
        return self._settings.site_url

    def begin(self, following: str, redirect_uri: str) -> Begun:
        """Begin a sign-in that ends at a page of this site. Raises IdentityProviderUnavailable."""
        challenge = new_challenge(redirect_uri)
        with self._place():
            address = self._provider.authorization_address(challenge)
        self._under_way.put(challenge.state, _UnderWay(challenge, following, self._clock.now()))
        return Begun(address, challenge.state)

    def finish(self, answer: Mapping[str, str], kept_state: str) -> tuple[User, str]:
        """The user, and the page that they wanted. A sign-in ends once, whatever comes of it.

        `answer` is what the provider sent the browser back with, `kept_state` what the browser kept.
        Raises NotSignedIn, LastAdmin, IdentityProviderUnavailable.
        """
        state = answer.get("state", "")
        if not kept_state or not hmac.compare_digest(_octets(state), _octets(kept_state)):
            raise _not_begun()
        found = self._under_way.take(state)
        if found is None or self._clock.now() - found.begun_at >= LASTS:
            raise _not_begun()
        if answer.get("iss", self._settings.issuer) != self._settings.issuer:
            raise NotSignedIn("The answer is from another identity provider.", next_step="begin again")
        code = answer.get("code", "")
        if "error" in answer or not 0 < len(code) <= _LONGEST_CODE:
            raise NotSignedIn(f"{self.name} did not sign you in.", next_step="begin again, or ask an admin")
        with self._place():
            claims = self._provider.claims(code, found.challenge)
        return self._linking.user_of(person_of(claims, self._settings, self._roles())), found.following

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=1.0):
            raise IdentityProviderUnavailable(
                "Too many people are signing in at this moment.", next_step="try again in a few seconds"
            )
        try:
            yield
        finally:
            self._places.release()


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _not_begun() -> NotSignedIn:
    return NotSignedIn(
        "This sign-in was not begun in this browser, is over already, or took too long.",
        next_step="begin again",
    )
