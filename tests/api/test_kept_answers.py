"""A kept answer is given again only while it is still the answer, and only to who may still ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amalimart.access.policies import Policies
from amalimart.access.principal import Principal, Role
from amalimart.core.errors import Abandoned, AmalimartError, Busy
from amalimart.core.flights import Flights
from amalimart.observe.recording import record_with
from amalimart.semantic.answer_cache import AnswerCache
from amalimart.semantic.audited import AuditedSemantic
from amalimart.semantic.question import Question
from amalimart.semantic.service import SemanticService
from tests.api.shop_site import TODAY, Everything, Shop, opened_shop, shop_model, shop_policies
from tests.web.asgi_client import TestClient

QUERY = "/api/v1/query"
SALES = "metrics=item_gmv&by=vendor"
DAYS = "range=custom&from=2024-01-01&to=2024-03-20"
ADMIN = Principal("admin", Role.ADMIN)
DOUBLE = "update gold.fact_order_items set item_amount = item_amount * 2 where vendor_id = '{}'"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with opened_shop(tmp_path) as made:
        yield made


@pytest.fixture
def reads(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A time for each read transaction that is opened."""
    opened: list[float] = []
    read = shop.file._read

    def counted() -> Any:
        opened.append(time.monotonic())
        return read()

    monkeypatch.setattr(shop.file, "_read", counted)
    return opened


def ask(client: TestClient, **headers: str) -> Any:
    return client.get(f"{QUERY}?{SALES}", headers=headers)


def test_the_same_question_is_read_once_and_names_the_release_that_is_served(
    shop: Shop, reads: list[float]
) -> None:
    client = shop.client()
    first = ask(client).json()
    assert ask(client).json() == first
    assert len(reads) == 1
    shop.publish("update gold.fact_tickets set status = 'OPEN'", ["gold.fact_tickets"])
    later = ask(client).json()
    assert len(reads) == 1
    assert later["rows"] == first["rows"]
    assert later["receipt"]["release_id"] == first["receipt"]["release_id"] + 1
    shop.publish(DOUBLE.format("vA"), ["gold.fact_order_items"])
    assert ask(client).json()["rows"] != first["rows"]
    assert len(reads) == 2


def test_a_tag_stays_while_the_answer_does(shop: Shop) -> None:
    client = shop.client()
    tag = ask(client).headers["etag"]
    unchanged = ask(client, **{"If-None-Match": f'"other", {tag}'})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["x-amalimart-release"] == "1"
    shop.publish(DOUBLE.format("vA"), ["gold.fact_order_items"])
    assert ask(client, **{"If-None-Match": tag}).status_code == 200


def test_the_change_of_another_vendor_does_not_show_in_a_tag(shop: Shop) -> None:
    ama, kofi = shop.client("ama@shop.test"), shop.client("kofi@shop.test")
    page = f"/api/v1/dashboards/vendor?{DAYS}"
    paths = (f"{QUERY}?{SALES}", page)
    tags = {path: ama.get(path).headers["etag"] for path in paths}
    others = {path: kofi.get(path).headers["etag"] for path in paths}
    shop.publish(DOUBLE.format("vB"), ["gold.fact_order_items"])
    for path in paths:
        assert ama.get(path, headers={"If-None-Match": tags[path]}).status_code == 304, path
        assert kofi.get(path, headers={"If-None-Match": others[path]}).status_code == 200, path


def tightened() -> Policies:
    """The packaged policies, but that a vendor may ask one metric only."""
    return Policies(
        replace(policy, metrics=frozenset({"return_count"})) if policy.role is Role.VENDOR else policy
        for policy in shop_policies()
    )


def test_a_page_of_which_nothing_has_changed_names_the_release_that_is_served(
    shop: Shop, reads: list[float]
) -> None:
    client = shop.client("ama@shop.test")
    page = f"/api/v1/dashboards/vendor?{DAYS}"
    first = client.get(page)
    count = len(reads)
    shop.publish("update gold.fact_visits set channel = 'x'", ["gold.fact_visits"])
    same = client.get(page, headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.headers["x-amalimart-release"]) == (304, "2")
    assert same.headers["x-amalimart-fresh-as-of"] == shop.published_at.isoformat()
    again = client.get(page).json()
    assert again["release"]["release_id"] == 2
    assert again["tiles"] == first.json()["tiles"]
    assert len(reads) == count


