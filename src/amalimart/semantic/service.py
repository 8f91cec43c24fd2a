"""The one way to ask: a question and a principal in, an answer or one typed error out.

Plans are cached by the question's structure and the principal's scope, never by values. All questions
of one call are answered in one read transaction, so from one release.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from http import HTTPStatus

import pyarrow as pa

from amalimart.access.coverage import covers
from amalimart.access.policies import Policies
from amalimart.access.principal import Principal
from amalimart.access.rules import OwnIds
from amalimart.core.asked import AskedShape, NotesQuestions, Unnoted
from amalimart.core.errors import (
    Abandoned,
    AccessError,
    AmalimartError,
    Denied,
    Internal,
    InvalidFilter,
    NothingPublished,
    WarehouseError,
)
from amalimart.core.recent import Recent
from amalimart.observe.metrics import CACHE_LOOKUPS, POLICY_DENIALS, QUERY_SECONDS
from amalimart.observe.spans import QUERY, Within, within
from amalimart.observe.work import current_work, note_release
from amalimart.semantic.answer import Answer
from amalimart.semantic.answer_cache import AnswerCache, Asked
from amalimart.semantic.answering import answer_of
from amalimart.semantic.availability import Availability
from amalimart.semantic.compatibility import (
    Compatibility,
    compatible,
    core_shape,
    refuse_unreadable,
)
from amalimart.semantic.formula_parts import FormulaPart, formula_parts
from amalimart.semantic.listing import (
    DimensionInfo,
    DimensionValue,
    MetricInfo,
    list_dimensions,
    list_metrics,
)
from amalimart.semantic.model import GRAINS, Grouping, SemanticModel
from amalimart.semantic.parameters import ParameterBook, bind
from amalimart.semantic.peers import PeerAnswer, PeerQuestion, answer_peers, peers_policy
from amalimart.semantic.picker import PlannedValues, plan_values
from amalimart.semantic.planner import Plan, plan
from amalimart.semantic.policy_check import check_policies
from amalimart.semantic.question import Question
from amalimart.semantic.question_shape import QuestionShape, shape_of
from amalimart.semantic.resolving import Resolver
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.row_lists import RowList, RowQuestion, plan_rows
from amalimart.semantic.scan import Door, Scope
from amalimart.semantic.shapes import FieldType
from amalimart.semantic.sound_conditions import refuse_unsound
from amalimart.semantic.streaming import StreamedAnswer
from amalimart.semantic.typed_values import typed_value
from amalimart.warehouse.file.reading import Reader, ReadTransaction, Release, Rows

PLANS_KEPT = 1_000
COMPATIBLE_KEPT = 200
MOST_VALUES_LISTED = 10_000

_log = logging.getLogger(__name__)


def _holds_none(_release: Release) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question that may be asked: its plan, the values bound to it, and what a kept answer is known by.

    is_rolled  whether it was planned for a release that holds the rollups
    """

    question: Question
    principal: Principal
    is_rolled: bool
    plan: Plan
    bound: Sequence[object]
    asked: Asked
    shows_sql: bool

    @property
    def metrics(self) -> list[str]:
        return [each.metric.name for each in self.plan.metrics]

    @property
    def shown_sql(self) -> str | None:
        return self.plan.sql if self.shows_sql else None


@dataclass(frozen=True, slots=True)
class _Rule:
    """The policies in force, and what resolves questions under them: always both of the same moment."""

    policies: Policies
    resolver: Resolver


