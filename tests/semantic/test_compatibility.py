"""What a chooser is told of fields is what planning the question would say, for every role."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest

from amalimart.access.principal import Principal, Role
from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import AmalimartError
from amalimart.semantic.question import Question
from amalimart.semantic.service import SemanticService
from tests.api.shop_site import Everything, shop_model, shop_policies

DAYS = DayRange(date(2024, 1, 1), date(2024, 3, 20))
NO_READER = cast(Any, None)  # nothing is read: planning is enough
ROLES = [role for role in Role if role is not Role.SERVICE]


@pytest.fixture(scope="module")
def service() -> SemanticService:
    return SemanticService(shop_model(), shop_policies(), NO_READER, Everything())


def asked(*metrics: str, by: tuple[str, ...] = (), grain: Grain | None = None) -> Question:
    return Question(metrics=metrics, today=DAYS.last, by=by, grain=grain, days=DAYS)


def is_planned(service: SemanticService, question: Question, person: Principal) -> bool:
    try:
        service.plan(question, person)
    except AmalimartError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_a_verdict_is_what_planning_says(service: SemanticService, role: Role) -> None:
    person = Principal("x", role, vendor_ids=frozenset({"vA"}), delivery_partner_ids=frozenset({"d1"}))
    verdicts = {True: 0, False: 0}
    for metric in [each.name for each in service.metrics(person)][::17]:
        found = service.compatible(asked(metric), person)
        assert found.trouble is None
        tried = [(asked(metric, by=(each.name,)), each) for each in found.dimensions]
        tried += [(asked(metric, grain=Grain(each.name)), each) for each in found.grains]
        for question, verdict in tried:
            fits = verdict.refusal is None
            assert is_planned(service, question, person) is fits, (question, verdict)
            verdicts[fits] += 1
    assert verdicts[True] > 10
    assert verdicts[False] > 0 or role is Role.DELIVERY  # whose dimensions fit all of its metrics


def test_without_metrics_any_dimension_fits_and_metrics_are_held_against_the_groups(
    service: SemanticService,
) -> None:
    admin = Principal("x", Role.ADMIN)
    found = service.compatible(asked(by=("vendor",)), admin)
    assert found.trouble is None
    assert all(each.refusal is None for each in (*found.dimensions, *found.grains))
    verdicts = {each.name: each.refusal for each in found.metrics}
    assert verdicts["total_revenue"] is None
    refusal = verdicts["gmv"]
    assert refusal is not None
    assert refusal.code == "not_groupable"


def test_a_question_in_trouble_says_so_and_its_metrics_still_have_what_fits_them(
    service: SemanticService,
) -> None:
    admin = Principal("x", Role.ADMIN)
    found = service.compatible(asked("gmv", by=("vendor",)), admin)
    assert found.trouble is not None
    assert found.trouble.nearest == "item_gmv"
    verdicts = {each.name: each.refusal for each in found.dimensions}
    assert verdicts["order_status"] is None
    assert verdicts["vendor"] is None  # it can be taken off
    assert verdicts["category"] is not None
