"""The audit at the one door to answers: nobody gets an answer, or an error, that is not recorded first.

It knows what was asked and how that ended; how a question is told is `audited_shapes`'s.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Protocol

from amalimart.access.audit_record import Asked, Outcome
from amalimart.access.policies import Policies
from amalimart.access.principal import Principal
from amalimart.core.clock import Clock
from amalimart.core.errors import AccessError, AmalimartError, Internal
from amalimart.observe.work import current_work
from amalimart.semantic.answer import Answer
from amalimart.semantic.audited_shapes import AuditedShapes
from amalimart.semantic.compatibility import Compatibility
from amalimart.semantic.listing import DimensionInfo, DimensionValue, MetricInfo
from amalimart.semantic.peers import PeerAnswer, PeerQuestion
from amalimart.semantic.question import Question
from amalimart.semantic.row_lists import RowList, RowQuestion
from amalimart.semantic.service import SemanticService
from amalimart.semantic.streaming import StreamedAnswer

_DOORS = {"api": "api", "page": "web", "socket": "cli"}


class Recorder(Protocol):
    """Keeps what was asked."""

    def record(self, asked: Asked) -> None:
        """Return when it is kept for good. Raises AuditUnavailable."""
        ...


class AuditedSemantic:
    """The semantic service, each call of which is recorded before it returns.

    With `in_force`, each call is ruled by the policies that it gives at that moment.
    """

    def __init__(
        self,
        service: SemanticService,
        policies: Policies,
        recorder: Recorder,
        clock: Clock,
        in_force: Callable[[], Policies] | None = None,
    ) -> None:
        self._governed = service
        self._in_force = in_force
        self._changing = threading.Lock()
        self._recorder = recorder
        self._clock = clock
        self._shapes = AuditedShapes(service.model)
        if policies is not service.policies:
            service.govern(policies)

    @property
    def _service(self) -> SemanticService:
        """The service under the policies in force."""
        service, in_force = self._governed, self._in_force
        if in_force is not None and in_force() is not service.policies:
            with self._changing:
                policies = in_force()
                if policies is not service.policies:
                    service.govern(policies)
        return service

    def ask(self, question: Question, principal: Principal) -> Answer:
        """As the service does. Raises AuditUnavailable, too."""
        try:
            answer = self._service.ask(question, principal)
        except Exception as error:
            self._record("query", [question], principal, [error])
            raise
        self._record("query", [question], principal, [answer])
        return answer

    def ask_all(
        self, questions: Sequence[Question], principal: Principal, listed: Sequence[str] = ()
    ) -> list[Answer | AmalimartError]:
        """As the service does. Raises AuditUnavailable, too.

        The record also names the dimensions in `listed`: their values go out with the answers.
        """
        try:
            answers = self._service.ask_all(questions, principal)
        except Exception as error:
            self._record("page", questions, principal, [error], listed)
            raise
        self._record("page", questions, principal, answers, listed)
        return answers

    @contextmanager
    def stream(self, question: Question, principal: Principal, most_rows: int) -> Iterator[StreamedAnswer]:
        """As the service does; recorded before the first row. Raises AuditUnavailable, too."""
        is_recorded = False
        try:
            with self._service.stream(question, principal, most_rows) as answer:
                release_id = answer.receipt.release_id
                self._keep(
                    "export", self._shapes.questions([question]), principal, release_id, Outcome.ANSWERED
                )
                is_recorded = True
                yield answer
        except Exception as error:
            if not is_recorded:
                self._record("export", [question], principal, [error])
            raise

    def rows(self, questions: Sequence[RowQuestion], principal: Principal) -> list[RowList | AmalimartError]:
        """As the service does. Raises AuditUnavailable, too."""
        shape = {"lists": [{"dataset": each.dataset, "columns": list(each.columns)} for each in questions]}
        try:
            found = self._service.rows(questions, principal)
        except Exception as error:
            self._keep("rows", shape, principal, None, _outcome(error), _codes([error]))
            raise
        errors = [each for each in found if isinstance(each, AmalimartError)]
        release_id = next((each.release_id for each in found if isinstance(each, RowList)), None)
        outcome = _outcome_of(errors, is_answered=release_id is not None)
        self._keep("rows", shape, principal, release_id, outcome, _codes(errors))
        return found

    def told_again(
        self,
        questions: Sequence[Question],
        principal: Principal,
        release_id: int,
        kind: str = "page",
        listed: Sequence[str] = (),
    ) -> None:
        """Record that the answers to these questions, which somebody had kept, were given once more.

        `listed` is as for `ask_all`.
        """
        shape = self._shapes.questions(questions, listed)
        self._keep(kind, shape, principal, release_id, Outcome.ANSWERED)

    def values(
        self, dimension: str, principal: Principal, search: str | None = None, limit: int = 100
    ) -> tuple[DimensionValue, ...]:
        """As the service does. Raises AuditUnavailable, too."""
        shape = {"values": self._shapes.known(dimension), "searched": bool(search)}
        try:
            found = self._service.values(dimension, principal, search, limit)
        except Exception as error:
            self._keep("values", shape, principal, None, _outcome(error), _codes([error]))
            raise
        self._keep("values", shape, principal, current_work().release_id, Outcome.ANSWERED)
        return found

    def values_of_page(
        self, dimension: str, principal: Principal, search: str | None = None, limit: int = 100
    ) -> tuple[DimensionValue, ...]:
        """As `values`, for a page whose own record names the dimension: only what fails is recorded here.

        Raises AuditUnavailable, too.
        """
        try:
            return self._service.values(dimension, principal, search, limit)
        except Exception as error:
            shape = {"values": self._shapes.known(dimension), "searched": bool(search)}
            self._keep("values", shape, principal, None, _outcome(error), _codes([error]))
            raise

    def metrics(self, principal: Principal) -> tuple[MetricInfo, ...]:
        """As the service does; what may be asked is no answer, and is not recorded."""
        return self._service.metrics(principal)

    def dimensions(self, principal: Principal) -> tuple[DimensionInfo, ...]:
        """As the service does; what may be asked is no answer, and is not recorded."""
        return self._service.dimensions(principal)

    def compatible(self, question: Question, principal: Principal) -> Compatibility:
        """As the service does; what may be asked is no answer, and is not recorded."""
        return self._service.compatible(question, principal)

    def refusal(self, question: Question, principal: Principal) -> AmalimartError | None:
        """As the service does; a question that is not asked is not recorded."""
        return self._service.refusal(question, principal)

    def covers(self, principal: Principal, other: Principal) -> bool:
        """As the service does."""
        return self._service.covers(principal, other)

    def fingerprint(self, principal: Principal) -> Hashable:
        """As the service does."""
        return self._service.fingerprint(principal)

    def standing(
        self, questions: Sequence[Question], principal: Principal, dimensions: Sequence[str] = ()
    ) -> Hashable:
        """As the service does; it tells nothing of the answers."""
        return self._service.standing(questions, principal, dimensions)

    def labels(self, language: str) -> dict[str, str]:
        """As the service does."""
        return self._service.labels(language)

    def peers(self, question: PeerQuestion, principal: Principal) -> PeerAnswer:
        """As the service does. Raises AuditUnavailable, too."""
        shape = {"metrics": [self._shapes.known(question.metric)], "grain": "month"}
        try:
            found = self._service.peers(question, principal)
        except Exception as error:
            self._keep("peers", shape, principal, None, _outcome(error), _codes([error]))
            raise
        self._keep("peers", shape, principal, found.release_id, Outcome.ANSWERED)
        return found

    def lists_own_vendors(self, questions: Sequence[RowQuestion], principal: Principal) -> bool:
        """As the service does; nothing is read, so nothing is recorded."""
        return self._service.lists_own_vendors(questions, principal)

    def is_scoped(self, principal: Principal) -> bool:
        """As the service does."""
        return self._service.is_scoped(principal)

    def _record(
        self,
        kind: str,
        questions: Sequence[Question],
        principal: Principal,
        ends: Sequence[Answer | BaseException],
        listed: Sequence[str] = (),
    ) -> None:
        errors = [each for each in ends if isinstance(each, BaseException)]
        release_id = next((each.receipt.release_id for each in ends if isinstance(each, Answer)), None)
        outcome = _outcome_of(errors, is_answered=release_id is not None)
        shape = self._shapes.questions(questions, listed)
        self._keep(kind, shape, principal, release_id, outcome, _codes(errors))

    def _keep(
        self,
        kind: str,
        shape: Mapping[str, Any],
        principal: Principal,
        release_id: int | None,
        outcome: Outcome,
        errors: tuple[str, ...] = (),
    ) -> None:
        door = current_work().door
        self._recorder.record(
            Asked(
                at=self._clock.now(),
                subject=principal.subject,
                role=principal.role.value,
                door=_DOORS.get(door, door),
                kind=kind,
                shape=shape,
                policy=self._governed.policies.fingerprint(principal.role),
                release_id=release_id,
                outcome=outcome,
                errors=errors,
                viewed_by=principal.viewed_by,
            )
        )


def _outcome_of(errors: Sequence[BaseException], *, is_answered: bool) -> Outcome:
    """Of several questions: that something was denied must be found, then that something was answered."""
    if any(isinstance(error, AccessError) for error in errors):
        return Outcome.DENIED
    return Outcome.ANSWERED if is_answered or not errors else _outcome(errors[0])


def _outcome(error: BaseException) -> Outcome:
    if isinstance(error, AccessError):
        return Outcome.DENIED
    if isinstance(error, AmalimartError) and error.http_status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Outcome.REFUSED
    return Outcome.FAILED


def _codes(errors: Sequence[BaseException]) -> tuple[str, ...]:
    """Each code once, in order; of what is no error of ours, that it is a defect."""
    return tuple(
        sorted({error.code if isinstance(error, AmalimartError) else Internal.code for error in errors})
    )
