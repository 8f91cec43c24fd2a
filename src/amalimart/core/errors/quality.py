"""Errors of monitored checks."""

from __future__ import annotations

from amalimart.core.errors.base import AmalimartError


class QualityError(AmalimartError):
    """A monitored check cannot be run as it is asked."""

    code = "quality_error"
    http_status = 422
    exit_code = 9


class UnusableSeries(QualityError):
    """Counts of days that cannot be right, or days that a series does not have."""

    code = "unusable_series"
