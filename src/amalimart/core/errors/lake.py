"""Errors of the commit log, its files, and backups of them."""

from __future__ import annotations

from amalimart.core.errors.base import AmalimartError


class LakeError(AmalimartError):
    """The commit log or a file of it."""

    code = "lake_error"
    exit_code = 4


class DiskFull(LakeError):
    """No space left; what was committed stays committed."""

    code = "disk_full"
    http_status = 507
    retryable = True


class CommitConflict(LakeError):
    """Another writer took this version of the commit log."""

    code = "commit_conflict"
    http_status = 409
    retryable = True


class LakeUnreachable(LakeError):
    """The object store that the lake is kept in did not answer."""

    code = "lake_unreachable"
    http_status = 503
    retryable = True


class DamagedLake(LakeError):
    """A committed file is missing or its checksum differs."""

    code = "damaged_lake"


class DamagedBackup(LakeError):
    """A backup that is not what was written: a file is missing, altered, or names a place it may not."""

    code = "damaged_backup"
