"""Errors of requests to the interface that no question stands behind."""

from __future__ import annotations

from amalimart.core.errors.base import AmalimartError


class RequestError(AmalimartError):
    """A request that the interface does not take, whatever it asks."""

    code = "request_invalid"
    http_status = 400
    exit_code = 6


class MethodNotAllowed(RequestError):
    """The address exists, but not for this verb."""

    code = "method_not_allowed"
    http_status = 405


class NotAcceptable(RequestError):
    """The request accepts none of the forms in which this is answered."""

    code = "not_acceptable"
    http_status = 406


class RequestRefused(RequestError):
    """The request is not one that a page of ours sends: a foreign origin or an unknown host name."""

    code = "request_refused"
    http_status = 403


class LastAdmin(RequestError):
    """The last admin who may sign in would be disabled, or lose the role."""

    code = "last_admin"
    http_status = 409


class TooManyRequests(RequestError):
    """More than can be answered now; `retry_after_seconds` says when to try again."""

    code = "too_many_requests"
    http_status = 429
    retryable = True

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        expected: str | None = None,
        nearest: str | None = None,
        next_step: str | None = None,
        retry_after_seconds: float = 1.0,
    ) -> None:
        super().__init__(what, where=where, expected=expected, nearest=nearest, next_step=next_step)
        self.retry_after_seconds = retry_after_seconds


class Busy(TooManyRequests):
    """All turns are taken, and too many wait for one."""

    code = "busy"


class RateLimited(TooManyRequests):
    """This reader asks more often than one may."""

    code = "rate_limited"
