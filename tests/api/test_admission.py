"""However many ask, the engine does few things at once, nobody waits long, nothing is done for nobody."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from amalimart.api.rate_limit import RateLimit
from amalimart.core.abandoning import Wanted, wanted
from amalimart.core.admission import Admission
from amalimart.core.errors import Abandoned, Busy, QueryTooLarge, RateLimited, WarehouseError
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.file.transaction import ReadLimits
from amalimart.web.site import create_site
from tests.api.shop_site import Shop, opened_shop
from tests.web.fake_site import serving

QUERY = "/api/v1/query"
ENDLESS = "select count(*) from range(10000000) a, range(10000000) b where a.range * b.range = -1"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with opened_shop(tmp_path, ReadLimits(seconds=20, at_once=1, waiting=1, wait_seconds=0.2)) as made:
        yield made


@contextmanager
def busy(file: HotFile) -> Iterator[None]:
    """The engine's only turn is taken meanwhile."""
    with file.read():
        yield


def test_who_finds_no_turn_is_told_when_to_try_again(shop: Shop) -> None:
    client = shop.client()
    with busy(shop.file):
        refused = client.post(QUERY, json={"metrics": ["gmv"]})
        exported = client.post(f"{QUERY}?format=csv", json={"metrics": ["gmv"]})
        listed = client.get("/api/v1/dimensions/vendor/values")
        alive = client.get("/api/v1/health")
    for answer in (refused, exported, listed):
        assert answer.status_code == 429
        assert answer.json()["error"]["code"] == "busy"
        assert answer.json()["error"]["retryable"] is True
        assert int(answer.headers["retry-after"]) >= 1
    assert alive.status_code == 200
    assert client.post(QUERY, json={"metrics": ["gmv"]}).status_code == 200


def test_what_was_answered_before_needs_no_turn(shop: Shop) -> None:
    client = shop.client()
    first = client.get(f"{QUERY}?metrics=gmv").json()
    page = client.get("/api/v1/dashboards/executive")
    with busy(shop.file):
        assert client.get(f"{QUERY}?metrics=gmv").json() == first
        assert client.get("/api/v1/dashboards/executive").content == page.content


def test_only_so_many_wait_and_not_for_long() -> None:
    admission = Admission("questions", at_once=2, waiting=3, wait_seconds=5)
    inside, most, go_on = [0], [0], threading.Event()
    lock = threading.Lock()

    def work() -> None:
        with admission.turn():
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            go_on.wait(5)
            with lock:
                inside[0] -= 1

    with ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(work) for _ in range(12)]
        deadline = time.monotonic() + 5
        while sum(each.done() for each in asked) < 7 and time.monotonic() < deadline:
            time.sleep(0.01)
        refused = [each for each in asked if each.done()]
        assert all(isinstance(each.exception(), Busy) for each in refused)
        assert len(refused) == 7
        go_on.set()
    assert sum(each.exception() is None for each in asked) == 5
    assert most[0] == 2


def test_a_question_ends_at_its_time_out_and_the_engine_goes_on(tmp_path: Path) -> None:
    with opened_shop(tmp_path, ReadLimits(seconds=0.3)) as shop, shop.file.read() as transaction:
        began = time.monotonic()
        with pytest.raises(QueryTooLarge, match="longer than"):
            transaction.rows(ENDLESS)
        assert time.monotonic() - began < 5
        assert transaction.rows("select 1").rows == ((1,),)


def test_too_many_rows_are_an_error_of_the_question(tmp_path: Path) -> None:
    with opened_shop(tmp_path, ReadLimits(rows=2)) as shop:
        answer = shop.client().post(QUERY, json={"metrics": ["item_gmv"], "by": ["order_status"]})
        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "query_too_large"