def test_the_list_of_a_filter_comes_with_its_page_and_is_as_new(shop: Shop) -> None:
    client = shop.client()
    page, values = f"/api/v1/dashboards/admin?{DAYS}", "/api/v1/dimensions/category/values"
    first = client.get(page)
    assert first.json()["lists"] == {"category": client.get(values).json()["values"]}
    shop.publish(
        "update gold.dim_categories set category_name = 'Zithers' where category_id = 'k2'",
        ["gold.dim_categories"],
    )
    then = client.get(page, headers={"If-None-Match": first.headers["etag"]})
    assert then.json()["lists"]["category"][-1] == {"key": "k2", "label": "Zithers"}


def test_a_page_lists_nothing_that_its_reader_may_not_group_by(shop: Shop) -> None:
    page = f"/api/v1/dashboards/admin?{DAYS}"
    shop.semantic.govern(
        Policies(
            replace(policy, dimensions=frozenset(shop_model().dimensions) - {"category"})
            if policy.role is Role.ADMIN
            else policy
            for policy in shop_policies()
        )
    )
    for _ in range(2):  # kept, the second time
        answer = shop.client().get(page)
        assert (answer.status_code, answer.json()["lists"]) == (200, {"category": []})


def test_a_list_that_fails_leaves_its_page_which_is_not_kept(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_asked: object) -> None:
        raise Busy("too many ask", next_step="ask again")

    page, client = f"/api/v1/dashboards/admin?{DAYS}", shop.client()
    with monkeypatch.context() as patched:
        patched.setattr(shop.semantic, "values", refuse)
        failed = client.get(page).json()
    assert failed["lists"] == {"category": None}
    assert any(each["status"] == "ok" for each in failed["tiles"])
    assert client.get(page).json()["lists"]["category"]


def vendors_of(client: TestClient, search: str = "") -> Any:
    return client.get(f"/api/v1/dimensions/vendor/values?search={search}")


def test_a_list_of_values_is_read_once_for_each_reader_and_anew_when_its_table_changes(
    shop: Shop, reads: list[float]
) -> None:
    admin, ama = shop.client(), shop.client("ama@shop.test")
    everybody = vendors_of(admin).json()
    assert vendors_of(admin).json() == everybody
    assert len(reads) == 1
    assert [each["key"] for each in vendors_of(ama).json()["values"]] == ["vA"]
    shop.publish("update gold.fact_visits set channel = 'x'", ["gold.fact_visits"])
    assert vendors_of(admin).json() == everybody
    assert len(reads) == 2
    shop.publish(
        "update gold.dim_vendors set vendor_name = 'Zed' where vendor_id = 'vA'", ["gold.dim_vendors"]
    )
    assert "Zed" in [each["label"] for each in vendors_of(admin).json()["values"]]
    assert [each["label"] for each in vendors_of(admin, "zed").json()["values"]] == ["Zed"]
    shop.kept.clear()
    before = len(reads)
    vendors_of(admin)
    assert len(reads) == before + 1


def test_a_value_is_found_by_its_key_however_many_others_are_called_so(shop: Shop) -> None:
    shop.publish(
        "update gold.dim_vendors set vendor_name = 'A vB' where vendor_id = 'vA'", ["gold.dim_vendors"]
    )
    (found,) = shop.semantic.values("vendor", ADMIN, "vB", 1)
    assert found.key == "vB"
    assert [each.key for each in shop.semantic.values("vendor", ADMIN, "vB")] == ["vB", "vA"]


def test_no_list_of_values_outlives_the_right_to_see_it(shop: Shop) -> None:
    ama = shop.client("ama@shop.test")
    assert vendors_of(ama).status_code == 200
    shop.semantic.govern(Policies(each for each in shop_policies() if each.role is not Role.VENDOR))
    assert vendors_of(ama).status_code == 403


def test_no_answer_outlives_the_right_to_ask(shop: Shop) -> None:
    vendor = shop.client("ama@shop.test")
    page = "/api/v1/dashboards/vendor"
    assert ask(vendor).status_code == 200
    assert vendor.get(page).json()["tiles"][0]["status"] == "ok"
    shop.semantic.govern(tightened())
    assert ask(vendor).json()["error"]["code"] == "denied"
    assert vendor.get(f"{QUERY}?{SALES}&format=csv").json()["error"]["code"] == "denied"
    tiles = (
        vendor.get(page).json()["error"] if vendor.get(page).is_error else vendor.get(page).json()["tiles"]
    )
    assert "GHS" not in str(tiles)
    shop.semantic.govern(shop_policies())
    assert ask(vendor).status_code == 200


