"""Incidents over the interface: for admins alone, and what they decide is kept with their name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from amalimart.api.app import create_app
from amalimart.api.ports.site import SourceNote
from amalimart.api.services import AppServices
from amalimart.control.audit.decisions import entries
from amalimart.control.deciding import Decider
from amalimart.control.incidents.telling import Telling
from amalimart.core.errors import DeliveryFailed
from amalimart.core.incidents import IncidentKind, Look, Trouble
from amalimart.core.quality import Severity
from amalimart.orchestrate.watching.incident_notes import incident_notes
from amalimart.processes.services import OPERATOR
from tests.web.asgi_client import TestClient
from tests.web.site_fixtures import signing_in

OTHERS = ["executive", "vendor", "support", "delivery", "analyst"]
ORIGIN = {"Origin": "http://testserver"}


class Tried:
    """Channels of which one works."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Decider]] = []

    def send(self, channel: str, decider: Decider) -> str | None:
        self.asked.append((channel, decider))
        if channel != "ops":
            raise DeliveryFailed("the webhook answered 500", where="hooks.example")
        return None


def trouble(key: str, severity: Severity = Severity.ERROR) -> Trouble:
    return Trouble(key, IncidentKind.SOURCE_FAILING, severity, f"{key} is wrong", "Very.", "here", "mend it")


@pytest.fixture
def troubled(services: AppServices) -> AppServices:
    """Two incidents go on, one is over."""
    telling = Telling(lambda _: ["ops"])
    record = services.control.incidents.record
    record(Look((trouble("gone"), trouble("slow", Severity.WARNING), trouble("lost"))), telling)
    record(Look((trouble("slow", Severity.WARNING), trouble("lost"))), telling)
    return replace(
        services,
        incidents=services.control.incidents,
        deliveries=services.control.outbox,
        channel_test=Tried(),
        notes=lambda: (
            SourceNote("for all", "for operators"),
            *(
                SourceNote(each.text, each.detail)
                for each in incident_notes(services.control.incidents, services.control.outbox)
            ),
        ),
    )


@pytest.fixture
def as_(troubled: AppServices) -> Callable[[str], TestClient]:
    return signing_in(troubled)


def test_an_admin_sees_what_goes_on_and_what_is_over(as_: Callable[[str], TestClient]) -> None:
    admin = as_("admin")
    now = admin.get("/api/v1/incidents").json()["incidents"]
    assert [each["title"] for each in now] == ["lost is wrong", "slow is wrong"]
    every = admin.get("/api/v1/incidents?include_over=true").json()["incidents"]
    assert [each["number"] for each in every] == [3, 2, 1]
    one = admin.get("/api/v1/incidents/1").json()
    assert (one["severity"], one["kind"], one["resolved_at"] is not None) == ("error", "source_failing", True)
    [delivery] = one["deliveries"]
    assert (delivery["channel"], delivery["event"], delivery["state"]) == ("ops", "opened", "queued")
    assert admin.get("/api/v1/incidents/9").status_code == 404
    assert admin.get("/api/v1/incidents/0").status_code == 400


def test_taking_one_on_is_kept_with_who_was_signed_in(
    as_: Callable[[str], TestClient], troubled: AppServices
) -> None:
    admin = as_("admin")
    done = admin.post("/api/v1/incidents/3/acknowledge", json={"reason": "on it"}).json()
    assert (done["acknowledged_by"], done["acknowledgement"]) == ("Efua Mensah", "on it")
    again = admin.post("/api/v1/incidents/3/acknowledge", json={"reason": "on it"})
    assert again.status_code == 400
    assert again.json()["error"]["code"] == "request_invalid"
    admin.post("/api/v1/incidents/2/acknowledge", json={"reason": "seen", "who": "Kofi"})
    found = [(e.subject, e.action, e.details["by"]) for e in entries(troubled.control.engine)]
    assert found == [
        ("admin@demo.test", "incident.acknowledged", "Efua Mensah"),
        ("admin@demo.test", "incident.acknowledged", "Kofi"),
    ]


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 2001}, {"reason": "x", "more": 1}, []])
def test_words_that_say_nothing_are_refused(as_: Callable[[str], TestClient], body: Any) -> None:
    assert as_("admin").post("/api/v1/incidents/3/acknowledge", json=body).status_code == 400


@pytest.mark.parametrize("name", OTHERS)
def test_nobody_else_sees_or_decides_anything(
    as_: Callable[[str], TestClient], troubled: AppServices, name: str
) -> None:
    client = as_(name)
    for path in ("/incidents", "/incidents/3", "/incidents/999"):
        assert client.get(f"/api/v1{path}").status_code == 403
    assert client.post("/api/v1/incidents/3/acknowledge", json={"reason": "x"}).status_code == 403
    assert troubled.control.incidents.get(3).acknowledged_by is None
    assert client.get("/api/v1/status").json()["notes"] == ["for all"]


def test_errors_that_go_on_are_noted_for_admins_in_a_line(as_: Callable[[str], TestClient]) -> None:
    notes = as_("admin").get("/api/v1/status").json()["notes"]
    assert notes == ["for operators", "Open incidents: 3: lost is wrong (amalimart incident list)."]


def test_a_channel_is_tried_by_whoever_runs_the_machine_and_not_from_afar(
    as_: Callable[[str], TestClient], troubled: AppServices
) -> None:
    assert as_("admin").post("/api/v1/notify/ops/test", json={}).status_code == 404
    local = TestClient(create_app(troubled, local_operator=OPERATOR))
    assert local.post("/api/v1/notify/ops/test", json={}).json() == {
        "channel": "ops", "sent": True, "remark": None
    }  # fmt: skip
    failed = local.post("/api/v1/notify/chat/test", json={})
    assert (failed.status_code, failed.json()["error"]["code"]) == (502, "delivery_failed")
    as_vendor = local.post("/api/v1/notify/ops/test", json={}, headers={"x-amalimart-as": "vendor@demo.test"})
    assert as_vendor.status_code == 403
    assert isinstance(troubled.channel_test, Tried)
    assert [channel for channel, _ in troubled.channel_test.asked] == ["ops", "chat"]


def test_a_page_of_an_admin_shows_the_note(as_: Callable[[str], TestClient]) -> None:
    admin = as_("admin")
    home = admin.get("/")
    page = home if home.status_code == 200 else admin.get(home.headers["location"])
    assert "3: lost is wrong" in page.text
