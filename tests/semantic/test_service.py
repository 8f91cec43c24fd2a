"""One transaction for many questions, cached plans without values, and pickers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from amalimart.core.calendar import DayRange
from amalimart.core.errors import AmalimartError, InvalidFilter, NotGroupable, UnknownName
from amalimart.semantic.answer import Answer
from amalimart.semantic.question import Question
from amalimart.semantic.question_text import parse_filters

if TYPE_CHECKING:
    from datetime import date

    from amalimart.access.principal import Principal
    from tests.semantic.conftest import Shop


def test_all_questions_of_a_page_are_answered_from_one_release(
    shop: Shop, principals: dict[str, Principal], model_day: date
) -> None:
    questions = [Question((name,), model_day) for name in ("gmv", "nope", "order_count")]
    questions.append(Question(("gmv",), model_day, by=("vendor",)))
    answers = shop.service.ask_all(questions, principals["admin"])
    assert shop.reader.opened == 1
    assert [type(answer) for answer in answers] == [Answer, UnknownName, Answer, NotGroupable]
    assert {answer.receipt.release_id for answer in answers if isinstance(answer, Answer)} == {7}


def test_plans_are_shared_by_questions_that_differ_in_values_only(
    shop: Shop, principals: dict[str, Principal]
) -> None:
    def ask(text: str, first: str, principal: Principal) -> Answer:
        return shop.ask(
            "item_gmv", by="month", where=text, days=(first, "2024-03-20"), limit=3, principal=principal
        )

    a, b = principals["vendor_a"], principals["vendor_b"]
    first = ask("product = Phone", "2024-01-01", a)
    second = ask("product = Charger", "2024-01-02", b)
    assert shop.reader.log[0] == shop.reader.log[1]
    assert (first.rows[0][1], second.rows[0][1]) != (None, None)
    assert first.rows != second.rows


def test_no_value_of_the_user_reaches_the_sql(shop: Shop) -> None:
    shop.ask(
        "item_gmv",
        by="vendor",
        where="product = 'x'' or 1=1' and order_status = COMPLETED and day >= 2024-02-03",
    )
    (sql,) = shop.reader.log
    for text in ("1=1", "COMPLETED", "2024"):
        assert text not in sql


def test_a_denied_or_broken_question_runs_nothing(shop: Shop, principals: dict[str, Principal]) -> None:
    for how in ({"metric": "gmv", "principal": principals["vendor_a"]}, {"metric": "nope"}):
        with pytest.raises(AmalimartError):
            shop.one(**how)
    assert shop.reader.log == []


def test_pickers_search_in_labels_of_any_case_and_find_a_key(
    shop: Shop, principals: dict[str, Principal]
) -> None:
    admin = principals["admin"]
    assert shop.service.values("vendor", admin, "SHOP") == (("vA", "Ama's Shop"),)
    assert ("vB", "Kofi & Sons, Ltd") in shop.service.values("vendor", admin, "vB")
    assert shop.service.values("vendor", admin, "%") == ()
    assert shop.service.values("vendor", admin, limit=1) == (("vA", "Ama's Shop"),)
    assert shop.service.values("channel", admin, "unk") == (("Unknown", "Unknown"),)
    with pytest.raises(InvalidFilter):
        shop.service.values("month", admin)
    with pytest.raises(UnknownName):
        shop.service.values("vendr", admin)


def test_the_receipt_names_the_definition(shop: Shop) -> None:
    receipt = shop.ask("item_gmv", "take_rate").receipt
    assert [metric.name for metric in receipt.metrics] == ["total_revenue", "take_rate"]
    assert all(metric.version == 1 and metric.basis for metric in receipt.metrics)
    assert [metric.hash for metric in receipt.metrics] == [
        shop.model.metrics[metric.name].definition_hash for metric in receipt.metrics
    ]
    assert len({metric.definition_hash for metric in shop.model.metrics.values()}) == len(shop.model.metrics)


def test_a_metric_lists_what_it_may_be_grouped_by(shop: Shop, principals: dict[str, Principal]) -> None:
    admin = {info.name: info for info in shop.service.metrics(principals["admin"])}
    assert {"vendor", "category", "order_status"} <= set(admin["total_revenue"].dimensions)
    assert "vendor" not in admin["gmv"].dimensions
    assert admin["total_revenue"].aliases == ("item_gmv", "category_revenue")
    vendor = {info.name: info for info in shop.service.metrics(principals["vendor_a"])}
    assert "customer" not in vendor["total_revenue"].dimensions


@pytest.mark.parametrize(
    "question",
    [
        {"metrics": ()},
        {"metrics": ("gmv",), "limit": 0},
        {"metrics": ("gmv",), "by": ("month", "day")},
        {"metrics": ("gmv", "gmv")},
        {"metrics": ("gmv",), "by": ("order_status", "order_status")},
        {"metrics": ("gmv",), "fill": True},
        {"metrics": ("gmv",), "compare": True},
        {"metrics": ("gmv",) * 31},
    ],
)
def test_impossible_questions_are_refused(
    shop: Shop, principals: dict[str, Principal], model_day: date, question: dict[str, tuple[str, ...]]
) -> None:
    with pytest.raises(InvalidFilter):
        shop.service.ask(Question(today=model_day, **question), principals["admin"])  # type: ignore[arg-type]


def test_comparing_under_a_filter_on_time_is_refused(
    shop: Shop, principals: dict[str, Principal], model_day: date
) -> None:
    question = Question(
        ("gmv",),
        model_day,
        days=DayRange(model_day, model_day),
        filters=parse_filters("month = 2024-03"),
        compare=True,
    )
    with pytest.raises(InvalidFilter, match="nothing to compare"):
        shop.service.ask(question, principals["admin"])