def test_an_edited_policy_holds_from_the_next_request(shop: Shop) -> None:
    """Whatever was kept, of an answer, a page, a list or a tag, under the policy of before."""
    in_force = [shop_policies()]
    audited = AuditedSemantic(shop.semantic, in_force[0], shop, shop.services.clock, lambda: in_force[0])
    shop.services = replace(shop.services, semantic=audited)
    vendor, worker = shop.client("ama@shop.test"), shop.client("swift@shop.test")
    page, values = f"/api/v1/dashboards/vendor?{DAYS}", "/api/v1/dimensions/product/values"
    tag, work = ask(vendor).headers["etag"], worker.get("/api/v1/work").headers["etag"]
    assert worker.get("/api/v1/work", headers={"If-None-Match": work}).status_code == 304
    shown = vendor.get(page)
    assert vendor.get(values).status_code == 200
    in_force[0] = shop_policies().closing([Role.VENDOR, Role.DELIVERY])
    assert ask(vendor, **{"If-None-Match": tag}).status_code == 403
    assert vendor.get(values).status_code == 403
    closed = vendor.get(page, headers={"If-None-Match": shown.headers["etag"]})
    assert closed.status_code != 304
    assert not any(tile["status"] == "ok" for tile in closed.json().get("tiles", ()))
    assert worker.get("/api/v1/work", headers={"If-None-Match": work}).status_code != 304
    in_force[0] = shop_policies()
    assert vendor.get(page).headers["etag"] == shown.headers["etag"]


def test_a_revoked_user_is_refused_whatever_was_kept(shop: Shop) -> None:
    vendor = shop.client("ama@shop.test")
    tag = ask(vendor).headers["etag"]
    shop.services.control.users.update("ama@shop.test", enabled=False)
    assert ask(vendor).status_code == 401
    assert ask(vendor, **{"If-None-Match": tag}).status_code == 401


def test_who_asks_the_same_at_once_waits_for_one_answer(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    read, opened = shop.file._read, []

    def slow() -> Any:
        opened.append(1)
        time.sleep(0.3)
        return read()

    monkeypatch.setattr(shop.file, "_read", slow)
    question = Question(("item_gmv",), TODAY)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: shop.semantic.ask(question, ADMIN), range(12)))
    assert len(opened) == 1
    assert all(answer == answers[0] for answer in answers)


def test_work_that_was_given_up_is_done_by_one_of_the_others() -> None:
    flights: Flights[int] = Flights()
    began, go_on = threading.Event(), threading.Event()
    done: list[str] = []

    def given_up() -> int:
        began.set()
        go_on.wait(5)
        raise Abandoned("nobody waits")

    def worked() -> int:
        done.append("once")
        time.sleep(0.1)
        return 7

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(flights.run, "key", given_up)
        began.wait(5)
        others = [pool.submit(flights.run, "key", worked) for _ in range(3)]
        time.sleep(0.1)
        go_on.set()
        assert [other.result(5) for other in others] == [7, 7, 7]
        with pytest.raises(Abandoned):
            first.result(5)
    assert done == ["once"]


def test_an_error_is_the_answer_to_all_who_wait() -> None:
    flights: Flights[int] = Flights()

    def failing() -> int:
        time.sleep(0.1)
        raise AmalimartError("it cannot be")

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(flights.run, "key", failing) for _ in range(4)]:
            with pytest.raises(AmalimartError, match="it cannot be"):
                each.result(5)
    assert flights._under_way == {}


def test_memory_stays_within_its_bound_and_the_least_used_goes_first(shop: Shop) -> None:
    kept = AnswerCache(shop.file, 100_000)
    service = SemanticService(shop_model(), shop_policies(), shop.file, Everything(), kept)
    often = Question(("item_gmv",), TODAY)
    for day in range(120):
        service.ask(often, ADMIN)
        service.ask(Question(("item_gmv",), TODAY - timedelta(days=day), by=("vendor",)), ADMIN)
        assert kept._kept.taken <= 100_000
    assert 3 < len(kept._kept._entries) < 120
    assert kept.found(service._preparer.prepared(often, ADMIN, None).asked, kept.published()) is not None


