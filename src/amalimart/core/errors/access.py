"""Errors of who may see what."""

from __future__ import annotations

from amalimart.core.errors.base import AmalimartError


class AccessError(AmalimartError):
    """Who may see what."""

    code = "access_error"
    http_status = 403
    exit_code = 7


class NotSignedIn(AccessError):
    """No valid session."""

    code = "not_signed_in"
    http_status = 401


class Denied(AccessError):
    """The role may not do or see this."""

    code = "denied"


class Masked(AccessError):
    """What is shown masked is neither filtered nor counted by: that would tell what is under the mask."""

    code = "masked"


class NotFound(AccessError):
    """Not there, or not for this principal: the two are not told apart."""

    code = "not_found"
    http_status = 404
