"""Errors of questions: what is asked cannot be answered so."""

from __future__ import annotations

from amalimart.core.errors.base import AmalimartError


class QueryError(AmalimartError):
    """A question that cannot be answered as asked."""

    code = "query_invalid"
    http_status = 400
    exit_code = 6


class UnknownName(QueryError):
    """No metric, dimension, dashboard or value of that name."""

    code = "unknown_name"
    http_status = 404


class NotGroupable(QueryError):
    """The metric cannot be grouped or filtered like that without giving wrong numbers."""

    code = "not_groupable"


class InvalidFilter(QueryError):
    """A filter, date or limit that cannot be read."""

    code = "invalid_filter"


class NotAvailable(QueryError):
    """The source lacks what the metric needs; never answered with 0."""

    code = "not_available"
    http_status = 422


class MixedCurrencies(QueryError):
    """Amounts in different currencies cannot be added up."""

    code = "mixed_currencies"
    http_status = 422


class ReleaseNotKept(QueryError):
    """An earlier release was asked for; only the current one is kept."""

    code = "release_not_kept"
    http_status = 410


class UnknownRelease(QueryError):
    """A release was asked for that there never was."""

    code = "unknown_release"
    http_status = 404


class QueryTooLarge(QueryError):
    """Stopped by the time-out, the row cap, or the memory that the engine may take."""

    code = "query_too_large"
    http_status = 413


class Abandoned(QueryError):
    """Nobody waits for the answer any more, so it was not computed."""

    code = "abandoned"
    http_status = 499
