"""Releases told of as OpenLineage events: one beginning and one end a run, and nothing of any row."""

from __future__ import annotations

import errno
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from amalimart.core.errors import AmalimartError, CheckFailed, ModelFailed
from amalimart.orchestrate.openlineage.describing import told_of
from amalimart.orchestrate.openlineage.event_file import EventFile
from amalimart.orchestrate.openlineage.observing import LineageObserver, observe
from amalimart.orchestrate.openlineage.open_runs import OpenRuns
from amalimart.orchestrate.releases.rebuilding import rebuild
from amalimart.warehouse.executor import Executor
from tests.orchestrate.landed_shop import LandedShop, tiny_models
from tests.orchestrate.openlineage_reading import events_in, runs_of


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with tiny_models(tmp_path_factory.mktemp("lineage-models")):
        yield


class ToldShop(LandedShop):
    """A shop whose releases are told of."""

    def __init__(self, home: Path, *, describes: bool = False, **lineage: Any) -> None:
        super().__init__(home)
        self.describes = describes
        if lineage:
            settings = yaml.safe_load((home / "amalimart.yml").read_text())
            (home / "amalimart.yml").write_text(yaml.safe_dump({**settings, "lineage": lineage}))
            self.engine.close()
            self.engine = self.opened()
        observe(self.engine, self.clock, describes=self.describes)

    @property
    def folder(self) -> Path:
        return self.home / "logs" / "openlineage"

    def told(self) -> list[dict[str, Any]]:
        """The events after all that is waiting was written."""
        self.engine.observer.close()
        return events_in(self.folder)

    def reopen(self) -> None:
        self.engine.close()
        self.engine = self.opened()
        observe(self.engine, self.clock, describes=self.describes)


@pytest.fixture
def shop(tmp_path: Path, models: None) -> Iterator[ToldShop]:
    del models
    made = ToldShop(tmp_path / "home")
    made.land(("1", "10"), ("2", "200"))
    yield made
    made.engine.close()


def test_a_release_is_one_run_and_what_has_nothing_to_build_is_none(shop: ToldShop) -> None:
    shop.engine.refresh()
    shop.engine.refresh()
    shop.land(("3", "7"))
    shop.engine.refresh()
    events = shop.told()
    assert list(runs_of(events).values()) == [["START", "COMPLETE"]] * 2
    assert all(kinds == ["START", "COMPLETE"] for kinds in runs_of(events, "release.checks").values())
    first, second = [e for e in events if (e["job"]["name"], e["eventType"]) == ("release", "COMPLETE")]
    assert [e["run"]["facets"]["amalimart_release"]["releaseId"] for e in (first, second)] == [1, 2]
    (source,) = first["inputs"]
    assert source == {
        "namespace": "file",
        "name": f"{shop.home / 'drops'}/orders",
        "facets": {},
        "inputFacets": {},
    }
    rows = {e["name"]: e["outputFacets"]["outputStatistics"]["rowCount"] for e in second["outputs"]}
    assert rows["staging.rows_shop__orders"] == 1
    assert {e["namespace"] for e in second["outputs"]} == {"amalimart://marketplace"}


