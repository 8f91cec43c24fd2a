"""How a setting refers to a secret instead of holding it."""

from __future__ import annotations

SECRET_REFERENCE = "secret:"  # noqa: S105 - the form of a reference, not a secret