def test_hits_and_misses_are_counted(shop: Shop) -> None:
    counted: list[tuple[str, str]] = []

    class Counting:
        def add(self, counter: str, amount: float, labels: dict[str, str]) -> None:
            del amount
            if counter == "amalimart_cache_lookups_total" and labels["cache"] in {"answer", "page"}:
                counted.append((labels["cache"], labels["result"]))

        def __getattr__(self, name: str) -> Callable[..., Any]:
            from amalimart.observe.recording import _NOBODY  # noqa: PLC0415

            return getattr(_NOBODY, name)  # type: ignore[no-any-return]

    client = shop.client()
    record_with(Counting())  # type: ignore[arg-type]
    try:
        ask(client)
        ask(client)
        client.get("/api/v1/dashboards/vendor")
        client.get("/api/v1/dashboards/executive")
        client.get("/api/v1/dashboards/executive")
    finally:
        record_with(None)
    assert counted[:2] == [("answer", "miss"), ("answer", "hit")]
    assert [result for cache, result in counted if cache == "page"][-2:] == ["miss", "hit"]


CHANGES = {
    "gold.fact_order_items": "update gold.fact_order_items set item_amount = item_amount + {}",
    "gold.fact_orders": "update gold.fact_orders set total_amount = total_amount + {}",
    "gold.dim_vendors": "update gold.dim_vendors set vendor_name = 'name {}' where vendor_id = 'vA'",
    "gold.fact_tickets": "update gold.fact_tickets set status = 'state {}'",
}
QUESTIONS = tuple(
    Question(metrics, TODAY, by=by)
    for metrics, by in (
        (("item_gmv",), ()),
        (("item_gmv",), ("vendor",)),
        (("gmv", "order_count"), ("order_status",)),
        (("item_gmv", "gmv"), ()),
        (("ticket_count",), ("ticket_status",)),
    )
)
PRINCIPALS = (
    ADMIN,
    Principal("ama", Role.VENDOR, vendor_ids=frozenset({"vA"})),
    Principal("b", Role.ANALYST),
)
STEPS = st.lists(
    st.one_of(
        st.sampled_from(sorted(CHANGES)),
        st.sampled_from([True, False]),
        st.tuples(st.sampled_from(QUESTIONS), st.sampled_from(PRINCIPALS)),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, SemanticService]]:
    """A shop whose service keeps answers, and a service over the same file that keeps none."""
    with opened_shop(tmp_path_factory.mktemp("kept")) as shop:
        yield shop, SemanticService(shop_model(), shop_policies(), shop.file, Everything())


@settings(max_examples=12)
@given(steps=STEPS)
def test_a_service_that_keeps_answers_says_what_one_says_that_keeps_none(
    both: tuple[Shop, SemanticService], steps: list[Any]
) -> None:
    shop, forgetful = both
    for step in [*steps, True, False]:
        if isinstance(step, bool):
            for service in (shop.semantic, forgetful):
                service.govern(tightened() if step else shop_policies())
            continue
        if isinstance(step, str):
            shop.publish(CHANGES[step].format(shop.release_id), [step])
            continue
        question, principal = step
        for asked in ([question], QUESTIONS[:3]):
            answers = shop.semantic.ask_all(asked, principal)
            assert list(map(told, answers)) == list(map(told, forgetful.ask_all(asked, principal)))


def told(answer: Any) -> Any:
    return str(answer) if isinstance(answer, AmalimartError) else answer


def test_a_view_is_as_new_as_the_newest_table_it_reads(shop: Shop) -> None:
    shop.publish(
        "create view gold.over as with steps as (select * from gold.fact_orders)"
        " select * from steps join gold.dim_vendors as v on true;"
        " create view gold.over_that as select count(*) as n from gold.over;"
        " create view gold.of_now as select * from meta.run_context;"
        " create table gold.unknown as select 1 as one",
        [],
    )
    shop.publish("select 1", ["gold.dim_vendors"])
    shop.publish("select 1", ["gold.fact_tickets"])
    expected = {
        "gold.over": 3,
        "gold.over_that": 3,
        "gold.fact_orders": 1,
        "gold.dim_vendors": 3,
        "gold.of_now": 4,
        "gold.unknown": 4,
    }
    assert dict(shop.file.published().versions(expected)) == expected
