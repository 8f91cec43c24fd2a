"""The one way to ask: a question and a principal in, an answer or one typed error out.

Plans are cached by the question's structure and the principal's scope, never by values. All questions
of one call are answered in one read transaction, so from one release.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import partial
from http import HTTPStatus
from threading import Lock
from typing import Generic, TypeVar

from amalimart.access.policies import Policies
from amalimart.access.principal import Principal
from amalimart.core.asked import AskedShape, NotesQuestions, Unnoted
from amalimart.core.errors import AccessError, AmalimartError, Internal, InvalidFilter, WarehouseError
from amalimart.observe.metrics import CACHE_LOOKUPS, POLICY_DENIALS, QUERY_SECONDS
from amalimart.observe.spans import QUERY, Within, within
from amalimart.observe.work import current_work, note_release
from amalimart.semantic.answer import Answer
from amalimart.semantic.answering import answer_of
from amalimart.semantic.availability import Availability
from amalimart.semantic.listing import (
    DimensionInfo,
    DimensionValue,
    MetricInfo,
    check_policies,
    list_dimensions,
    list_metrics,
)
from amalimart.semantic.model import GRAINS, Grouping, SemanticModel
from amalimart.semantic.parameters import Slot, bind
from amalimart.semantic.picker import plan_values
from amalimart.semantic.planner import Plan, plan
from amalimart.semantic.question import Question
from amalimart.semantic.question_shape import QuestionShape, shape_of
from amalimart.semantic.request import Resolver
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.scan import Scope
from amalimart.semantic.shapes import FieldType
from amalimart.semantic.typed_values import typed_value
from amalimart.warehouse.file.reading import Reader, ReadTransaction, Release, Rows

K = TypeVar("K")
V = TypeVar("V")

PLANS_KEPT = 1_000
MOST_VALUES_LISTED = 1_000

_log = logging.getLogger(__name__)


def _holds_none(_release: Release) -> bool:
    return False


class SemanticService:
    """Answers questions from the published release under the policies."""

    def __init__(
        self,
        model: SemanticModel,
        policies: Policies,
        reader: Reader,
        availability: Availability,
        rollups: Sequence[Rollup] = (),
        holds_rollups: Callable[[Release], bool] = _holds_none,
        noted: NotesQuestions | None = None,
    ) -> None:
        """`holds_rollups` says whether a release was built with these very rollups.

        Raises ConfigError where a policy names what the model lacks.
        """
        check_policies(model, policies)
        self.model = model
        self._policies = policies
        self._reader = reader
        self._availability = availability
        self._resolver = Resolver(model, policies, availability)
        self._rollups = tuple(rollups)
        self._holds_rollups = holds_rollups
        self._noted = noted or Unnoted()
        self._plans: _Recent[tuple[QuestionShape, Scope, bool], Plan] = _Recent(PLANS_KEPT)
        self._pickers: _Recent[tuple[str, Scope], tuple[str, tuple[Slot, ...]]] = _Recent(PLANS_KEPT)

    def ask(self, question: Question, principal: Principal) -> Answer:
        """One answer. Raises a QueryError, an AccessError, or what the reader raises."""
        with _measured() as asking:
            question = self._grouped(question, principal)
            with self._reader.read() as transaction:
                planned = self._planned(question, principal, transaction)
                bound = bind(planned.slots, question, principal)
                return self._run(planned, bound, question, principal, transaction, asking)

    def ask_all(self, questions: Sequence[Question], principal: Principal) -> list[Answer | AmalimartError]:
        """An answer or a typed error for each question, all from one release.

        Raises what the reader raises when no read transaction can be opened.
        """
        answers: list[Answer | AmalimartError] = []
        with self._reader.read() as transaction:
            for question in questions:
                try:
                    with _measured() as asking:
                        grouped = self._grouped(question, principal)
                        planned = self._planned(grouped, principal, transaction)
                        bound = bind(planned.slots, grouped, principal)
                        answers.append(self._run(planned, bound, grouped, principal, transaction, asking))
                except AmalimartError as error:
                    if isinstance(error, AccessError):
                        POLICY_DENIALS.add(reason=error.code)
                    answers.append(error)
        return answers

    def _planned(self, question: Question, principal: Principal, transaction: ReadTransaction) -> Plan:
        return self.plan(question, principal, transaction.release if self._rollups else None)

    def plan(self, question: Question, principal: Principal, release: Release | None = None) -> Plan:
        """The checked statement of a question, cached; it reads the rollups that the release holds.

        Raises a QueryError or an AccessError.
        """
        shape, scope = shape_of(question), Scope.of(principal)
        is_rolled = release is not None and bool(self._rollups) and self._holds_rollups(release)
        found = self._plans.get((shape, scope, is_rolled))
        CACHE_LOOKUPS.add(cache="plan", result="hit" if found else "miss")
        if found is None:
            request = self._resolver.resolve(shape, principal.role)
            rollups = self._rollups if is_rolled else ()
            found = plan(self.model, self._policies, scope, request, rollups)
            self._plans.put((shape, scope, is_rolled), found)
        return found

    def values(
        self, dimension: str, principal: Principal, search: str | None = None, limit: int = 100
    ) -> tuple[DimensionValue, ...]:
        """Values whose label holds `search` in any case, or whose key it is; by label, `limit` at most.

        Raises UnknownName, Denied or InvalidFilter.
        """
        if dimension in GRAINS:
            raise InvalidFilter(f"{dimension} has no list of values", expected="a dimension other than time")
        if not 1 <= limit <= MOST_VALUES_LISTED:
            raise InvalidFilter(f"the limit is {limit}", expected=f"from 1 to {MOST_VALUES_LISTED}")
        try:
            sought = str(typed_value(search or "", FieldType.TEXT))
        except ValueError as error:
            raise InvalidFilter("the search text cannot be used", expected=str(error)) from error
        scope = Scope.of(principal)
        found = self._pickers.get((dimension, scope))
        CACHE_LOOKUPS.add(cache="values", result="hit" if found else "miss")
        if found is None:
            usable = partial(self._policies.may_use_dimension, principal.role)
            found = plan_values(self.model, self._policies, scope, self.model.dimension(dimension, usable))
            self._pickers.put((dimension, scope), found)
        sql, slots = found
        asked = replace(_NOTHING, limit=limit)
        with self._reader.read() as transaction:
            rows = _rows(transaction, sql, bind(slots, asked, principal, sought)).rows
        return tuple(DimensionValue(key, label) for key, label in rows)

    def metrics(self, principal: Principal) -> tuple[MetricInfo, ...]:
        """The metrics the principal may ask, and the dimensions each may be grouped by."""
        return list_metrics(self.model, self._policies, self._availability, principal)

    def dimensions(self, principal: Principal) -> tuple[DimensionInfo, ...]:
        """The dimensions the principal may group and filter by."""
        return list_dimensions(self.model, self._policies, principal)

    def default_grouping(self, metrics: Sequence[str]) -> Grouping:
        """The grouping in which these names answer when a person gives none. Raises UnknownName."""
        return self.model.default_grouping(metrics)

    def _grouped(self, question: Question, principal: Principal) -> Question:
        """Without a grouping asked for: that of a name such as daily_gmv, or with `usual` of any metric."""
        if question.by or question.grain is not None or not question.metrics:
            return question
        model = self.model
        usable = partial(self._policies.may_use_metric, principal.role)
        find = model.default_grouping if question.usual else model.alias_grouping
        grouping = find(question.metrics, usable)
        return replace(question, by=grouping.by, grain=grouping.grain)

    def _run(
        self,
        planned: Plan,
        bound: Sequence[object],
        question: Question,
        principal: Principal,
        transaction: ReadTransaction,
        asking: Within,
    ) -> Answer:
        asking.set(metrics=[each.metric.name for each in planned.metrics])
        began = time.perf_counter()
        rows = _rows(transaction, planned.sql, bound)
        self._noted.note(_asked(question, planned), time.perf_counter() - began)
        release_id = transaction.release.release_id
        note_release(release_id)
        asking.set(release_id=release_id, rows=len(rows.rows))
        sql = None if self._policies.is_scoped(principal) else planned.sql
        return answer_of(planned, rows, question, transaction.release, sql=sql)


def _asked(question: Question, planned: Plan) -> AskedShape:
    """What was asked, without its values."""
    return AskedShape(
        metrics=tuple(each.metric.name for each in planned.metrics),
        by=question.by,
        grain=question.grain.value if question.grain is not None else None,
        filters=tuple(dict.fromkeys(each.dimension for each in question.filters)),
        has_days=question.days is not None,
        compare=question.compare,
        rollups=planned.rollups,
    )


@contextmanager
def _measured() -> Iterator[Within]:
    """Count and trace one question, however it ends."""
    began, outcome = time.perf_counter(), "failed"
    try:
        with within(QUERY) as asking:
            yield asking
        outcome = "answered"
    except AmalimartError as error:
        outcome = "refused" if error.http_status < HTTPStatus.INTERNAL_SERVER_ERROR else "failed"
        raise
    finally:
        QUERY_SECONDS.observe(time.perf_counter() - began, door=current_work().door, outcome=outcome)


def _rows(transaction: ReadTransaction, sql: str, bound: Sequence[object]) -> Rows:
    """What the transaction answers. Where the engine refuses a statement that we wrote, that is our defect.

    Its own words may quote a value of anybody's row, so they are neither shown nor logged.
    """
    try:
        return transaction.rows(sql, bound)
    except WarehouseError as error:
        if type(error) is not WarehouseError:
            raise
        _log.error("the engine refused a question", extra={"sql": sql})
        raise Internal(
            "This question could not be computed.", next_step="report it with the time at which you asked"
        ) from None


_NOTHING = Question(metrics=(), today=date(2000, 1, 1))


class _Recent(Generic[K, V]):
    """The most recently used entries, for many threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key]

    def put(self, key: K, value: V) -> None:
        with self._lock:
            self._entries[key] = value
            self._entries.move_to_end(key)
            if len(self._entries) > self._most:
                self._entries.popitem(last=False)
