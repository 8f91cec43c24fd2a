"""A marketplace in memory for tests of the API and the pages: numbers made from names and days, no engine.

Values follow from (metric, member, day, release) alone, so a test can compute what a page must show.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import amalimart
from amalimart.access.coverage import covers
from amalimart.access.policies import Policies, load_policies
from amalimart.access.principal import Principal, Role
from amalimart.api.ports.publishing import PublishedRelease
from amalimart.api.ports.site import EngineStatus, Phase, Step
from amalimart.core.calendar import DayRange
from amalimart.core.errors import (
    AmalimartError,
    Denied,
    NotAvailable,
    NotGroupable,
    NothingPublished,
    UnknownName,
)
from amalimart.semantic.answer import Answer, Column, ColumnKind, MetricReceipt, Receipt
from amalimart.semantic.compatibility import Compatibility, compatible
from amalimart.semantic.peers import PeerAnswer, PeerQuestion
from amalimart.semantic.question import Operator, Question
from amalimart.semantic.row_lists import RowList, RowQuestion
from tests.web.fake_answers import (
    buckets_of,
    dimension_columns,
    members_of_rows,
    metric_columns,
    size_of_a_day,
    time_columns,
)
from tests.web.fake_catalogue import METRICS, VENDORS, FakeDimension, FakeMetric, dimensions_of

TODAY = date(2026, 3, 18)
NOON = datetime(2026, 3, 18, 12, 0, tzinfo=UTC)


@cache
def _policies() -> Policies:
    return load_policies([Path(amalimart.__file__).parent / "marketplace" / "policies"])


@dataclass(frozen=True, slots=True)
class LabelledKey:
    """One value of a dimension."""

    key: str
    label: str


@dataclass(slots=True)
class FakeMarketplace:
    """The semantic room, the release feed and the engine's status, turned by hand."""

    release_id: int | None = 1
    unavailable: frozenset[str] = frozenset()
    failing: dict[str, AmalimartError] = field(default_factory=dict)
    noted: dict[str, tuple[str, str]] = field(default_factory=dict)  # metric -> a note, in English and French
    vendors: tuple[tuple[str, str], ...] = VENDORS
    empty_before: date = date(2024, 1, 1)
    published_at: datetime = NOON
    asked: int = 0
    listed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    steps: tuple[Step, ...] = (Step("Reading the source", 1.0), Step("Building the models", 0.4))

    def publish(self) -> None:
        """A new release with new numbers."""
        self.release_id = (self.release_id or 0) + 1
        self.published_at += timedelta(seconds=5)

    def latest(self) -> PublishedRelease | None:
        """The newest release."""
        if self.release_id is None:
            return None
        return PublishedRelease(self.release_id, self.published_at, self.published_at)

    def status(self) -> EngineStatus:
        """What the engine is doing."""
        if self.release_id is None:
            return EngineStatus(Phase.PREPARING, "The first release is being built.", self.steps)
        return EngineStatus(Phase.LIVE, "Live.")

    def metrics(self, principal: Principal) -> Sequence[FakeMetric]:
        """Every metric."""
        del principal
        return tuple(METRICS.values())

    def dimensions(self, principal: Principal) -> Sequence[FakeDimension]:
        """Every dimension."""
        del principal
        return tuple(dimensions_of(self.vendors).values())

    def fingerprint(self, principal: Principal) -> tuple[object, ...]:
        """Who sees the same, while nobody has turned anything by hand."""
        turned = (self.unavailable, tuple(self.failing), self.vendors, self.empty_before)
        return principal.role, principal.vendor_ids, principal.delivery_partner_ids, turned

    def standing(
        self, questions: Sequence[Question], principal: Principal, dimensions: Sequence[str] = ()
    ) -> tuple[object, ...]:
        """Everything changes with each release."""
        del questions, principal, dimensions
        return (self.release_id,)

    def told_again(
        self,
        questions: Sequence[Question],
        principal: Principal,
        release_id: int,
        kind: str = "page",
        listed: Sequence[str] = (),
    ) -> None:
        """Nobody records here."""

    def stream(self, question: Question, principal: Principal, most_rows: int) -> NoReturn:
        """This marketplace has no files."""
        del question, principal, most_rows
        raise NotAvailable("The fake marketplace exports nothing.")

    def compatible(self, question: Question, principal: Principal) -> Compatibility:
        """What this marketplace would not refuse."""

        def judge(asked: Question) -> None:
            for name in asked.metrics:
                self._checked(name, asked)

        names = [each.name for each in self.dimensions(principal)]
        return compatible(question, METRICS, names, judge)

    def refusal(self, question: Question, principal: Principal) -> AmalimartError | None:
        """Why this marketplace would refuse a question."""
        del principal
        try:
            for name in question.metrics:
                self._checked(name, question)
        except AmalimartError as error:
            return error
        return None

    def covers(self, principal: Principal, other: Principal) -> bool:
        """By the packaged policies."""
        return covers(_policies(), principal, other)

    def rows(
        self, questions: Sequence[RowQuestion], principal: Principal
    ) -> Sequence[RowList | AmalimartError]:
        """The rows that a test put there for a dataset, those that meet the conditions."""
        return [self._listed(each, principal) for each in questions]

    def _listed(self, question: RowQuestion, principal: Principal) -> RowList | AmalimartError:
        if principal.role is Role.DELIVERY and question.dataset != "shipments":
            return Denied(f"the role delivery may not read {question.dataset}")
        if (error := self.failing.get(question.dataset)) is not None:
            return error
        kept = [each for each in self.listed.get(question.dataset, ()) if _meets(each, question)]
        rows = tuple(tuple(each.get(name) for name in question.columns) for each in kept[: question.limit])
        return RowList(question.columns, rows, self.release_id or 0, self.published_at, self.published_at)

    def lists_own_vendors(self, questions: Sequence[RowQuestion], principal: Principal) -> bool:
        """Of roles of a project's own, which this marketplace has none of."""
        del questions, principal
        return False

    def labels(self, language: str) -> dict[str, str]:
        """Names of metrics and dimensions; in French with a mark, so that a test sees which one it got."""
        labels = {each.name: each.label for each in dimensions_of(self.vendors).values()}
        labels |= {each.name: each.label for each in METRICS.values()}
        return {name: f"{label} (fr)" if language == "fr" else label for name, label in labels.items()}

    def peers(self, question: PeerQuestion, principal: Principal) -> PeerAnswer:
        """Nobody's figures are compared here."""
        raise Denied(f"the role {principal.role.value} is not told of others' {question.metric!r}")

    def is_scoped(self, principal: Principal) -> bool:
        """Whether the role sees its own rows only."""
        return principal.role in {Role.VENDOR, Role.DELIVERY}

    def values(
        self, dimension: str, principal: Principal, search: str = "", limit: int = 50
    ) -> Sequence[LabelledKey]:
        """The members of a dimension."""
        del principal
        if (known := dimensions_of(self.vendors).get(dimension)) is None:
            raise UnknownName(f"no dimension is called {dimension!r}", nearest="vendor")
        found = [
            LabelledKey(key, text)
            for key, text in known.members
            if search.lower() in text.lower() or search == key
        ]
        return sorted(found, key=lambda each: (each.key != search, each.label))[:limit]

    def values_of_page(
        self, dimension: str, principal: Principal, search: str = "", limit: int = 50
    ) -> Sequence[LabelledKey]:
        """The members of a dimension: nobody records here."""
        return self.values(dimension, principal, search, limit)

    def ask_all(
        self, questions: Sequence[Question], principal: Principal, listed: Sequence[str] = ()
    ) -> Sequence[Answer | AmalimartError]:
        """Answers or typed errors."""
        del listed
        if self.release_id is None:
            raise NothingPublished("No release has been published yet.")
        answers: list[Answer | AmalimartError] = []
        for question in questions:
            try:
                answers.append(self.ask(question, principal))
            except AmalimartError as error:
                answers.append(error)
        return answers

    def ask(self, question: Question, principal: Principal) -> Answer:
        """One answer."""
        if self.release_id is None:
            raise NothingPublished("No release has been published yet.")
        self.asked += 1
        metrics = [self._checked(name, question) for name in question.metrics]
        dimensions = [dimensions_of(self.vendors)[name] for name in question.by]
        columns = [
            *time_columns(question),
            *dimension_columns(dimensions),
            *metric_columns(metrics, question),
        ]
        if question.grain is not None:
            columns.append(Column("partial", "Partial", ColumnKind.PARTIAL, "boolean"))
        receipt = self._receipt(metrics, question, principal)
        return Answer(tuple(columns), self._rows(metrics, dimensions, question), receipt)

    def total(self, metric: str, days: DayRange, member: str = "") -> Decimal:
        """What a metric must show for these days; zero before the marketplace began."""
        definition = METRICS[metric]
        known = [days.first + timedelta(days=n) for n in range(days.days)]
        sizes = [
            size_of_a_day(definition, day, member, self.release_id or 0)
            for day in known
            if day >= self.empty_before
        ]
        if definition.unit in {"percent", "rating", "days", "number"} or metric.startswith("avg"):
            mean = sum(sizes, Decimal(0)) / len(sizes) if sizes else Decimal(0)
            return mean.quantize(Decimal("0.0001"))
        exponent = Decimal("0.01") if definition.unit == "money" else Decimal(1)
        return sum(sizes, Decimal(0)).quantize(exponent)

    def _checked(self, name: str, question: Question) -> FakeMetric:
        if name in self.failing:
            raise self.failing[name]
        if name not in METRICS:
            raise UnknownName(
                f"no metric is called {name!r}", nearest="gmv", next_step="run: amalimart metrics list"
            )
        if name in self.unavailable:
            raise NotAvailable(f"{METRICS[name].label} is not available: the source has no such data")
        used = {*question.by, *(each.dimension for each in question.filters)}
        if METRICS[name].is_order_grain and used & {"vendor", "product", "category"}:
            raise NotGroupable(
                f"{METRICS[name].label} cannot be split by {min(used)}", next_step="ask item_gmv"
            )
        return METRICS[name]

    def _rows(
        self, metrics: list[FakeMetric], dimensions: list[FakeDimension], question: Question
    ) -> tuple[tuple[Any, ...], ...]:
        days = question.days or DayRange(TODAY - timedelta(days=29), TODAY)
        narrowed = "|".join(value for each in question.filters for value in each.values)
        buckets = buckets_of(question, days)
        equal = {Operator.EQ, Operator.IN}
        chosen = {each.dimension: each.values for each in question.filters if each.operator in equal}
        rows = []
        for start, covered in buckets:
            for members in members_of_rows(dimensions, chosen):
                member = "|".join([narrowed, *(key for key, _ in members)]).strip("|")
                lead: list[Any] = [] if start is None else [start]
                for dimension, (key, text) in zip(dimensions, members, strict=True):
                    lead += [key, text] if dimension.is_entity else [key]
                for metric in metrics:
                    lead.append(self._wire(metric, covered, member))
                    if question.compare:
                        shifted = timedelta(days=days.days)
                        before = DayRange(covered.first - shifted, covered.last - shifted)
                        lead.append(self._wire(metric, before, member))
                if start is not None and question.grain is not None:
                    lead.append(days.is_partial(question.grain, start))
                rows.append(tuple(lead))
        if question.order_by:
            place = sum(2 if each.is_entity else 1 for each in dimensions) + (1 if question.grain else 0)
            rows.sort(key=lambda row: row[place] or 0, reverse=question.order_by.startswith("-"))
        return tuple(rows[: question.limit])

    def _wire(self, metric: FakeMetric, days: DayRange, member: str) -> Any:
        value = self.total(metric.name, days, member)
        if metric.unit == "money":
            return value
        return int(value) if metric.unit == "count" else float(value)

    def _receipt(self, metrics: list[FakeMetric], question: Question, principal: Principal) -> Receipt:
        grouped = ", ".join(question.by)
        notes = [self.noted[each.name] for each in metrics if each.name in self.noted]
        return Receipt(
            release_id=self.release_id or 0,
            published_at=self.published_at,
            fresh_as_of=self.published_at,
            metrics=tuple(
                MetricReceipt(each.name, 1, "0123abcd", f"{each.label} in words.") for each in metrics
            ),
            notes=tuple(english for english, _ in notes),
            notes_fr=tuple(french for _, french in notes),
            sql=None if self.is_scoped(principal) else f"select sum(amount) from gold.fact_orders {grouped}",
        )


def _meets(row: dict[str, Any], question: RowQuestion) -> bool:
    """Whether a row meets the conditions that the work lists use."""
    compared: dict[Operator, Callable[[Any, Any], bool]] = {
        Operator.EQ: operator.eq,
        Operator.LT: operator.lt,
        Operator.LE: operator.le,
        Operator.GE: operator.ge,
    }
    for each in question.where:
        value = row.get(each.column)
        if each.operator is Operator.IN:
            if value not in each.values:
                return False
        elif value is None or not compared[each.operator](value, each.values[0]):
            return False
    return True
