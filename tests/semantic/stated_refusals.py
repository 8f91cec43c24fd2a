"""Every reason for which a question has to be refused, told from the question alone; written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from amalimart.access.policies import Policies
from amalimart.access.principal import Principal, Role
from amalimart.core.calendar import Grain
from amalimart.core.errors import AmalimartError, Denied, InvalidFilter, NotGroupable, UnknownName
from amalimart.semantic.question import Filter, Operator, Question
from tests.semantic.metric_meanings import (
    ALIASES,
    ATOMS,
    DIMENSIONS,
    FORMULAS,
    GROWTHS,
    LABELS,
    SPANS,
    SYNONYMS,
)
from tests.semantic.oracle_names import (
    GRAINS,
    Leaf,
    atom_of,
    components,
    dimension_of,
    grouping,
    leaves,
    reaches,
)
from tests.semantic.oracle_values import typed

Refusal = type[AmalimartError]
METRICS = (*ATOMS, *FORMULAS, *SPANS, *GROWTHS, *ALIASES)
CODES = {
    "order_status": "PENDING CONFIRMED DISPATCHED COMPLETED CANCELLED REJECTED RETURNED UNKNOWN",
    "payment_kind": "COD PREPAID NONE UNKNOWN",
    "payment_method": "CARD MOBILE_MONEY BANK_TRANSFER WALLET CASH_ON_DELIVERY OTHER UNKNOWN",
    "payment_status": "PENDING SUCCESS FAILED REFUNDED UNKNOWN",
    "product_status": "ACTIVE INACTIVE DRAFT UNKNOWN",
    "vendor_status": "PENDING APPROVED REJECTED SUSPENDED UNKNOWN",
    "shipment_status": "PENDING IN_TRANSIT DELIVERED FAILED RETURNED UNKNOWN",
    "return_status": "PENDING APPROVED REJECTED COMPLETED UNKNOWN",
    "ticket_status": "OPEN PENDING CLOSED UNKNOWN",
    "application_status": "PENDING APPROVED REJECTED UNKNOWN",
    "payout_status": "PENDING PROCESSING PAID FAILED CANCELLED UNKNOWN",
    "gender": "FEMALE MALE OTHER UNKNOWN",
    "user_role": "CUSTOMER VENDOR ADMIN SUPPORT DELIVERY ANALYST UNKNOWN",
    "customer_kind": "PRIVATE BUSINESS UNKNOWN",
    "customer_segment": "CHAMPION LOYAL NEW AT_RISK LOST NO_ORDER UNKNOWN",
}
_ORDERING = {Operator.LT, Operator.LE, Operator.GT, Operator.GE}


def refusals(question: Question, principal: Principal, policies: Policies) -> set[Refusal]:
    """The errors that would be right; none where the question has an answer."""
    unknown = set(_unknown_names(question))
    if unknown:  # nothing more can be said of names that mean nothing
        return unknown | {InvalidFilter, Denied, NotGroupable}
    return {
        *_denials(question, principal, policies),
        *_groupings(question),
        *_impossible(question),
        *_without_period(question),
        *(error for wanted in question.filters for error in _unfit(wanted)),
    }


def _is_dimension(name: str) -> bool:
    return name in GRAINS or name in DIMENSIONS or (name.endswith("_id") and name[:-3] in LABELS)


def _unknown_names(question: Question) -> Iterator[Refusal]:
    if not set(question.metrics) <= set(METRICS):
        yield UnknownName
    if not all(map(_is_dimension, (*question.by, *(wanted.dimension for wanted in question.filters)))):
        yield UnknownName


def _asked(question: Question) -> list[str]:
    return [ALIASES.get(name, (name,))[0] for name in question.metrics]


def _leaves(question: Question) -> set[Leaf]:
    return set().union(*(leaves(name) for name in _asked(question)))


def _used(question: Question) -> list[str]:
    named = (*grouping(question)[0], *(wanted.dimension for wanted in question.filters))
    return [name for name in named if name not in GRAINS]


def _grains(question: Question) -> list[str]:
    by, grain = grouping(question)
    grains = [name for name in by if name in GRAINS]
    return grains if grain is None or grain.value in by else [grain.value, *grains]


def _denials(question: Question, principal: Principal, policies: Policies) -> Iterator[Refusal]:
    for name in set().union(*(components(name) for name in _asked(question))):
        if not policies.may_use_metric(principal.role, name):
            yield Denied
    for name in _used(question):
        dimension, bare = dimension_of(name)
        if not policies.may_use_dimension(principal.role, SYNONYMS.get(dimension, dimension)):
            yield Denied
        if dimension == "customer" and not bare and principal.role in {Role.ANALYST, Role.SUPPORT}:
            yield Denied


def _groupings(question: Question) -> Iterator[Refusal]:
    found = _leaves(question)
    for name in _used(question):
        dimension, _ = dimension_of(name)
        if not all(reaches(leaf, dimension) for leaf in found):
            yield NotGroupable
        if all(dimension in atom_of(leaf.atom).same for leaf in found):
            yield NotGroupable
    is_timed = bool(_grains(question)) or any(each.dimension in GRAINS for each in question.filters)
    if is_timed and any(atom_of(leaf.atom).day is None for leaf in found):
        yield NotGroupable
    for leaf in found:
        for number in {wanted.either for wanted in question.filters} - {None}:
            same = {wanted.dimension in atom_of(leaf.atom).same
                    for wanted in question.filters if wanted.either == number}  # fmt: skip
            if len(same) > 1:
                yield NotGroupable


def _impossible(question: Question) -> Iterator[Refusal]:
    by, grain = grouping(question)
    names = [*_grains(question)]
    for name in by:
        if name not in GRAINS:
            names += [f"{name}_id", name] if name in LABELS else [name]
    columns = [*names, *question.metrics]
    if question.compare:
        columns += [f"{name}__previous" for name in question.metrics]
    timed = [wanted for wanted in question.filters if wanted.dimension in GRAINS]
    dates = {"first_order_date", "last_order_date"}
    wrong = (
        len(set(_grains(question))) > 1
        or len(set(columns)) < len(columns)
        or not question.metrics
        or (question.limit is not None and question.limit < 1)
        or (question.fill and grain is None and not _grains(question))
        or (question.compare and bool(timed))
        or (question.compare and question.days is None and any(
            leaf.span is None and atom_of(leaf.atom).day is not None for leaf in _leaves(question)))
        or any(having.metric in dates for having in question.having)
    )  # fmt: skip
    if wrong:
        yield InvalidFilter
    if question.order_by is not None and question.order_by.removeprefix("-") not in columns:
        yield UnknownName
    if not {having.metric for having in question.having} <= set(question.metrics):
        yield UnknownName


def _without_period(question: Question) -> Iterator[Refusal]:
    grains = _grains(question)
    for leaf in _leaves(question):
        held = leaf.back or atom_of(leaf.atom).of_period
        if held and leaf.span is None and question.days is None and not grains:
            yield InvalidFilter
        if leaf.back and not grains and any(wanted.dimension in GRAINS for wanted in question.filters):
            yield InvalidFilter


def _unfit(wanted: Filter) -> Iterator[Refusal]:
    if wanted.dimension in GRAINS:
        target: Grain | str = GRAINS[wanted.dimension]
        kind = "month"
    else:
        target, bare = dimension_of(wanted.dimension)
        kind = "entity" if bare else DIMENSIONS[target][0]
    if wanted.operator in _ORDERING and kind not in {"number", "month", "months"}:
        yield InvalidFilter
    if len(wanted.values) > 1 and wanted.operator not in {Operator.IN, Operator.NOT_IN}:
        yield InvalidFilter
    for text in wanted.values:
        try:
            value = typed(target, text)
        except (ValueError, KeyError):
            yield InvalidFilter
            continue
        if isinstance(value, date) and not 1900 <= value.year <= 2200:
            yield InvalidFilter
        if kind == "code" and value not in CODES[str(target)].split():
            yield InvalidFilter
