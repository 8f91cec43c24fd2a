"""The incident and notify commands as a person runs them, without a running engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from amalimart.cli.application import application
from amalimart.control.incidents.telling import Telling
from amalimart.core.errors import AmalimartError, DeliveryRefused, NotFound, RequestError
from amalimart.core.incidents import IncidentKind, Look, Trouble
from amalimart.core.quality import Severity
from tests.in_process_engine import engine_in_process
from tests.web.fake_marketplace import FakeMarketplace
from tests.web.fake_site import make_services


class Channels:
    def send(self, channel: str, _decider: object) -> str | None:
        if channel == "broken":
            raise DeliveryRefused("the webhook does not take the message (404)")
        return "1 of 2 recipients were refused"


def trouble(key: str, severity: Severity) -> Trouble:
    return Trouble(
        key, IncidentKind.SOURCE_STALE, severity, f"{key} is old", "Since noon.", "shop", "look there"
    )


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    services = make_services(tmp_path, FakeMarketplace())
    control = services.control
    engine_in_process(
        monkeypatch,
        replace(services, incidents=control.incidents, deliveries=control.outbox, channel_test=Channels()),
    )
    telling = Telling(lambda _: ["ops"])
    control.incidents.record(Look((trouble("a", Severity.WARNING), trouble("b", Severity.ERROR))), telling)
    control.incidents.record(Look((trouble("b", Severity.ERROR),)), telling)

    (tmp_path / "amalimart.yml").write_text("name: shop\n")
    monkeypatch.setenv("AMALIMART_HOME", str(tmp_path))

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(application, arguments, catch_exceptions=True)

    yield invoke
    control.close()


def said(ended: Result) -> str:
    assert ended.exit_code == 0, ended.output
    return str(ended.stdout)


def failed(ended: Result, kind: type[AmalimartError]) -> AmalimartError:
    assert isinstance(ended.exception, kind), ended.output
    return ended.exception


def test_an_incident_is_found_understood_and_taken_on(run: Any) -> None:
    listed = said(run("incident", "list"))
    assert "b is old" in listed
    assert "a is old" not in listed
    every = json.loads(said(run("incident", "list", "--all", "--json")))["incidents"]
    assert [(each["number"], each["resolved_at"] is None) for each in every] == [(2, True), (1, False)]
    shown = said(run("incident", "show", "2"))
    for words in (
        "incident 2, error: b is old",
        "Since noon.",
        "where: shop",
        "next: look there",
        "2 times",
        "queued",
    ):
        assert words in shown
    done = run("incident", "ack", "2", "--by", "Ama", "--reason", "on it")
    assert said(done) == "acknowledged: incident 2 by Ama\n"
    assert "acknowledged by Ama" in said(run("incident", "list"))
    shown = said(run("incident", "show", "2"))
    assert "acknowledged by Ama at" in shown
    assert ": on it" in shown
    assert "given_up" in shown
    assert "over since" in said(run("incident", "show", "1"))


def test_what_cannot_be_done_is_one_clear_error(run: Any) -> None:
    assert "no incident 9" in failed(run("incident", "show", "9"), NotFound).what
    ack = ("incident", "ack", "2", "--by", "Ama", "--reason")
    assert "the reason is empty" in failed(run(*ack, " "), RequestError).what
    said(run(*ack, "on it"))
    assert "acknowledged already, by Ama" in failed(run(*ack, "again"), RequestError).what
    assert run("incident", "ack", "2", "--by", "Ama").exit_code == 2
    assert run("incident", "ack", "2", "--reason", "x").exit_code == 2
    assert run("incident", "show", "0").exit_code == 2


def test_a_channel_is_tried(run: Any) -> None:
    told = said(run("notify", "test", "ops"))
    assert told == "sent: a test message by ops (1 of 2 recipients were refused)\n"
    assert "404" in failed(run("notify", "test", "broken"), DeliveryRefused).what
    assert json.loads(said(run("notify", "test", "ops", "--json")))["sent"] is True
