"""Whoever reads while releases are published sees one release: facts, datasets, accounts and answers agree.

One reader asks several relations in one read transaction, one is a client of the HTTP interface. What they
saw is held against what was right at the position of the release they name, counted over the lake's files.
"""

from __future__ import annotations

import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
import uvicorn

from amalimart.api.app import create_app
from amalimart.config.source_settings import SourceSettings
from amalimart.control.store import open_control_store
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.project.init import add_source, init_project
from amalimart.orchestrate.releases.refresh_loop import RefreshLoop
from amalimart.processes.services import OPERATOR, build_services
from tests.warehouse.accounts_by_hand import Account, Books, published_accounts, told_apart
from tests.warehouse.rendered_project import rendered_graph
from tests.warehouse.whole_shop import SOURCE, ZONE, WholeShop, mapping_yaml, opened_in

QUESTION = {
    "metrics": ["gmv", "order_count"],
    "by": ["currency"],
    "grain": "day",
    "from": "2025-01-01",
    "to": "2026-12-31",
}


@dataclass
class Seen:
    """What the readers were told, by release; and what did not agree with itself."""

    accounts: dict[int, dict[str, Account]] = field(default_factory=dict)
    answers: dict[int, tuple[int, Decimal]] = field(default_factory=dict)
    trouble: list[object] = field(default_factory=list)
    reads: int = 0
    requests: int = 0


@contextmanager
def a_shop_in(home: Path) -> Iterator[tuple[WholeShop, Engine]]:
    """A project folder of a whole shop, and its engine."""
    project = init_project(home, time_zone=ZONE)
    (home / "sources" / f"{SOURCE}.yml").write_text(mapping_yaml())
    (home / "drops").mkdir()
    folder = home / "drops"
    project = add_source(project, SOURCE, SourceSettings(kind="files", mapping=SOURCE, folder=folder))
    opened_in(home / "data")
    shop = WholeShop(home / "data", has_hot_file=False)
    patch = pytest.MonkeyPatch()
    # As the shop was opened: dbt, which compiles the same, would take longer than several batches.
    patch.setattr(
        "amalimart.orchestrate.engine.compile_project",
        lambda made, found, _cache, settings: rendered_graph(made, found, settings),
    )
    engine = Engine(project, shop.clock)
    shop.lake = engine.lake
    try:
        yield shop, engine
    finally:
        patch.undo()
        engine.close()


@contextmanager
def served(engine: Engine, shop: WholeShop) -> Iterator[httpx.Client]:
    """The JSON interface over the engine, on a free port."""
    control = open_control_store(engine.project.control_database, shop.clock)
    services = build_services(engine.project, engine, RefreshLoop(engine), control, shop.clock)
    app = create_app(services, local_operator=OPERATOR)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                thread.join(0.02)
            address = f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"
            with httpx.Client(base_url=address, timeout=60) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()
            control.close()


@contextmanager
def over_and_over(*reads: Callable[[], None], trouble: list[object]) -> Iterator[None]:
    """Each read in a thread of its own, again and again until the block ends."""
    ended = threading.Event()

    def go_on(read: Callable[[], None]) -> None:
        while not ended.is_set():
            try:
                read()
            except Exception as error:  # noqa: BLE001 - told by the test, not lost in a thread
                trouble.append(error)
                return
            ended.wait(0.05)

    threads = [threading.Thread(target=go_on, args=(read,)) for read in reads]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def read(engine: Engine, seen: Seen) -> None:
    """Several relations in one read transaction."""
    with engine.hot_file.read() as transaction:
        accounts = published_accounts(transaction)
        if apart := told_apart(transaction):
            seen.trouble.append((transaction.release.release_id, apart))
        before = seen.accounts.setdefault(transaction.release.release_id, accounts)
        if before != accounts:
            seen.trouble.append((transaction.release.release_id, before, accounts))
    seen.reads += 1


def ask(client: httpx.Client, seen: Seen) -> None:
    """One question of two metrics by day, over HTTP; and a page, all tiles of which are of one release."""
    answer = client.post("/query", json=QUESTION).raise_for_status().json()
    names = [column["name"] for column in answer["columns"]]
    rows = [dict(zip(names, row, strict=True)) for row in answer["rows"]]
    told = (
        sum(int(row["order_count"]) for row in rows),
        sum((Decimal(row["gmv"]) for row in rows), Decimal(0)),
    )
    release = answer["receipt"]["release_id"]
    if seen.answers.setdefault(release, told) != told:
        seen.trouble.append((release, seen.answers[release], told))
    page = client.get("/dashboards/executive", params={"today": "2026-03-28"}).raise_for_status().text
    releases = set(re.findall(r'"release_id":\s*(\d+)', page))
    if len(releases) != 1:
        seen.trouble.append(("one page", releases))
    seen.requests += 1


def hold(home: Path, batches: int) -> Seen:
    seen = Seen()
    with a_shop_in(home) as (shop, engine):
        published = {1: shop.version}
        with (
            served(engine, shop) as client,
            over_and_over(lambda: read(engine, seen), lambda: ask(client, seen), trouble=seen.trouble),
        ):
            for _ in range(batches):
                shop.sell_a_little()
                report = engine.refresh()
                if report is not None:
                    published[report.release.release_id] = shop.version
        books = Books(shop, shop.version)
        for release in sorted({*seen.accounts, *seen.answers}):
            right = books.at(published[release])
            if seen.accounts.get(release, right) != right:
                seen.trouble.append((release, seen.accounts[release], right))
            orders = (right["orders"].in_fact, Decimal(right["orders"].money))
            if seen.answers.get(release, orders) != orders:
                seen.trouble.append((release, seen.answers[release], orders))
    assert len(published) > batches * 0.9
    assert seen.trouble == []
    return seen


def test_readers_see_one_release_while_others_are_published(tmp_path: Path) -> None:
    seen = hold(tmp_path / "home", batches=3)
    assert min(len(seen.accounts), len(seen.answers)) > 1


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_readers_during_many_batches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    batches = 500 if os.environ.get("AMALIMART_LONG_FAULTS") else 150
    seen = hold(tmp_path / "home", batches=batches)
    assert min(len(seen.accounts), len(seen.answers)) > batches // 5
    with capsys.disabled():
        told = f"{seen.reads} reads, {seen.requests} requests, {len(seen.accounts)} releases seen"
        sys.stdout.write(f"\n{batches} batches: {told}, 0 inconsistencies\n")
