"""Requests of programs: what the header Authorization shows, and whose it is.

Where it shows a token the session cookie does not count, whatever the token is worth. Pages know cookies
only.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import Scope

from amalimart.access.embed_tokens import PREFIX as EMBED_PREFIX
from amalimart.access.principal import Principal
from amalimart.api.addresses import PREFIX
from amalimart.api.ports.coming_in import EmbedPort
from amalimart.control.store import ControlStore
from amalimart.core.errors import Denied, NotSignedIn
from amalimart.observe.work import current_work

_SCHEME = "bearer "


def shown_token(scope: Scope) -> str | None:
    """The token that a request to the JSON interface shows; None where it shows none."""
    header = Headers(scope=scope).get("authorization", "")
    if not header.lower().startswith(_SCHEME) or not scope["path"].startswith(f"{PREFIX}/"):
        return None
    return header[len(_SCHEME) :].strip()


def bearer_principal(shown: str, scope: Scope, control: ControlStore, embed: EmbedPort | None) -> Principal:
    """Who shows the token.

    Raises NotSignedIn, and Denied for an embed token where anything but its dashboard is asked for.
    """
    current_work().door = "api"  # whichever route a program takes
    if embed is not None and shown.startswith(EMBED_PREFIX):
        principal, dashboard = embed.opened(shown)
        if scope["method"] != "GET" or scope["path"] != f"{PREFIX}/dashboards/{dashboard}":
            raise Denied(
                "This embed token opens one dashboard and nothing else.",
                expected=f"GET {PREFIX}/dashboards/{dashboard}",
            )
        return principal
    holder = control.api_keys.resolve(shown)
    if holder is None:
        raise NotSignedIn(
            "This key does not open anything: it is unknown, revoked or expired.",
            next_step="amalimart key list, then key add",
        )
    return holder.principal