def test_work_that_nobody_waits_for_stops_the_engine(shop: Shop) -> None:
    reader = Wanted()

    def ask() -> None:
        with wanted(reader), shop.file.read() as transaction:
            transaction.rows(ENDLESS)

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        time.sleep(0.3)
        began = time.monotonic()
        while not asked.done() and time.monotonic() - began < 5:
            reader.abandon()
            time.sleep(0.05)
        assert isinstance(asked.exception(), Abandoned)
        assert time.monotonic() - began < 5
    with pytest.raises(Abandoned), wanted(reader), shop.file.read() as transaction:
        transaction.rows("select 1")


def test_a_reader_who_hangs_up_frees_the_turn(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from amalimart.warehouse.file.transaction import Transaction  # noqa: PLC0415

    rows, began, ended = Transaction.rows, threading.Event(), threading.Event()

    def endless(self: Transaction, sql: str, parameters: Any = ()) -> Any:
        del sql, parameters
        began.set()
        try:
            return rows(self, ENDLESS)
        finally:
            ended.set()

    cookie = f"amalimart_session={shop.client().cookies['amalimart_session']}"
    with serving(create_site(shop.services)) as url:
        place = urlsplit(url)
        with monkeypatch.context() as patch:
            patch.setattr(Transaction, "rows", endless)
            with socket.create_connection((place.hostname or "", place.port or 0)) as asking:
                lines = (f"GET {QUERY}?metrics=gmv HTTP/1.1", f"Host: {place.netloc}", f"Cookie: {cookie}")
                asking.sendall("\r\n".join((*lines, "", "")).encode())
                assert began.wait(10)
            assert ended.wait(5), "the engine went on for nobody"
        again = httpx.get(f"{url}{QUERY}?metrics=gmv", headers={"Cookie": cookie})
        assert again.status_code == 200


def test_a_reader_has_a_rate_and_others_have_theirs(shop: Shop) -> None:
    shop.services = replace(shop.services, rate=RateLimit(per_second=0.01, burst=3))
    admin, vendor = shop.client(), shop.client("ama@shop.test")
    assert [admin.get("/api/v1/status").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    refused = admin.get("/api/v1/metrics")
    assert refused.json()["error"]["code"] == "rate_limited"
    assert 90 <= int(refused.headers["retry-after"]) <= 100
    assert vendor.get("/api/v1/status").status_code == 200


def test_a_rate_is_so_many_a_second_over_time_whatever_the_moments() -> None:
    now = [0.0]
    limit = RateLimit(per_second=5, burst=10, now=lambda: now[0])
    let_in = 0
    named: list[float] = []
    for _ in range(1_000):
        now[0] += 0.02
        try:
            limit.take("ama")
            let_in += 1
        except RateLimited as error:
            named.append(error.retry_after_seconds)
    assert all(0 < seconds <= 0.2 for seconds in named)
    assert 100 + 9 <= let_in <= 100 + 11


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened_shop(tmp_path_factory.mktemp("locked")) as made:
        yield made


LOCKED = (
    "attach '/tmp/x.duckdb' as other",
    "copy (select 1) to '/tmp/amalimart-copied.csv'",
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/hostname')",
    "select * from '/etc/passwd'",
    "select * from glob('/etc/*')",
    "set memory_limit = '1GB'",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "reset lock_configuration",
    "pragma database_list_of_files",
    "install httpfs",
    "load httpfs",
    "export database '/tmp/amalimart-exported'",
    "create secret (type s3, key_id 'x', secret 'y')",
    "drop table gold.fact_orders",
    "create table gold.mine as select 1",
    "delete from gold.fact_orders",
)


@pytest.mark.parametrize("statement", LOCKED)
def test_the_engine_under_the_interface_reads_and_nothing_else(locked: Shop, statement: str) -> None:
    """What could be done even by a statement that no plan can be."""
    with locked.file.read() as transaction:
        with pytest.raises(WarehouseError):
            transaction.rows(statement)
        assert transaction.rows("select count(*) > 0 from gold.fact_orders").rows == ((True,),)