class SemanticService:
    """Answers questions from the published release under the policies."""

    def __init__(
        self,
        model: SemanticModel,
        policies: Policies,
        reader: Reader,
        availability: Availability,
        kept: AnswerCache | None = None,
        rollups: Sequence[Rollup] = (),
        holds_rollups: Callable[[Release], bool] = _holds_none,
        tally: NotesQuestions | None = None,
    ) -> None:
        """`kept` is for answers given before, and `tally` counts those that were read.

        `holds_rollups` says whether a release was built with these very rollups.
        Raises ConfigError where a policy names what is not there.
        """
        self.model = model
        self._reader = reader
        self._availability = availability
        self._kept = kept
        self._rollups = tuple(rollups)
        self._holds_rollups = holds_rollups
        self._tally = tally or Unnoted()
        self._plans: Recent[tuple[QuestionShape, Scope, str, bool], Plan] = Recent(PLANS_KEPT)
        self._pickers: Recent[tuple[str, Scope, str], PlannedValues] = Recent(PLANS_KEPT)
        self._compatible: Recent[tuple[QuestionShape, Scope, str], Compatibility] = Recent(COMPATIBLE_KEPT)
        self.govern(policies)

    def govern(self, policies: Policies) -> None:
        """Rule by these policies from now on. Raises ConfigError as at the start; the old ones then stay."""
        check_policies(self.model, policies)
        self._among: dict[str, SemanticService] = {}
        self._rule = _Rule(policies, Resolver(self.model, policies, self._availability))

    @property
    def policies(self) -> Policies:
        """The policies in force."""
        return self._rule.policies

    def ask(self, question: Question, principal: Principal) -> Answer:
        """One answer. Raises a QueryError, an AccessError, or what the reader raises."""
        with _measured() as asking:
            prepared = self._prepared(question, principal, self._published())
            if self._kept is None:
                answer = self._read_alone(prepared)
            else:
                answer = self._kept.answer(prepared.asked, partial(self._read_alone, prepared))
            return _noted(answer, prepared, asking)

    def ask_all(self, questions: Sequence[Question], principal: Principal) -> list[Answer | AmalimartError]:
        """An answer or a typed error for each question, all from one release.

        Raises what the reader raises when no read transaction can be opened.
        """
        published = self._published()
        prepared = [self._prepared_or_error(question, principal, published) for question in questions]
        found = self._found(prepared)
        if found is not None and None not in found:
            return self._answers(prepared, found, None)
        with self._reader.read() as transaction:
            # A release may have been published meanwhile: what was found must be of the one that is read.
            again = self._found(prepared, transaction.release) if found is not None else None
            return self._answers(prepared, again or [None] * len(prepared), transaction)

    def _published(self) -> Release | None:
        """The release to plan for. None where plans are the same for all, or none is published."""
        if not self._rollups:
            return None
        with suppress(NothingPublished):
            if self._kept is not None:
                return self._kept.published().release
            with self._reader.read() as transaction:
                return transaction.release
        return None

    def _prepared_or_error(
        self, question: Question, principal: Principal, release: Release | None
    ) -> Prepared | AmalimartError:
        try:
            return self._prepared(question, principal, release)
        except AmalimartError as error:
            if isinstance(error, AccessError):
                POLICY_DENIALS.add(reason=error.code)
            return error

    def _found(
        self, prepared: Sequence[Prepared | AmalimartError], release: Release | None = None
    ) -> list[Answer | AmalimartError | None] | None:
        """Errors, and the kept answers of what is published; None where that is not the release asked for."""
        if self._kept is None:
            return None
        published = self._kept.published()
        if release is not None and published.release != release:
            return None
        return [
            each if isinstance(each, AmalimartError) else self._kept.found(each.asked, published)
            for each in prepared
        ]

    def _answers(
        self,
        prepared: Sequence[Prepared | AmalimartError],
        found: Sequence[Answer | AmalimartError | None],
        transaction: ReadTransaction | None,
    ) -> list[Answer | AmalimartError]:
        """What was found, and what the transaction answers to the rest, each counted and traced."""
        answers: list[Answer | AmalimartError] = []
        for each, known in zip(prepared, found, strict=True):
            try:
                with _measured() as asking:
                    if isinstance(each, AmalimartError):
                        raise each
                    if isinstance(known, Answer):
                        answers.append(_noted(known, each, asking))
                    elif transaction is not None:
                        answer = self._read(each, transaction)
                        if self._kept is not None:
                            self._kept.keep(each.asked, answer)
                        answers.append(_noted(answer, each, asking))
            except Abandoned:
                raise
            except AmalimartError as error:
                answers.append(error)
        return answers

    def _prepared(self, question: Question, principal: Principal, release: Release | None) -> Prepared:
        """Everything but the rows. Raises a QueryError or an AccessError."""
        rule = self._rule
        question = self._grouped(question, principal)
        is_rolled = self._is_rolled(release)
        planned = self._plan(question, principal, rule, is_rolled=is_rolled)
        bound = bind(planned.slots, question, principal, self.model.calendar)
        shows_sql = not rule.policies.is_scoped(principal)
        key = (
            rule.policies.fingerprint(principal.role),
            planned.sql,
            planned.notes,
            tuple(tuple(each) if isinstance(each, list) else (type(each), each) for each in bound),
            question.days,
            question.today,
            shows_sql,
        )
        asked = Asked(key, planned.tables)
        return Prepared(question, principal, is_rolled, planned, bound, asked, shows_sql)

    def _is_rolled(self, release: Release | None) -> bool:
        return release is not None and bool(self._rollups) and self._holds_rollups(release)

    def _fitting(self, prepared: Prepared, transaction: ReadTransaction) -> Prepared:
        """The same question, planned anew if the release that is read does not hold what the plan reads."""
        if not self._rollups or prepared.is_rolled == self._is_rolled(transaction.release):
            return prepared
        return self._prepared(prepared.question, prepared.principal, transaction.release)

    def _read_alone(self, prepared: Prepared) -> Answer:
        with self._reader.read() as transaction:
            return self._read(prepared, transaction)

    @contextmanager
    def stream(self, question: Question, principal: Principal, most_rows: int) -> Iterator[StreamedAnswer]:
        """One answer of up to `most_rows` rows, read while the block runs. Raises as `ask` does."""
        with _measured() as asking:
            prepared = self._prepared(question, principal, self._published())
            with self._reader.read() as transaction:
                release = transaction.release
                prepared = self._fitting(prepared, transaction)
                note_release(release.release_id)
                asking.set(metrics=prepared.metrics, release_id=release.release_id)
                found = _batches(transaction, prepared.plan.sql, prepared.bound, most_rows)
                yield StreamedAnswer(prepared.plan, found, prepared.question, release, sql=prepared.shown_sql)

    def fingerprint(self, principal: Principal) -> Hashable:
        """Whose answers may be given to this principal, too: the same policy, and the same own ids."""
        ids = tuple((kind, kind.of(principal)) for kind in OwnIds)
        return principal.role, self.policies.fingerprint(principal.role), ids

    def standing(
        self, questions: Sequence[Question], principal: Principal, dimensions: Sequence[str] = ()
    ) -> Hashable:
        """What decides the answers to these questions, and the values of these dimensions.

        While it is the same, so are they. None where nobody knows. Raises NothingPublished.
        """
        if self._kept is None:
            return None
        published = self._kept.published()
        release = published.release
        prepared = [self._prepared_or_error(question, principal, release) for question in questions]
        tables = {name for each in prepared if isinstance(each, Prepared) for name in each.plan.tables}
        tables |= {name for each in dimensions for name in self._picker(each, principal).tables}
        return release.project_hash, published.versions(tables)

    def plan(self, question: Question, principal: Principal, release: Release | None = None) -> Plan:
        """The checked statement of a question, cached; it reads the rollups that the release holds.

        Raises a QueryError or an AccessError.
        """
        return self._plan(question, principal, self._rule, is_rolled=self._is_rolled(release))

    def _plan(self, question: Question, principal: Principal, rule: _Rule, *, is_rolled: bool) -> Plan:
        policies = rule.policies
        known = (shape_of(question), Scope.of(principal), policies.fingerprint(principal.role), is_rolled)
        found = self._plans.get(known)
        CACHE_LOOKUPS.add(cache="plan", result="hit" if found else "miss")
        if found is None:
            request = rule.resolver.resolve(known[0], principal.role)
            refuse_unsound(request)
            rollups = self._rollups if is_rolled else ()
            found = plan(self.model, policies, known[1], request, rollups)
            self._plans.put(known, found)
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
        planned = self._picker(dimension, principal)
        asked = replace(_NOTHING, limit=limit)
        bound = bind(planned.slots, asked, principal, self.model.calendar, sought)
        with self._reader.read() as transaction:
            note_release(transaction.release.release_id)
            rows = _rows(transaction, planned.sql, bound).rows
        return tuple(DimensionValue(key, label) for key, label in rows)

    def _picker(self, dimension: str, principal: Principal) -> PlannedValues:
        policies, scope = self.policies, Scope.of(principal)
        known = (dimension, scope, policies.fingerprint(principal.role))
        found = self._pickers.get(known)
        CACHE_LOOKUPS.add(cache="values", result="hit" if found else "miss")
        if found is None:
            usable = partial(policies.may_use_dimension, principal.role)
            found = plan_values(self.model, policies, scope, self.model.dimension(dimension, usable))
            self._pickers.put(known, found)
        return found

    def metrics(self, principal: Principal) -> tuple[MetricInfo, ...]:
        """The metrics the principal may ask, and the dimensions each may be grouped by."""
        return list_metrics(self.model, self.policies, self._availability, principal)

    def dimensions(self, principal: Principal) -> tuple[DimensionInfo, ...]:
        """The dimensions the principal may group and filter by."""
        return list_dimensions(self.model, self.policies, principal)

    def compatible(self, question: Question, principal: Principal) -> Compatibility:
        """What the principal may still add to a question, and why not the rest."""
        rule, scope = self._rule, Scope.of(principal)
        policies = rule.policies
        known = (core_shape(question), scope, policies.fingerprint(principal.role))
        if (found := self._compatible.get(known)) is not None:
            return found
        metrics = [each.name for each in self.metrics(principal)]
        dimensions = [each.name for each in self.dimensions(principal)]
        door = Door(self.model, policies, scope, ParameterBook())

        def judge(asked: Question) -> None:
            request = rule.resolver.resolve(shape_of(asked), principal.role)
            refuse_unsound(request)
            refuse_unreadable(self.model, door, request)

        found = compatible(question, metrics, dimensions, judge)
        self._compatible.put(known, found)
        return found

    def covers(self, principal: Principal, other: Principal) -> bool:
        """Whether the principal sees at least what the other one sees."""
        return covers(self.policies, principal, other)

    def labels(self, language: str) -> dict[str, str]:
        """Every metric and dimension by name, as it is called in a language, else in English."""
        labels = {each.name: each.label for each in self.model.dimensions.values()}
        labels |= {each.name: each.label for each in self.model.metrics.values()}
        return {name: label.fr if language == "fr" else label.en for name, label in labels.items()}

    def rows(self, questions: Sequence[RowQuestion], principal: Principal) -> list[RowList | AmalimartError]:
        """Rows or a typed error for each list, all from one release. Raises what the reader raises."""
        found: list[RowList | AmalimartError] = []
        scope = Scope.of(principal)
        with self._reader.read() as transaction:
            for question in questions:
                try:
                    sql, slots = plan_rows(self.model, self.policies, self._availability, scope, question)
                    rows = _rows(transaction, sql, bind(slots, _NOTHING, principal, self.model.calendar)).rows
                    found.append(RowList(question.columns, rows, transaction.release.release_id))
                except AmalimartError as error:
                    if isinstance(error, AccessError):
                        POLICY_DENIALS.add(reason=error.code)
                    found.append(error)
        return found

    def formula(self, metric: str, principal: Principal) -> FormulaPart:
        """What a metric computes, in parts. Raises UnknownName, and Denied where the role may not ask it."""
        found = self.model.metric(metric, partial(self.policies.may_use_metric, principal.role))
        if not self.policies.may_use_metric(principal.role, found.name):
            role = principal.role.value
            raise Denied(f"the role {role} may not ask {found.name}", next_step="ask an admin")
        return formula_parts(self.model, found.formula)

    def peers(self, question: PeerQuestion, principal: Principal) -> PeerAnswer:
        """How the principal's figures stand among those of others alike. Raises Denied, InvalidFilter."""
        policies = self._rule.policies
        return answer_peers(
            question, principal, self.model, policies, self.ask, partial(self._ask_of_all, policies)
        )

    def _ask_of_all(self, policies: Policies, question: Question, principal: Principal) -> Answer:
        """The figures of all, for nobody's eyes: under the policy that is made of the rule `peers`."""
        fingerprint = policies.fingerprint(principal.role)
        service = self._among.get(fingerprint)
        if service is None:
            policy = peers_policy(self.model, policies.policy(principal.role))
            service = SemanticService(
                self.model,
                Policies([policy] if policy is not None else [], mask_key=policies.mask_key),
                self._reader,
                self._availability,
                self._kept,
                self._rollups,
                self._holds_rollups,
            )
            self._among[fingerprint] = service
        return service.ask(question, Principal("among peers", principal.role))

    def is_scoped(self, principal: Principal) -> bool:
        """Whether the principal sees only its own rows of something: then no SQL, table or check is shown."""
        return self.policies.is_scoped(principal)

    def default_grouping(self, metrics: Sequence[str]) -> Grouping:
        """The grouping in which these names answer when a person gives none. Raises UnknownName."""
        return self.model.default_grouping(metrics)

    def _grouped(self, question: Question, principal: Principal) -> Question:
        """Without a grouping asked for: that of a name such as daily_gmv, or with `usual` of any metric."""
        if question.by or question.grain is not None or not question.metrics:
            return question
        model = self.model
        usable = partial(self.policies.may_use_metric, principal.role)
        find = model.default_grouping if question.usual else model.alias_grouping
        grouping = find(question.metrics, usable)
        return replace(question, by=grouping.by, grain=grouping.grain)

    def _read(self, prepared: Prepared, transaction: ReadTransaction) -> Answer:
        prepared = self._fitting(prepared, transaction)
        began = time.perf_counter()
        rows = _rows(transaction, prepared.plan.sql, prepared.bound)
        self._tally.note(_shape_of(prepared), time.perf_counter() - began)
        return answer_of(prepared.plan, rows, prepared.question, transaction.release, sql=prepared.shown_sql)


