"""From amalimart.yml to messages that arrive: who hears of what, late secrets, a channel tried by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from amalimart.config.project import Project, open_project
from amalimart.config.secrets import write_secret
from amalimart.control.audit.decisions import entries
from amalimart.control.deciding import Decider
from amalimart.control.store import ControlStore, open_control_store
from amalimart.core.clock import SystemClock
from amalimart.core.errors import ConfigError, DeliveryFailed, NotFound
from amalimart.core.incidents import IncidentKind, Look, Trouble
from amalimart.core.quality import Severity
from amalimart.orchestrate.watching.doctor import Verdict, examine
from amalimart.orchestrate.watching.incident_notes import incident_notes
from amalimart.orchestrate.watching.notifying import ChannelTest, couriers_of, telling_of
from tests.control.incident_desk import IncidentDesk
from tests.delivery.http_receiver import HttpReceiver, http_server, status
from tests.delivery.smtp_receiver import Receiver, smtp_server

OPERATOR = Decider("Local operator", "local operator")
SETTINGS = """\
name: "Kumasi: Market"
notify:
  channels:
    ops:
      kind: email
      host: 127.0.0.1
      port: {smtp}
      tls: none
      credentials: secret:MAIL
      sender: a@shop.example
      recipients: [ops@shop.example]
      digest_minutes: {minutes}
    chat:
      kind: webhook
      url: secret:CHAT
      signing_key: secret:KEY
      allow_http: true
      allow_hosts: [127.0.0.1]
      severities: [error]
      kinds: [release_blocked, build_failed]
"""


@pytest.fixture
def control(tmp_path: Path) -> Iterator[ControlStore]:
    path = tmp_path / "control.db"
    IncidentDesk(tmp_path).store.close()  # quicker than to migrate one
    store = open_control_store(path, SystemClock())
    yield store
    store.close()


def project(folder: Path, smtp: int, minutes: int = 0) -> Project:
    (folder / "amalimart.yml").write_text(SETTINGS.format(smtp=smtp, minutes=minutes))
    return open_project(folder)


def trouble(kind: IncidentKind, severity: Severity) -> Trouble:
    return Trouble(f"{kind}:{severity}", kind, severity, f"{kind.value} of {severity.value}", "")


def test_each_channel_gets_what_it_asked_for_in_the_name_of_the_marketplace(
    tmp_path: Path, control: ControlStore
) -> None:
    mails, hooks = Receiver(), HttpReceiver()
    with smtp_server(mails, auth=True) as smtp, http_server(hooks) as port:
        shop = project(tmp_path, smtp)
        for name, value in (("MAIL", "me:right"), ("CHAT", f"http://127.0.0.1:{port}/in"), ("KEY", "k")):
            write_secret(tmp_path, name, value)
        troubles = tuple(
            trouble(kind, severity)
            for kind in (IncidentKind.RELEASE_BLOCKED, IncidentKind.SOURCE_STALE)
            for severity in Severity
        )
        control.incidents.record(Look(troubles), telling_of(shop))
        for courier in couriers_of(shop, control, SystemClock()):
            courier.send_due()
    subjects = sorted(letter["Subject"].strip() for letter in mails.letters)
    assert subjects == sorted(f"[Kumasi: Market] {each.severity.value}: {each.title}" for each in troubles)
    assert [b'"release_blocked of error"' in each.body for each in hooks.posted] == [True]
    assert incident_notes(control.incidents, control.outbox)[0].detail.startswith("Open incidents: ")


def test_e_mails_about_many_incidents_are_one_and_webhooks_get_each(
    tmp_path: Path, control: ControlStore
) -> None:
    mails, hooks = Receiver(), HttpReceiver()
    with smtp_server(mails, auth=True) as smtp, http_server(hooks) as port:
        shop = project(tmp_path, smtp, minutes=15)
        for name, value in (("MAIL", "me:right"), ("CHAT", f"http://127.0.0.1:{port}/in"), ("KEY", "k")):
            write_secret(tmp_path, name, value)
        troubles = tuple(
            trouble(kind, severity)
            for kind in (IncidentKind.RELEASE_BLOCKED, IncidentKind.BUILD_FAILED)
            for severity in Severity
        )
        control.incidents.record(Look(troubles), telling_of(shop))
        for courier in couriers_of(shop, control, SystemClock()):
            courier.send_due()
    assert [letter["Subject"].strip() for letter in mails.letters] == [
        "[Kumasi: Market] 2 incidents: 2 errors"
    ]
    assert len(hooks.posted) == 2


def test_a_secret_that_comes_later_is_used_then_and_its_absence_is_seen(
    tmp_path: Path, control: ControlStore
) -> None:
    hooks = HttpReceiver()
    with http_server(hooks) as port:
        shop = project(tmp_path, 1)
        tried = ChannelTest(shop, control, SystemClock())
        with pytest.raises(ConfigError, match="the secret CHAT is not set") as missing:
            tried.send("chat", OPERATOR)
        assert "notify.channels.chat.url" in (missing.value.where or "")
        found = {each.subject: each.verdict for each in examine(tmp_path, SystemClock())}
        assert (found["channel ops"], found["channel chat"]) == (Verdict.PROBLEM, Verdict.PROBLEM)
        write_secret(tmp_path, "CHAT", f"http://127.0.0.1:{port}/in")
        write_secret(tmp_path, "KEY", "k")
        assert tried.send("chat", OPERATOR) is None
        found = {each.subject: each.verdict for each in examine(tmp_path, SystemClock())}
        assert (found["channel ops"], found["channel chat"]) == (Verdict.PROBLEM, Verdict.OK)
    assert b'"event": "test"' in hooks.posted[0].body


def test_trying_a_channel_is_audited_however_it_ends_and_leaves_no_message(
    tmp_path: Path, control: ControlStore
) -> None:
    hooks = HttpReceiver(status(500), status(200))
    with http_server(hooks) as port:
        write_secret(tmp_path, "CHAT", f"http://127.0.0.1:{port}/in")
        write_secret(tmp_path, "KEY", "k")
        tried = ChannelTest(project(tmp_path, 1), control, SystemClock())
        with pytest.raises(DeliveryFailed, match="answered 500"):
            tried.send("chat", OPERATOR)
        tried.send("chat", OPERATOR)
    with pytest.raises(NotFound, match="no channel 'chatt'") as unknown:
        tried.send("chatt", OPERATOR)
    assert (unknown.value.nearest, unknown.value.expected) == ("chat", "ops, chat")
    assert [(e.action, e.subject, e.details["outcome"]) for e in entries(control.engine)] == [
        ("notify.tested", "local operator", "delivery_failed"),
        ("notify.tested", "local operator", "sent"),
    ]
    assert control.outbox.next_due("chat") is None


def test_a_channel_whose_messages_are_given_up_is_noted(tmp_path: Path, control: ControlStore) -> None:
    with http_server(HttpReceiver(status(404))) as port:
        write_secret(tmp_path, "CHAT", f"http://127.0.0.1:{port}/hooks/t0ken")
        write_secret(tmp_path, "KEY", "k")
        shop = project(tmp_path, 1)
        blocked = trouble(IncidentKind.RELEASE_BLOCKED, Severity.ERROR)
        control.incidents.record(Look((blocked,)), telling_of(shop))
        next(each for each in couriers_of(shop, control, SystemClock()) if each.channel == "chat").send_due()
    notes = [each.detail for each in incident_notes(control.incidents, control.outbox)]
    assert notes == [
        "Open incidents: 1: release_blocked of error (amalimart incident list).",
        "The last message by chat was given up: the webhook does not take the message (404).",
    ]
