"""The release that a question names: the current one is answered, every other is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from amalimart.access.principal import Principal, Role
from amalimart.core.errors import AmalimartError, ReleaseNotKept, UnknownRelease
from amalimart.semantic.answer import Answer
from amalimart.semantic.question import Question
from amalimart.semantic.service import SemanticService
from tests.api.shop_site import TODAY, Everything, Shop, opened_shop, shop_model, shop_policies

QUERY = "/api/v1/query"
ADMIN = Principal("admin", Role.ADMIN)
SALES = Question(("item_gmv",), TODAY, by=("vendor",))
DOUBLE = "update gold.fact_order_items set item_amount = item_amount * 2"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with opened_shop(tmp_path) as made:
        made.publish(DOUBLE, ["gold.fact_order_items"])
        made.publish(DOUBLE, ["gold.fact_order_items"])
        yield made


@pytest.mark.parametrize("form", ["json", "csv", "arrow"])
def test_at_every_door_the_current_release_is_answered_and_no_other(shop: Shop, form: str) -> None:
    client, now = shop.client(), shop.release_id

    def asked(as_of: object) -> list[Any]:
        body = {"metrics": ["item_gmv"], "by": ["vendor"], "as_of": as_of}
        address = f"{QUERY}?metrics=item_gmv&by=vendor&as_of={as_of}&format={form}"
        return [client.get(address), client.post(f"{QUERY}?format={form}", json=body)]

    plain = client.get(f"{QUERY}?metrics=item_gmv&by=vendor&format={form}")
    for answer in (*asked(now), *asked("current")):
        assert (answer.status_code, answer.content) == (200, plain.content)
    for as_of, status, code in ((now - 1, 410, "release_not_kept"), (now + 1, 404, "unknown_release")):
        for refused in asked(as_of):
            error = refused.json()["error"]
            assert (refused.status_code, error["code"], error["nearest"]) == (status, code, str(now))
            assert (
                f"current release, which is {now}" in error["what"]
                or f"the current one is {now}" in error["what"]
            )
    for wrong in (0, -1, 1.5, "yesterday", 10**30):
        for refused in asked(wrong):
            assert (refused.status_code, refused.json()["error"]["code"]) == (400, "query_invalid"), wrong


def test_a_kept_answer_is_of_the_release_that_is_named(shop: Shop) -> None:
    then = shop.release_id
    named = replace(SALES, as_of=then)
    first = shop.semantic.ask(named, ADMIN)
    assert shop.semantic.ask(SALES, ADMIN) == first
    shop.publish("update gold.fact_tickets set status = 'OPEN'", ["gold.fact_tickets"])
    (same, refused) = shop.semantic.ask_all([SALES, named], ADMIN)
    assert isinstance(same, Answer)
    assert same.rows == first.rows
    assert isinstance(refused, ReleaseNotKept)
    with pytest.raises(ReleaseNotKept):
        shop.semantic.ask(named, ADMIN)
    assert shop.semantic.ask(replace(named, as_of=shop.release_id), ADMIN).receipt.release_id == then + 1


class PublishesWhileItOpens:
    """A release is published after a question was planned, and before it is read."""

    def __init__(self, shop: Shop, before: int) -> None:
        self._shop = shop
        self._before = before

    @contextmanager
    def read(self) -> Iterator[Any]:
        self._before -= 1
        if self._before < 0:
            self._shop.publish(DOUBLE, ["gold.fact_order_items"])
        with self._shop.file.read() as transaction:
            yield transaction


def _streamed(service: SemanticService, question: Question) -> Answer:
    with service.stream(question, ADMIN, 10):
        raise AssertionError("it was answered")


ASKING: list[Callable[[SemanticService, Question], object]] = [
    lambda service, question: service.ask(question, ADMIN),
    _streamed,
]


@pytest.mark.parametrize("ask", ASKING)
def test_a_release_that_is_overtaken_while_it_is_asked_is_refused(
    shop: Shop, ask: Callable[[SemanticService, Question], object]
) -> None:
    reader = PublishesWhileItOpens(shop, before=1)
    service = SemanticService(shop_model(), shop_policies(), reader, Everything())
    with pytest.raises(ReleaseNotKept):
        ask(service, replace(SALES, as_of=shop.release_id))


def test_who_may_not_ask_learns_no_more_by_naming_a_release(shop: Shop) -> None:
    vendor = Principal("ama", Role.VENDOR, vendor_ids=frozenset({"vA"}))
    plain, named = shop.semantic.ask_all(
        [Question(("gmv",), TODAY), Question(("gmv",), TODAY, as_of=99)], vendor
    )
    assert isinstance(plain, AmalimartError)
    assert (type(named), str(named)) == (type(plain), str(plain))
    assert not isinstance(named, UnknownRelease)
