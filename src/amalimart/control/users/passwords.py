"""Passwords: how they are hashed, checked and made. Never stores or logs one."""

from __future__ import annotations

import base64
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from amalimart.core.errors import ConfigError

MINIMUM_LENGTH = 12
_LONGEST = 1024  # hashing is made to be slow: an endless password must not be a way to stall the engine
_ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Passwords:
    """Argon2id with the library's recommended cost, or a cheaper one for tests."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobody = _hash_of_no_password(self._hasher)

    def hash(self, password: str) -> str:
        """The hash to store. Raises ConfigError for a password shorter than 12 characters."""
        if not MINIMUM_LENGTH <= len(password) <= _LONGEST:
            raise ConfigError(
                "the password is too short" if len(password) < MINIMUM_LENGTH else "the password is too long",
                expected=f"{MINIMUM_LENGTH} to {_LONGEST} characters",
                next_step="choose a longer one, or let the product make one",
            )
        return self._hasher.hash(_octets(password))

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one; the same work where there is no such user."""
        if len(password) > _LONGEST:
            return False
        try:
            self._hasher.verify(stored or self._nobody, _octets(password))
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made at another cost than today's."""
        return self._hasher.check_needs_rehash(stored)


def _hash_of_no_password(hasher: PasswordHasher) -> str:
    """A hash that no password has, drawn and not computed: checking against it takes the same work."""
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    salt, drawn = (
        base64.b64encode(secrets.token_bytes(octets)).decode().rstrip("=")
        for octets in (hasher.salt_len, hasher.hash_len)
    )
    return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${drawn}"


def _octets(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def new_password(groups: int = 4) -> str:
    """A random password of `groups` x 5 unambiguous characters (4 groups: 116 bits), joined by dashes."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(groups))