def test_the_models_of_a_new_project_are_told_with_their_columns_once(
    shop: ToldShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amalimart.orchestrate.openlineage.observing._BEFORE_DESCRIBING_SECONDS", 0.0)
    shop.describes = True
    shop.reopen()
    shop.engine.refresh()
    deadline = time.monotonic() + 60
    while not (shop.home / "run" / "openlineage" / "described").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    shop.land(("3", "7"))
    shop.engine.refresh()
    shop.reopen()
    shop.land(("4", "8"))
    shop.engine.refresh()
    events = shop.told()
    described = [e for e in events if e["job"]["name"] == "model.gold.largest_order"]
    assert [e["eventType"] for e in described] == ["START", "COMPLETE"]
    (output,) = described[1]["outputs"]
    assert [field["name"] for field in output["facets"]["schema"]["fields"]] == ["total_amount"]
    (made_of,) = output["facets"]["columnLineage"]["fields"]["total_amount"]["inputFields"]
    assert (made_of["name"], made_of["field"]) == ("gold.large_orders", "total_amount")
    parents = {e["run"]["facets"]["parent"]["run"]["runId"] for e in described}
    assert parents == {next(iter(runs_of(events)))}
    (staged,) = [
        e["outputs"][0]
        for e in events
        if e["job"]["name"] == "model.staging.stg_orders" and e["eventType"] == "COMPLETE"
    ]
    reads = staged["facets"]["columnLineage"]["fields"]["total_amount"]["inputFields"]
    assert {e["name"] for e in reads} == {"staging.rows_shop__orders"}
    assert staged["facets"]["ownership"]["owners"] == [{"name": "team:data platform", "type": "OWNER"}]


def test_who_stops_before_the_models_were_told_does_not_wait_and_the_next_start_tells(
    shop: ToldShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.describes = True
    shop.reopen()
    shop.engine.refresh()
    started = time.monotonic()
    events = shop.told()
    assert time.monotonic() - started < 5
    assert [e for e in events if e["job"]["name"].startswith("model.")] == []
    monkeypatch.setattr("amalimart.orchestrate.openlineage.observing._BEFORE_DESCRIBING_SECONDS", 0.0)
    shop.reopen()
    shop.land(("3", "7"))
    shop.engine.refresh()
    while not (shop.home / "run" / "openlineage" / "described").exists():
        time.sleep(0.02)
    assert [e for e in shop.told() if e["job"]["name"] == "model.gold.fact_orders"]


def test_checks_are_told_with_their_column_and_verdict(shop: ToldShop) -> None:
    shop.engine.refresh()
    (checked,) = [
        e for e in shop.told() if (e["job"]["name"], e["eventType"]) == ("release.checks", "COMPLETE")
    ]
    told = {e["name"]: e["inputFacets"]["dataQualityAssertions"]["assertions"] for e in checked["inputs"]}
    (ranged,) = [a for a in told["gold.fact_orders"] if "range" in a["assertion"]]
    assert (ranged["column"], ranged["success"], ranged["severity"]) == ("total_amount", True, "error")


def test_a_release_that_a_check_holds_back_is_a_run_that_failed(shop: ToldShop) -> None:
    shop.engine.refresh()
    shop.land(("3", "2000000"))
    with pytest.raises(CheckFailed):
        shop.engine.refresh()
    events = shop.told()
    assert list(runs_of(events).values()) == [["START", "COMPLETE"], ["START", "FAIL"]]
    assert events[-1]["run"]["facets"]["errorMessage"]["message"].startswith("check_failed: ")


@pytest.mark.slow
def test_no_value_of_a_row_and_no_password_is_told(tmp_path: Path, models: None) -> None:
    del models
    shop = ToldShop(tmp_path / "home")
    shop.land(("canary-4711", "123.45"))
    shop.engine.refresh()
    (shop.home / "models" / "mine.sql").write_text(
        "{{ config(schema='gold') }} select cast(order_id as integer) as n from {{ ref('fact_orders') }}"
    )
    with pytest.raises(ModelFailed, match="Could not convert"):
        shop.engine.refresh()
    events = shop.told()
    shop.engine.close()
    assert list(runs_of(events).values()) == [["START", "COMPLETE"], ["START", "FAIL"]]
    assert "model.marketplace.mine" in events[-1]["run"]["facets"]["errorMessage"]["message"]
    text = "".join(path.read_text() for path in (shop.home / "logs" / "openlineage").iterdir())
    assert [word for word in ("canary", "4711", "123.45") if word in text] == []


def test_who_stops_a_build_aborts_its_run(shop: ToldShop, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Executor._build

    def stopped(self: Executor, *given: Any) -> Any:
        whole(self, *given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Executor, "_build", stopped)
        with pytest.raises(KeyboardInterrupt):
            shop.engine.refresh()
    assert list(runs_of(shop.told()).values()) == [["START", "ABORT"]]


def test_the_engines_own_words_are_not_told() -> None:
    error = ModelFailed("cannot convert 'ama@example.com'", where="model.marketplace.mine")
    assert (
        told_of(error)
        == "model_failed: A model's SQL failed; everything was rolled back. (model.marketplace.mine)"
    )
    assert told_of(ValueError("ama@example.com")) == "a defect: ValueError"


@pytest.mark.slow
def test_a_file_that_was_built_beside_is_told_of_as_it_takes_over(shop: ToldShop) -> None:
    shop.engine.refresh()
    taken = rebuild(shop.engine, shop.clock, lambda _share, _what: None)
    events = shop.told()
    assert list(runs_of(events).values()) == [["START", "COMPLETE"]] * 2
    last = [e for e in events if (e["job"]["name"], e["eventType"]) == ("release", "COMPLETE")][-1]
    assert last["run"]["facets"]["amalimart_release"]["releaseId"] == taken.release_id == 2


# What a process left open when it died.


@pytest.mark.slow
def test_killed_in_the_middle_of_a_build_its_run_fails_once(tmp_path: Path, models: None) -> None:
    del models
    home, rng = tmp_path / "home", random.Random(7)  # noqa: S311 - repeatable on purpose
    shop = ToldShop(home)
    shop.land(("1", "10"))
    shop.engine.refresh()
    shop.engine.close()
    for kills in range(1, 9):
        command = [
            sys.executable,
            "-m",
            "tests.orchestrate.building_process",
            str(home),
            str(tmp_path / "models"),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "building\n"
            time.sleep(rng.random() / 20)
            process.kill()
        again = ToldShop(home)
        assert runs_of(again.told()) != {}
        again.engine.close()
        ends = list(runs_of(events_in(shop.folder)).values())
        assert ends == [["START", "COMPLETE"], *[["START", "FAIL"]] * kills]
    last = ToldShop(home)
    assert last.engine.refresh() is not None
    assert list(runs_of(last.told()).values())[-1] == ["START", "COMPLETE"]
    last.engine.close()


def test_what_was_left_open_is_ended_once_by_what_the_warehouse_knows(
    shop: ToldShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.engine.refresh()
    shop.land(("3", "7"))
    with monkeypatch.context() as patch:  # it dies before the commit
        patch.setattr(LineageObserver, "failed", lambda *_: None)
        patch.setattr(Executor, "_build", _begins_and_dies)
        with pytest.raises(AmalimartError):
            shop.engine.refresh()
    shop.reopen()
    assert list(runs_of(shop.told()).values()) == [["START", "COMPLETE"], ["START", "FAIL"]]
    shop.reopen()
    with monkeypatch.context() as patch:  # it dies between the commit and the telling
        patch.setattr(LineageObserver, "published", lambda *_: None)
        shop.engine.refresh()
    shop.reopen()
    shop.reopen()
    events = shop.told()
    assert list(runs_of(events).values())[2:] == [["START", "COMPLETE"]]
    assert events[-1]["run"]["facets"]["amalimart_release"]["releaseId"] == 2
    assert OpenRuns(shop.home / "run" / "openlineage").all() == []


def _begins_and_dies(_self: Executor, *given: Any) -> None:
    given[3](0, 1, "a model")
    raise AmalimartError("dies")


def test_a_run_whose_beginning_was_never_written_gets_both(
    shop: ToldShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.engine.refresh()
    told = shop.told()
    shop.land(("3", "7"))
    shop.reopen()
    observer = shop.engine.observer
    assert isinstance(observer, LineageObserver)
    with monkeypatch.context() as patch:  # it dies with all that waits
        patch.setattr(observer._outbox, "offer", lambda _: True)
        shop.engine.refresh()
    shop.reopen()
    events = shop.told()[len(told) :]
    assert list(runs_of(events).values()) == [["START", "COMPLETE"]]


def test_a_beginning_that_could_not_be_written_is_told_with_the_end(
    shop: ToldShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, tried = EventFile.append, list[int]()

    def full_at_first(self: EventFile, lines: list[str]) -> None:
        tried.append(1)
        if len(tried) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        whole(self, lines)

    monkeypatch.setattr(EventFile, "append", full_at_first)
    shop.engine.refresh()
    assert list(runs_of(shop.told()).values()) == [["START", "COMPLETE"]]
    assert OpenRuns(shop.home / "run" / "openlineage").all() == []


def test_a_torn_line_about_an_open_run_does_not_keep_it_open(
    shop: ToldShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(LineageObserver, "published", lambda *_: None)
        shop.engine.refresh()
    shop.engine.observer.close()
    (run,) = OpenRuns(shop.home / "run" / "openlineage").all()
    with (shop.folder / "events.jsonl").open("a") as stream:
        stream.write(f'{{"eventType": "COMPLETE", "run": {{"runId": "{run.run_id}"')
    shop.reopen()
    shop.engine.observer.close()
    assert OpenRuns(shop.home / "run" / "openlineage").all() == []
    last = (shop.folder / "events.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["eventType"] == "COMPLETE"


def test_a_note_that_cannot_be_read_and_a_torn_line_harm_nothing(shop: ToldShop) -> None:
    shop.engine.refresh()
    shop.engine.observer.close()
    (shop.home / "run" / "openlineage" / "broken.json").write_text("{")
    with (shop.folder / "events.jsonl").open("a") as stream:
        stream.write('{"eventTime": "20')
    shop.land(("3", "7"))
    shop.reopen()
    shop.engine.refresh()
    shop.engine.observer.close()
    lines = (shop.folder / "events.jsonl").read_text().splitlines()
    torn = [line for line in lines if line == '{"eventTime": "20']
    assert len(torn) == 1
    assert json.loads(lines[-1])["eventType"] == "COMPLETE"


def test_a_shop_that_wants_none_has_none(tmp_path: Path, models: None) -> None:
    del models
    shop = ToldShop(tmp_path / "home", enabled=False)
    shop.land(("1", "10"))
    shop.engine.refresh()
    shop.engine.close()
    assert not shop.folder.exists()


# An endpoint.


class Marquez(ThreadingHTTPServer):
    """Takes events, or refuses, or takes none before its gate is opened."""

    def __init__(self, *, status: int = 201, is_open: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.status, self.gate = status, threading.Event()
        if is_open:
            self.gate.set()
        self.taken: list[dict[str, Any]] = []
        self.keys: set[str | None] = set()


class _Door(BaseHTTPRequestHandler):
    server: Marquez

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.gate.wait(30)
        self.server.keys.add(self.headers["Authorization"])
        self.server.taken.append(json.loads(body))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def serving(server: Marquez) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_endpoint_gets_what_the_file_has_with_the_key(tmp_path: Path, models: None) -> None:
    del models
    with serving(server := Marquez()) as url:
        home = tmp_path / "home"
        LandedShop(home).engine.close()
        (home / "secrets.env").write_text("MARQUEZ=canary-key\n")
        (home / "secrets.env").chmod(0o600)
        shop = ToldShop(home, http_url=url, api_key="secret:MARQUEZ", namespace="shops")
        shop.land(("1", "10"))
        shop.engine.refresh()
        written = shop.told()
        shop.engine.close()
    assert server.taken == written
    assert {event["job"]["namespace"] for event in written} == {"shops"}
    assert server.keys == {"Bearer canary-key"}
    assert "canary-key" not in "".join(path.read_text() for path in shop.folder.iterdir())


@pytest.mark.parametrize("status", [500, 302])
def test_an_endpoint_that_refuses_holds_nothing_up_and_is_counted(
    tmp_path: Path,
    models: None,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    del models
    monkeypatch.setattr("amalimart.orchestrate.openlineage.endpoint._PAUSE_SECONDS", 0.001)
    with serving(server := Marquez(status=status)) as url:
        shop = ToldShop(tmp_path / "home", http_url=url)
        shop.land(("1", "10"))
        assert shop.engine.refresh() is not None
        written = shop.told()
        observer = shop.engine.observer
        assert isinstance(observer, LineageObserver)
        assert observer.dropped == len(written)
        shop.engine.close()
    assert len(server.taken) == 3 * len(written)
    assert [record.message for record in caplog.records].count("lineage events dropped") == 1


def test_an_endpoint_that_hangs_delays_no_release(tmp_path: Path, models: None) -> None:
    del models
    with serving(server := Marquez(is_open=False)) as url:
        shop = ToldShop(tmp_path / "home", http_url=url)
        for order in ("1", "2", "3"):
            shop.land((order, "10"))
            assert shop.engine.refresh() is not None
        observer = shop.engine.observer
        assert isinstance(observer, LineageObserver)
        observer._outbox.close(10)
        assert list(runs_of(events_in(shop.folder)).values()) == [["START", "COMPLETE"]] * 3
        assert server.taken == []
        server.gate.set()
        shop.engine.close()
