"""The one way to ask: a question and a principal in, an answer or one typed error out.

All questions of one call are answered in one read transaction, so from one release. How a question is
planned is `preparing`'s business, what may be named is `vocabulary`'s.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

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
    NothingPublished,
    UnknownName,
)
from amalimart.observe.metrics import POLICY_DENIALS
from amalimart.observe.spans import Within
from amalimart.observe.work import note_release
from amalimart.semantic.answer import Answer
from amalimart.semantic.answer_cache import AnswerCache
from amalimart.semantic.answering import answer_of
from amalimart.semantic.availability import Availability
from amalimart.semantic.compatibility import Compatibilities, Compatibility
from amalimart.semantic.defined import Grouping
from amalimart.semantic.held_release import refuse_other_release
from amalimart.semantic.listing import DimensionInfo, DimensionValue, MetricInfo
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.peers import PeerAnswer, PeerQuestion, answer_peers, peers_policy
from amalimart.semantic.planner import Plan
from amalimart.semantic.policy_check import check_policies
from amalimart.semantic.preparing import Prepared, Preparer
from amalimart.semantic.question import Question
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.row_lists import RowList, RowQuestion
from amalimart.semantic.row_reading import RowReading
from amalimart.semantic.running import batches_of, measured, rows_of
from amalimart.semantic.streaming import StreamedAnswer
from amalimart.semantic.vocabulary import Vocabulary
from amalimart.warehouse.file.reading import Reader, ReadTransaction, Release


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
        kept: AnswerCache | None = None,
        rollups: Sequence[Rollup] = (),
        holds_rollups: Callable[[Release], bool] = _holds_none,
        tally: NotesQuestions | None = None,
    ) -> None:
        """`kept` is for answers given before, and `tally` counts those that were read.

        `holds_rollups` says whether a release was built with these very rollups.
        Raises ConfigError where a policy names what is not there.
        """
        check_policies(model, policies)
        self.model = model
        self._reader = reader
        self._kept = kept
        self._tally = tally or Unnoted()
        self._vocabulary = Vocabulary(model, policies, reader, availability, kept)
        self._preparer = Preparer(model, policies, availability, rollups, holds_rollups)
        self._compatible = Compatibilities(model)
        self._rows = RowReading(model, reader, availability)
        self._among: dict[str, SemanticService] = {}
        self._like_this = partial(
            SemanticService, reader=reader, availability=availability, kept=kept, rollups=rollups,
            holds_rollups=holds_rollups,
        )  # fmt: skip

    @property
    def policies(self) -> Policies:
        """The policies in force."""
        return self._preparer.rule.policies

    def govern(self, policies: Policies) -> None:
        """Rule by these policies from now on. Raises ConfigError as at the start; the old ones then stay."""
        check_policies(self.model, policies)
        self._vocabulary.govern(policies)
        self._preparer.govern(policies)
        self._among = {}

    def ask(self, question: Question, principal: Principal) -> Answer:
        """One answer. Raises a QueryError, an AccessError, or what the reader raises."""
        with measured() as asking:
            prepared = self._prepared(question, principal, self._planned_for(question))
            if self._kept is None:
                answer = self._read_alone(prepared)
            else:
                answer = self._kept.answer(prepared.asked, partial(self._read_alone, prepared))
            return _noted(answer, prepared, asking)

    def ask_all(self, questions: Sequence[Question], principal: Principal) -> list[Answer | AmalimartError]:
        """An answer or a typed error for each question, all from one release.

        Raises what the reader raises when no read transaction can be opened.
        """
        published = self._planned_for(*questions)
        prepared = [self._prepared_or_error(question, principal, published) for question in questions]
        found = self._found(prepared)
        if found is not None and None not in found:
            return self._answers(prepared, found, None)
        with self._reader.read() as transaction:
            # A release may have been published meanwhile: what was found must be of the one that is read.
            again = self._found(prepared, transaction.release) if found is not None else None
            return self._answers(prepared, again or [None] * len(prepared), transaction)

    def _planned_for(self, *questions: Question) -> Release | None:
        """The release to plan for. None where it makes no difference, or none is published."""
        if not self._preparer.depends_on_release and all(each.as_of is None for each in questions):
            return None
        with suppress(NothingPublished):
            if self._kept is not None:
                return self._kept.published().release
            with self._reader.read() as transaction:
                return transaction.release
        return None

    def _prepared(self, question: Question, principal: Principal, release: Release | None) -> Prepared:
        prepared = self._preparer.prepared(question, principal, release)
        if release is not None:
            refuse_other_release(question.as_of, release.release_id)
        return prepared

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
                with measured() as asking:
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

    def _read_alone(self, prepared: Prepared) -> Answer:
        with self._reader.read() as transaction:
            return self._read(prepared, transaction)

    def _read(self, prepared: Prepared, transaction: ReadTransaction) -> Answer:
        prepared = self._preparer.fitting(prepared, transaction)
        began = time.perf_counter()
        rows = rows_of(transaction, prepared.plan.sql, prepared.bound)
        self._tally.note(_shape_of(prepared), time.perf_counter() - began)
        return answer_of(
            prepared.plan, rows, prepared.question, transaction.release, is_open=prepared.is_open
        )

    @contextmanager
    def stream(self, question: Question, principal: Principal, most_rows: int) -> Iterator[StreamedAnswer]:
        """One answer of up to `most_rows` rows, read while the block runs. Raises as `ask` does."""
        with measured() as asking:
            prepared = self._prepared(question, principal, self._planned_for(question))
            with self._reader.read() as transaction:
                release = transaction.release
                refuse_other_release(question.as_of, release.release_id)
                prepared = self._preparer.fitting(prepared, transaction)
                note_release(release.release_id)
                asking.set(metrics=prepared.metrics, release_id=release.release_id)
                found = batches_of(transaction, prepared.plan.sql, prepared.bound, most_rows)
                yield StreamedAnswer(
                    prepared.plan, found, prepared.question, release, is_open=prepared.is_open
                )

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
        for dimension in dimensions:
            with suppress(UnknownName, Denied):  # of which nothing is told
                tables |= set(self._vocabulary.picker(dimension, principal).tables)
        return release.project_hash, published.versions(tables)

    def plan(
        self, question: Question, principal: Principal, transaction: ReadTransaction | None = None
    ) -> Plan:
        """The checked statement of a question, kept; that which would run in a transaction.

        Raises a QueryError or an AccessError.
        """
        return self._preparer.plan(question, principal, transaction)

    def refusal(self, question: Question, principal: Principal) -> AmalimartError | None:
        """Why a question would be refused, found without asking it; None where it would be answered."""
        try:
            self._preparer.plan(question, principal, None)
        except AmalimartError as error:
            return error
        return None

    def rows(self, questions: Sequence[RowQuestion], principal: Principal) -> list[RowList | AmalimartError]:
        """Rows or a typed error for each list, all from one release. Raises what the reader raises."""
        return self._rows.read(questions, principal, self.policies)

    def lists_own_vendors(self, questions: Sequence[RowQuestion], principal: Principal) -> bool:
        """Whether the reader is bound to vendors, and would be given rows of theirs alone in these lists."""
        return self._rows.lists_own_vendors(questions, principal, self.policies)

    def is_scoped(self, principal: Principal) -> bool:
        """Whether the principal sees only its own rows of something: then no SQL, table or check is shown."""
        return self.policies.is_scoped(principal)

    def default_grouping(self, metrics: Sequence[str]) -> Grouping:
        """The grouping in which these names answer when a person gives none. Raises UnknownName."""
        return self.model.default_grouping(metrics)

    def values(
        self, dimension: str, principal: Principal, search: str | None = None, limit: int = 100
    ) -> tuple[DimensionValue, ...]:
        """Values whose label holds `search` in any case, or whose key it is, that one first; by label.

        Raises UnknownName, Denied or InvalidFilter.
        """
        return self._vocabulary.values(dimension, principal, search, limit)

    def metrics(self, principal: Principal) -> tuple[MetricInfo, ...]:
        """The metrics the principal may ask, and the dimensions each may be grouped by."""
        return self._vocabulary.metrics(principal)

    def dimensions(self, principal: Principal) -> tuple[DimensionInfo, ...]:
        """The dimensions the principal may group and filter by."""
        return self._vocabulary.dimensions(principal)

    def compatible(self, question: Question, principal: Principal) -> Compatibility:
        """What the principal may still add to a question, and why not the rest."""
        metrics = [each.name for each in self.metrics(principal)]
        dimensions = [each.name for each in self.dimensions(principal)]
        return self._compatible.of(question, principal, self._preparer.rule, metrics, dimensions)

    def covers(self, principal: Principal, other: Principal) -> bool:
        """Whether the principal sees at least what the other one sees."""
        return covers(self.policies, principal, other)

    def peers(self, question: PeerQuestion, principal: Principal) -> PeerAnswer:
        """How the principal's figures stand among those of others alike. Raises Denied, InvalidFilter."""
        policies = self.policies
        return answer_peers(
            question, principal, self.model, policies, self.ask, partial(self._ask_of_all, policies)
        )

    def _ask_of_all(self, policies: Policies, question: Question, principal: Principal) -> Answer:
        """The figures of all, for nobody's eyes: under the policy that is made of the rule `peers`."""
        fingerprint = policies.fingerprint(principal.role)
        service = self._among.get(fingerprint)
        if service is None:
            policy = peers_policy(self.model, policies.policy(principal.role))
            only = Policies([policy] if policy is not None else [], mask_key=policies.mask_key)
            service = self._among[fingerprint] = self._like_this(self.model, only)
        return service.ask(question, Principal("among peers", principal.role))

    def labels(self, language: str) -> dict[str, str]:
        """Every metric and dimension by name, as it is called in a language, else in English."""
        return self._vocabulary.labels(language)


def _noted(answer: Answer, prepared: Prepared, asking: Within) -> Answer:
    """The answer, after its release and size have been traced. Raises ReleaseNotKept, if it is of another."""
    refuse_other_release(prepared.question.as_of, answer.receipt.release_id)
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
