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
│   ├── QueryTooLarge                time-out, row cap or memory
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

from amalimart.core.errors.access import (
    AccessError,
    Denied,
    Masked,
    NotFound,
    NotSignedIn,
)
from amalimart.core.errors.base import (
    AmalimartError,
    Internal,
)
from amalimart.core.errors.lake import (
    CommitConflict,
    DamagedBackup,
    DamagedLake,
    DiskFull,
    LakeError,
    LakeUnreachable,
)
from amalimart.core.errors.project import (
    ConfigError,
    ProjectNotFound,
    UserInvalid,
)
from amalimart.core.errors.quality import (
    QualityError,
    UnusableSeries,
)
from amalimart.core.errors.question import (
    Abandoned,
    InvalidFilter,
    MixedCurrencies,
    NotAvailable,
    NotGroupable,
    QueryError,
    QueryTooLarge,
    ReleaseNotKept,
    UnknownName,
    UnknownRelease,
)
from amalimart.core.errors.request import (
    Busy,
    LastAdmin,
    MethodNotAllowed,
    NotAcceptable,
    RateLimited,
    RequestError,
    RequestRefused,
    TooManyRequests,
)
from amalimart.core.errors.running import (
    AuditBroken,
    AuditUnavailable,
    DeliveryFailed,
    DeliveryRefused,
    EngineUnavailable,
    IdentityProviderUnavailable,
    JobTimedOut,
    LeaseLost,
    OperationUnderWay,
    PortInUse,
    RuntimeTrouble,
    TooLittleMemory,
)
from amalimart.core.errors.source import (
    BrokenFile,
    CaptureBusy,
    CaptureLost,
    CaptureRefused,
    SourceError,
    SourceMismatch,
    SourceRefused,
    SourceUnreachable,
)
from amalimart.core.errors.telling import (
    rebuilt,
    told,
)
from amalimart.core.errors.warehouse import (
    ApprovalMissing,
    CheckFailed,
    CompileFailed,
    ModelFailed,
    NewerFormat,
    NothingPublished,
    UnsupportedFeature,
    WarehouseError,
)

__all__ = [
    "Abandoned",
    "AccessError",
    "AmalimartError",
    "ApprovalMissing",
    "AuditBroken",
    "AuditUnavailable",
    "BrokenFile",
    "Busy",
    "CaptureBusy",
    "CaptureLost",
    "CaptureRefused",
    "CheckFailed",
    "CommitConflict",
    "CompileFailed",
    "ConfigError",
    "DamagedBackup",
    "DamagedLake",
    "DeliveryFailed",
    "DeliveryRefused",
    "Denied",
    "DiskFull",
    "EngineUnavailable",
    "IdentityProviderUnavailable",
    "Internal",
    "InvalidFilter",
    "JobTimedOut",
    "LakeError",
    "LakeUnreachable",
    "LastAdmin",
    "LeaseLost",
    "Masked",
    "MethodNotAllowed",
    "MixedCurrencies",
    "ModelFailed",
    "NewerFormat",
    "NotAcceptable",
    "NotAvailable",
    "NotFound",
    "NotGroupable",
    "NotSignedIn",
    "NothingPublished",
    "OperationUnderWay",
    "PortInUse",
    "ProjectNotFound",
    "QualityError",
    "QueryError",
    "QueryTooLarge",
    "RateLimited",
    "ReleaseNotKept",
    "RequestError",
    "RequestRefused",
    "RuntimeTrouble",
    "SourceError",
    "SourceMismatch",
    "SourceRefused",
    "SourceUnreachable",
    "TooLittleMemory",
    "TooManyRequests",
    "UnknownName",
    "UnknownRelease",
    "UnsupportedFeature",
    "UnusableSeries",
    "UserInvalid",
    "WarehouseError",
    "rebuilt",
    "told",
]
