"""An error read back from what was sent of it, and one in a sentence."""

from __future__ import annotations

from typing import Any

from amalimart.core.errors.base import AmalimartError


def rebuilt(body: dict[str, Any]) -> AmalimartError:
    """The error that `as_dict` described, as the same class where the code is known."""

    def leaves(kind: type[AmalimartError]) -> list[type[AmalimartError]]:
        return [kind, *(leaf for child in kind.__subclasses__() for leaf in leaves(child))]

    by_code = {kind.code: kind for kind in leaves(AmalimartError)}
    kind = by_code.get(str(body.get("code")), AmalimartError)
    return kind(
        str(body.get("what", "the engine answered with an error")),
        where=body.get("where"),
        expected=body.get("expected"),
        nearest=body.get("nearest"),
        next_step=body.get("next_step"),
    )


def told(error: AmalimartError) -> str:
    """An error in a sentence: what, and where it is to be corrected."""
    more = [error.where, f"nearest: {error.nearest}" if error.nearest else None]
    return f"{error.what} ({'; '.join(part for part in more if part)})" if any(more) else error.what
