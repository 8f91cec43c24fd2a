"""Secrets to sign with: made by the product, refused where they are weak, and one key for each purpose."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from amalimart.core.errors import ConfigError

SHORTEST = 32
_FEWEST_CHARACTERS = 12  # different ones; 43 random characters of base64 practically always have 20 and more


def new_secret() -> str:
    """A random secret of 256 bits."""
    return secrets.token_urlsafe(32)


def checked_secret(secret: str, name: str) -> str:
    """The secret. Raises ConfigError for one that can be guessed."""
    if len(secret) < SHORTEST or len(set(secret)) < _FEWEST_CHARACTERS:
        raise ConfigError(
            f"the secret {name} is too weak to sign with",
            where=name,
            expected=f"at least {SHORTEST} random characters, such as 32 random bytes in base64",
            next_step=f"set {name} to a random value; what was signed with the weak one is not vouched for",
        )
    return secret


def key_for(secret: str, purpose: str) -> bytes:
    """The key of one purpose: who learns it, or has something signed with it, gains nothing for another."""
    return hmac.new(secret.encode(), f"amalimart {purpose}".encode(), hashlib.sha256).digest()
