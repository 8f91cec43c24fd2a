"""Errors of reading the shop's own data: its database, its files, the stream of its changes."""

from __future__ import annotations

from amalimart.core.errors.base import AmalimartError


class SourceError(AmalimartError):
    """Reading the shop's own data went wrong."""

    code = "source_error"
    http_status = 502
    exit_code = 3


class SourceUnreachable(SourceError):
    """The source did not answer."""

    code = "source_unreachable"
    retryable = True


class SourceRefused(SourceError):
    """The source answered no: password, role or right."""

    code = "source_refused"


class SourceMismatch(SourceError):
    """The source lacks a table or column the mapping names, or its type does not fit."""

    code = "source_mismatch"


class CaptureRefused(SourceError):
    """The source's changes cannot be followed with these rights and settings."""

    code = "capture_refused"


class CaptureLost(SourceError):
    """The source cannot go on from where the lake is; only a snapshot brings it up to date."""

    code = "capture_lost"


class CaptureBusy(SourceError):
    """Another process follows the changes of this source."""

    code = "capture_busy"
    http_status = 409
    retryable = True


class BrokenFile(SourceError):
    """A dropped file cannot be read at one place."""

    code = "broken_file"
