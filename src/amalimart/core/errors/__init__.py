"""The whole tree of errors a person can meet.

AmalimartError
├── ConfigError             exit 2   project file, dashboard file, policy file, any YAML of ours
│   ├── ProjectNotFound
│   └── UserInvalid                  a bad or taken e-mail address, ids that a role does not have
├── SourceError             exit 3   the shop's database or file drop
│   ├── SourceUnreachable            (retryable)
│   ├── SourceRefused                wrong password, missing right
│   ├── SourceMismatch               a table, column or type the mapping expects is not there
│   ├── CaptureRefused               change capture lacks a right or a setting of the server
│   ├── CaptureLost                  changes are gone, or were confirmed elsewhere: snapshot anew
│   ├── CaptureBusy                  (retryable) another process follows the same changes
│   └── BrokenFile                   a row or file that cannot be read
├── LakeError               exit 4   the commit log and its files
│   ├── DiskFull                     (retryable)
│   ├── CommitConflict               (retryable)
│   ├── LakeUnreachable              (retryable) the object store it is kept in
│   ├── DamagedLake
│   └── DamagedBackup                altered, not whole, or not a backup at all
├── WarehouseError          exit 5   building and publishing a release
│   ├── CompileFailed
│   ├── UnsupportedFeature
│   ├── ModelFailed
│   ├── CheckFailed                  the release is held back, the old one keeps serving
│   ├── ApprovalMissing              the project changes models that nobody approved
│   ├── NewerFormat                  the warehouse was written by a newer version
│   └── NothingPublished             (retryable) no release yet
├── QueryError              exit 6   a question that cannot be answered as asked
│   ├── UnknownName
│   ├── NotGroupable                 the grouping or filter would give wrong numbers
│   ├── InvalidFilter
│   ├── NotAvailable                 the source lacks what the metric needs
│   ├── MixedCurrencies
│   ├── ReleaseNotKept               an earlier release: answers come from the current one
│   ├── UnknownRelease               no release of that number
│   ├── QueryTooLarge                time-out or row cap
│   └── Abandoned                    whoever asked has gone away
├── RequestError            exit 6   a request to the interface that no question stands behind
│   ├── MethodNotAllowed
│   ├── NotAcceptable                no form of answer that the request accepts
│   ├── RequestRefused               a foreign origin or host name
│   ├── LastAdmin                    nobody could administer users any more
│   └── TooManyRequests              (retryable) after a while, which the answer names
│       ├── Busy                     by all together
│       └── RateLimited              by this reader
├── AccessError             exit 7
│   ├── NotSignedIn
│   ├── Denied
│   ├── Masked                       a filter or measure on a column that is shown masked
│   └── NotFound
├── RuntimeTrouble          exit 8   ports, processes, locks
│   ├── PortInUse
│   ├── EngineUnavailable            (retryable)
│   ├── OperationUnderWay            (retryable) one long operation at a time
│   ├── TooLittleMemory              (retryable)
│   ├── LeaseLost                    (retryable) another process does this by now
│   ├── JobTimedOut                  (retryable) a scheduled job was told to stop
│   ├── AuditUnavailable             (retryable) who asked what cannot be recorded, so nothing is answered
│   │   └── AuditBroken              the audit log is not what was written
│   ├── IdentityProviderUnavailable  (retryable) who signs people in does not answer, or not as it must
│   ├── DeliveryFailed               (retryable) a message did not reach its receiver
│   └── DeliveryRefused              nor will it: the receiver, or where it would go, is the reason
├── QualityError            exit 9   a monitored check that cannot be run as it is asked
│   └── UnusableSeries               counts of days that cannot be right: negative, in the future
└── Internal                exit 1   a defect of ours; the log knows more under the request's id

Each says what happened, where, what was expected, the nearest known name and what to do next, and
carries a stable code, an HTTP status, an exit code and whether trying again can help. Exit code 1
is a defect of ours, 130 an interruption.
"""

from __future__ import annotations

from typing import Any, ClassVar


class AmalimartError(Exception):
    """One clear error: what, where, expected, nearest, next step."""

    code: ClassVar[str] = "error"
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        expected: str | None = None,
        nearest: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.expected = expected
        self.nearest = nearest
        self.next_step = next_step

    def as_dict(self) -> dict[str, Any]:
        """The one JSON shape of an error, on every surface."""
        return {
            "code": self.code,
            "what": self.what,
            "where": self.where,
            "expected": self.expected,
            "nearest": self.nearest,
            "next_step": self.next_step,
            "retryable": self.retryable,
        }

    def __str__(self) -> str:
        parts = [self.what]
        if self.where:
            parts.append(f"where: {self.where}")
        if self.expected:
            parts.append(f"expected: {self.expected}")
        if self.nearest:
            parts.append(f"nearest: {self.nearest}")
        if self.next_step:
            parts.append(f"next: {self.next_step}")
        return "\n  ".join(parts)


