"""What the audit is told of questions: how they ended, and nothing that was filtered by or searched for."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from amalimart.access.audit_record import Asked, Outcome
from amalimart.access.principal import Principal
from amalimart.core.clock import FixedClock
from amalimart.core.errors import AuditUnavailable, Denied, InvalidFilter, UnknownName
from amalimart.observe.spans import REQUEST
from amalimart.observe.work import working
from amalimart.semantic.answer import Answer
from amalimart.semantic.audited import AuditedSemantic
from amalimart.semantic.question import Filter, Operator, Question
from tests.semantic.conftest import ADMIN, TODAY, VENDOR_A, VENDOR_B, Shop

NOW = datetime(2024, 3, 20, 9, tzinfo=UTC)
CANARY = "0244-123-456"


class Kept(list[Asked]):
    """Remembers what it is told, or cannot."""

    is_full = False

    def record(self, asked: Asked) -> None:
        if self.is_full:
            raise AuditUnavailable("no")
        self.append(asked)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def audited(shop: Shop, kept: Kept) -> AuditedSemantic:
    return AuditedSemantic(shop.service, shop.policies, kept, FixedClock(NOW))


def _question(*metrics: str, **more: object) -> Question:
    return Question(metrics, TODAY, **more)  # type: ignore[arg-type]


def test_an_answer_is_recorded_with_its_policy_release_and_shape(
    audited: AuditedSemantic, kept: Kept, shop: Shop
) -> None:
    condition = Filter("vendor", Operator.IN, ("vA", "vB"))
    with working(REQUEST, "page"):
        audited.ask(_question("item_gmv", by=("product",), filters=(condition,), limit=3), VENDOR_A)
    (told,) = kept
    assert (told.subject, told.role, told.door, told.kind, told.at) == ("ama", "vendor", "web", "query", NOW)
    assert (told.outcome, told.release_id, told.errors) == (Outcome.ANSWERED, 7, ())
    assert told.policy == shop.policies.fingerprint(VENDOR_A.role)
    assert told.shape == {
        "questions": [
            {"metrics": ["item_gmv"], "by": ["product"], "filters": [["vendor", "in", 2]], "limit": True}
        ]
    }


@pytest.mark.parametrize(
    ("question", "reader", "error", "outcome"),
    [
        (_question("gmv"), VENDOR_A, Denied, Outcome.DENIED),
        (_question("gmw"), ADMIN, UnknownName, Outcome.REFUSED),
        (_question("gmv", limit=0), ADMIN, InvalidFilter, Outcome.REFUSED),
    ],
)
def test_what_is_not_answered_is_recorded_too(
    audited: AuditedSemantic,
    kept: Kept,
    question: Question,
    reader: Principal,
    error: type[Exception],
    outcome: Outcome,
) -> None:
    with pytest.raises(error):
        audited.ask(question, reader)
    assert [(told.outcome, told.release_id) for told in kept] == [(outcome, None)]


def test_a_page_is_one_record_that_says_what_of_it_was_denied(audited: AuditedSemantic, kept: Kept) -> None:
    first, second = audited.ask_all([_question("item_gmv"), _question("gmv")], VENDOR_B)
    assert isinstance(first, Answer)
    assert isinstance(second, Denied)
    (told,) = kept
    assert (told.kind, told.outcome, told.errors, told.release_id) == ("page", Outcome.DENIED, ("denied",), 7)
    audited.told_again([_question("item_gmv")], VENDOR_B, 7)
    assert (kept[1].outcome, kept[1].release_id) == (Outcome.ANSWERED, 7)


def test_no_value_and_no_unknown_name_is_handed_on(audited: AuditedSemantic, kept: Kept) -> None:
    """Whatever is put where a name belongs may be somebody's number."""
    for question in (
        _question("gmv", filters=(Filter("vendor", Operator.EQ, (CANARY,)),)),
        _question("gmv", filters=(Filter(CANARY, Operator.EQ, ("1",)),)),
        _question("gmv", by=(CANARY,)),
        _question("gmv", order_by=CANARY),
        _question("gmv", order_by=f"-{CANARY}__previous"),
        _question(CANARY),
    ):
        audited.ask_all([question], ADMIN)
    audited.values("vendor", ADMIN, search=CANARY)
    with pytest.raises(UnknownName):
        audited.values(CANARY, ADMIN)
    assert len(kept) == 8
    assert CANARY not in json.dumps([[told.shape, told.errors] for told in kept])
    assert kept[-2].shape == {"values": "vendor", "searched": True}


@pytest.mark.parametrize("reader", [ADMIN, VENDOR_A])
def test_who_cannot_be_recorded_gets_neither_answer_nor_error(
    audited: AuditedSemantic, kept: Kept, reader: Principal
) -> None:
    kept.is_full = True
    for ask in (
        lambda: audited.ask(_question("gmv"), reader),
        lambda: audited.ask_all([_question("gmv")], reader),
        lambda: audited.values("vendor", reader),
    ):
        with pytest.raises(AuditUnavailable):
            ask()


def test_another_policy_has_another_fingerprint(shop: Shop) -> None:
    found = [shop.policies.fingerprint(policy.role) for policy in shop.policies]
    assert len(set(found)) == len(found)
    assert all(found)