def _noted(answer: Answer, prepared: Prepared, asking: Within) -> Answer:
    """The answer, after its release and size have been traced."""
    release_id = answer.receipt.release_id
    note_release(release_id)
    asking.set(metrics=prepared.metrics, release_id=release_id, rows=len(answer.rows))
    return answer


def _shape_of(prepared: Prepared) -> AskedShape:
    """What was asked, without its values."""
    question = prepared.question
    return AskedShape(
        metrics=tuple(prepared.metrics),
        by=question.by,
        grain=question.grain.value if question.grain is not None else None,
        filters=tuple(dict.fromkeys(each.dimension for each in question.filters)),
        has_days=question.days is not None,
        compare=question.compare,
        rollups=prepared.plan.rollups,
        time=question.time,
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
    """What the transaction answers."""
    with _in_our_words(sql):
        return transaction.rows(sql, bound)


def _batches(
    transaction: ReadTransaction, sql: str, bound: Sequence[object], most_rows: int
) -> Iterator[pa.RecordBatch]:
    with _in_our_words(sql):
        yield from transaction.batches(sql, bound, most_rows)


@contextmanager
def _in_our_words(sql: str) -> Iterator[None]:
    """Where the engine refuses a statement that we wrote, that is our defect.

    Its own words may quote a value of anybody's row, so they are neither shown nor logged.
    """
    try:
        yield
    except WarehouseError as error:
        if type(error) is not WarehouseError:
            raise
        _log.error("the engine refused a question", extra={"sql": sql})
        raise Internal(
            "This question could not be computed.", next_step="report it with the time at which you asked"
        ) from None


_NOTHING = Question(metrics=(), today=date(2000, 1, 1))