class ConfigError(AmalimartError):
    """A file of the project (or of the package) says something that cannot be."""

    code = "config_invalid"
    http_status = 500
    exit_code = 2


class ProjectNotFound(ConfigError):
    """No project folder here or above."""

    code = "project_not_found"


class UserInvalid(ConfigError):
    """What is said of a user cannot be: a bad or taken e-mail address, ids that the role does not have."""

    code = "user_invalid"
    http_status = 400


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


class WarehouseError(AmalimartError):
    """Building or publishing a release went wrong; the old release keeps serving."""

    code = "warehouse_error"
    exit_code = 5


class CompileFailed(WarehouseError):
    """The dbt project does not compile."""

    code = "compile_failed"


class UnsupportedFeature(WarehouseError):
    """The dbt project uses a feature the executor does not implement."""

    code = "unsupported_feature"


class ModelFailed(WarehouseError):
    """A model's SQL failed; everything was rolled back."""

    code = "model_failed"


class CheckFailed(WarehouseError):
    """An error-level check failed; the release is held back."""

    code = "check_failed"


class ApprovalMissing(WarehouseError):
    """The project changes or adds models that nobody approved, and its settings ask for an approval."""

    code = "approval_missing"
    http_status = 409


class NewerFormat(WarehouseError):
    """The warehouse file was written by a newer version of the product."""

    code = "newer_format"


class NothingPublished(WarehouseError):
    """No release has been published yet."""

    code = "nothing_published"
    http_status = 503
    retryable = True


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
    """Stopped by the time-out or the row cap."""

    code = "query_too_large"
    http_status = 413


class Abandoned(QueryError):
    """Nobody waits for the answer any more, so it was not computed."""

    code = "abandoned"
    http_status = 499


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


class RuntimeTrouble(AmalimartError):
    """Ports, processes and locks."""

    code = "runtime_trouble"
    http_status = 503
    exit_code = 8


class PortInUse(RuntimeTrouble):
    """Another program listens on the port."""

    code = "port_in_use"


class EngineUnavailable(RuntimeTrouble):
    """The engine process is not there or does not answer."""

    code = "engine_unavailable"
    retryable = True


class OperationUnderWay(RuntimeTrouble):
    """A rebuild or a compaction runs already."""

    code = "operation_under_way"
    http_status = 409
    retryable = True


class TooLittleMemory(RuntimeTrouble):
    """The machine has not the memory that the operation needs; nothing was begun."""

    code = "too_little_memory"
    retryable = True


class LeaseLost(RuntimeTrouble):
    """Only one process may do this, and it is another one by now; nothing was written."""

    code = "lease_lost"
    http_status = 409
    retryable = True


class JobTimedOut(RuntimeTrouble):
    """A scheduled job took longer than it may, or was told to stop because the engine ends."""

    code = "job_timed_out"
    retryable = True


class AuditUnavailable(RuntimeTrouble):
    """Who asked what could not be recorded, so that nothing was answered."""

    code = "audit_unavailable"
    retryable = True


class AuditBroken(AuditUnavailable):
    """The audit log is not what was written: altered, cut, or without its head."""

    code = "audit_broken"
    retryable = False


class QualityError(AmalimartError):
    """A monitored check cannot be run as it is asked."""

    code = "quality_error"
    http_status = 422
    exit_code = 9


class UnusableSeries(QualityError):
    """Counts of days that cannot be right, or days that a series does not have."""

    code = "unusable_series"


class IdentityProviderUnavailable(RuntimeTrouble):
    """The identity provider does not answer in time, or not as its protocol says."""

    code = "identity_provider_unavailable"
    retryable = True


class DeliveryFailed(RuntimeTrouble):
    """A message did not reach its receiver this time."""

    code = "delivery_failed"
    http_status = 502
    retryable = True


class DeliveryRefused(RuntimeTrouble):
    """A message that its receiver does not take, or that may not go where it would."""

    code = "delivery_refused"
    http_status = 502


class Internal(AmalimartError):
    """A defect of ours. What happened is in the log under the request's id, never in the answer."""

    code = "internal"


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
