"""Requests of programs: what the header Authorization shows, and whose it is.

Where it shows a token the session cookie does not count, whatever the token is worth. Pages know cookies
only.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import Scope

from amalimart.access.principal import Principal
from amalimart.api.addresses import PREFIX
from amalimart.control.store import ControlStore
from amalimart.core.errors import NotSignedIn

_SCHEME = "bearer "


def shown_token(scope: Scope) -> str | None:
    """The token that a request to the JSON interface shows; None where it shows none."""
    header = Headers(scope=scope).get("authorization", "")
    if not header.lower().startswith(_SCHEME) or not scope["path"].startswith(f"{PREFIX}/"):
        return None
    return header[len(_SCHEME) :].strip()


def bearer_principal(shown: str, control: ControlStore) -> Principal:
    """Who shows the token. Raises NotSignedIn in the same words, whatever is wrong with it."""
    holder = control.api_keys.resolve(shown)
    if holder is None:
        raise NotSignedIn(
            "This key does not open anything: it is unknown, revoked or expired.",
            next_step="amalimart key list, then key add",
        )
    return holder.principal
