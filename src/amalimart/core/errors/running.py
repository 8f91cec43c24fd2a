"""Errors of processes: ports, locks, leases, and those outside who must answer."""

from __future__ import annotations

from amalimart.core.errors.base import AmalimartError


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
