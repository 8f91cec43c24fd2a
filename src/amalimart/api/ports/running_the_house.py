"""What those ask for who run the house: checks, people's data, operations, jobs, usage, incidents."""

from __future__ import annotations

from typing import Protocol

from amalimart.control.deciding import Decider
from amalimart.control.quality.rows import Acknowledgement, KeptResult
from amalimart.core.incidents import Delivery, Incident
from amalimart.core.jobs import AskedRun, JobRun, JobStatus
from amalimart.core.operating import OperatingState
from amalimart.core.operations import Operation, OperationKind
from amalimart.core.privacy import Erasure, ErasurePlan, PersonTable
from amalimart.core.profiles import TableProfile
from amalimart.core.usage import Usage
from amalimart.quality.listing import ListedCheck
from amalimart.quality.running import QualityRun
from amalimart.quality.shapes import Every


class QualityPort(Protocol):
    """Monitored checks, for whoever runs the marketplace. What is not there raises NotFound."""

    def listed(self) -> tuple[ListedCheck, ...]:
        """Every declared check with what it found last."""
        ...

    def failing(self) -> tuple[KeptResult, ...]:
        """What fails now and nobody has acknowledged."""
        ...

    def run(self, every: Every | None = None, name: str | None = None) -> QualityRun:
        """Run the checks of a schedule word, one by its name, or all."""
        ...

    def history(self, name: str, limit: int, subject: str | None = None) -> tuple[KeptResult, ...]:
        """The newest results of a check, newest first."""
        ...

    def acknowledge(
        self, name: str, subject: str, period: str | None, decider: Decider, reason: str
    ) -> Acknowledgement:
        """Say that what a check found is known. Raises RequestError."""
        ...

    def profile(self, table: str, *, exact: bool = False) -> TableProfile:
        """One published table looked at once. Raises UnknownName."""
        ...


class PrivacyPort(Protocol):
    """One person's data, for whoever runs this machine. Who is not there raises NotFound."""

    def plan(self, person: str) -> ErasurePlan:
        """What erasing somebody would change."""
        ...

    def export(self, person: str, decider: Decider) -> tuple[PersonTable, ...]:
        """Everything that is held about somebody."""
        ...

    def erase(self, person: str, decider: Decider, reason: str) -> Operation:
        """Begin to erase somebody, and return at once. Raises OperationUnderWay, WarehouseError."""
        ...

    def resume(self) -> Operation | None:
        """Take up an erasure that was cut off, if there is one."""
        ...

    def erasures(self) -> tuple[Erasure, ...]:
        """Everybody who was erased, the latest first."""
        ...


class OperationsPort(Protocol):
    """Long operations on the warehouse, for whoever runs this machine."""

    @property
    def latest(self) -> Operation | None:
        """The one that runs, or the last one."""
        ...

    def start(self, kind: OperationKind) -> Operation:
        """Begin one and return at once. Raises OperationUnderWay."""
        ...

    def find(self, operation_id: str) -> Operation:
        """How far one is. Raises NotFound."""
        ...


class SchedulesPort(Protocol):
    """Jobs that run by themselves. A name that is no job raises NotFound."""

    def status(self) -> tuple[JobStatus, ...]: ...

    def history(self, job: str | None, limit: int) -> tuple[JobRun, ...]:
        """The newest runs, of one job or of all, newest first."""
        ...

    def ask(self, name: str, decider: Decider) -> AskedRun:
        """Have a job run soon, and remember who asked. Raises RequestError, EngineUnavailable."""
        ...


class OperatingPort(Protocol):
    """What the engine and its sources are doing."""

    def now(self) -> OperatingState: ...


class UsagePort(Protocol):
    """How the house is used."""

    def now(self, days: int) -> Usage:
        """The last so many days; may be a minute old."""
        ...


class VisitsPort(Protocol):
    """Counts who opens what, by role."""

    def opened(self, dashboard: str, role: str) -> None:
        """Count it. Must not fail, and must not keep the one who opens it waiting."""
        ...


class IncidentsPort(Protocol):
    """What went wrong, and who took it on."""

    def list(self, *, include_over: bool = False) -> tuple[Incident, ...]:
        """Those that go on, or also those that are over; the newest first."""
        ...

    def get(self, number: int) -> Incident:
        """One of them. Raises NotFound."""
        ...

    def acknowledge(self, number: int, decider: Decider, words: str) -> Incident:
        """Take one on: nothing more is sent about it until it is over. Raises NotFound, RequestError."""
        ...


class DeliveriesPort(Protocol):
    """How far messages have come."""

    def deliveries(self, incident: int) -> tuple[Delivery, ...]:
        """Those about one incident, the oldest first."""
        ...


class ChannelTestPort(Protocol):
    """Trying a channel."""

    def send(self, channel: str, decider: Decider) -> str | None:
        """Send a test message at once; returns a remark on what did not arrive. Raises the typed error."""
        ...
