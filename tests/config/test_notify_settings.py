"""What amalimart.yml may say of notifications, and the line of what it may not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from amalimart.config.notify_settings import NotifySettings
from amalimart.config.project import Settings, open_project
from amalimart.core.errors import ConfigError
from amalimart.core.incidents import IncidentKind
from amalimart.core.quality import Severity

MAIL = """\
name: shop
notify:
  remind_after_hours: 12
  channels:
    ops:
      kind: email
      host: mail.shop.example
      sender: amalimart@shop.example
      recipients: [ops@shop.example, "o'brien+a@shop.example"]
      credentials: secret:MAIL
    chat:
      kind: webhook
      url: secret:CHAT
      severities: [error]
      kinds: [release_blocked]
"""


def opened(folder: Path, text: str) -> Settings:
    (folder / "amalimart.yml").write_text(text)
    return open_project(folder).settings


def refused(folder: Path, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        opened(folder, text)
    return caught.value


def test_channels_are_read_with_what_they_leave_out(tmp_path: Path) -> None:
    notify = opened(tmp_path, MAIL).notify
    ops, chat = notify.channels["ops"], notify.channels["chat"]
    assert (notify.remind_after_hours, ops.tls, ops.smtp_port) == (12, "starttls", 587)
    assert (set(ops.severities), set(ops.kinds)) == (set(Severity), set(IncidentKind))
    assert (chat.severities, chat.kinds) == ((Severity.ERROR,), (IncidentKind.RELEASE_BLOCKED,))
    assert chat.allow_hosts == ()
    assert opened(tmp_path, "name: shop\n").notify == NotifySettings()


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("implicit", 465), ("none", 25)])
def test_the_usual_port_follows_the_encryption(tmp_path: Path, tls: str, port: int) -> None:
    text = MAIL.replace("mail.shop.example", f"localhost\n      tls: {tls}")
    assert opened(tmp_path, text).notify.channels["ops"].smtp_port == port
    given = text.replace("sender", "port: 2525\n      sender")
    assert opened(tmp_path, given).notify.channels["ops"].smtp_port == 2525


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("remind_after_hours", "remind_after_hour", 3, "unknown key"),
        ("remind_after_hours: 12", "remind_after_hours: 0", 3, "greater than or equal to 1"),
        ("    ops:", "    Ops Team:", 4, "'Ops Team' is not a plain lower-case name"),
        ("kind: email", "kind: pigeon", 6, "'email' or 'webhook'"),
        ("host: mail.shop.example", "host: mail.shop.example\n      tls: none", 5, "on this machine only"),
        ("host: mail.shop.example", "host: '10.0.0.1'\n      tls: none", 5, "on this machine only"),
        ("      host: mail.shop.example\n", "", 5, "needs `host`, `sender` and `recipients`"),
        ("host: mail.shop.example", "host: 'mail example'", 5, "not the name of a host"),
        ("secret:MAIL", "me:hunter2", 10, "needs the form secret:NAME"),
        ("ops@shop.example,", "'ops@shop.example\\nBcc: x@y.example',", 9, "not a plain e-mail address"),
        ("ops@shop.example,", "'Ops <ops@shop.example>',", 9, "not a plain e-mail address"),
        ("ops@shop.example,", "'ops',", 9, "not a plain e-mail address"),
        ("sender: amalimart@shop.example", 'sender: "a\\r\\n@shop.example"', 8, "not a plain e-mail address"),
        (
            "kind: email",
            "kind: email\n      url: secret:X",
            5,
            "`url` does not belong to a channel of kind email",
        ),
        ("url: secret:CHAT", "url: http://hooks.example", 11, "http:// needs `allow_http`"),
        ("url: secret:CHAT", "url: ftp://hooks.example", 11, "neither an https:// address"),
        ("url: secret:CHAT", "allow_http: true", 11, "needs `url`"),
        ("severities: [error]", "severities: [fatal]", 14, "'error' or 'warning'"),
        ("kinds: [release_blocked]", "kinds: []", 15, "names nothing"),
        ("kinds: [release_blocked]", "kinds: [release_block]", 15, "'release_blocked'"),
        ("kinds: [release_blocked]", "tls: none", 11, "`tls` does not belong to a channel of kind webhook"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, what: str
) -> None:
    assert old in MAIL
    error = refused(tmp_path, MAIL.replace(old, new, 1))
    assert what in error.what
    assert error.where == f"{tmp_path / 'amalimart.yml'}:{line}"
    assert "hunter2" not in str(error)


def test_what_the_documentation_shows_is_taken(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text()
    shown = re.search(r"```\n(notify:\n.*?)```", page, re.DOTALL)
    assert shown is not None
    channels = opened(tmp_path, shown[1]).notify.channels
    assert {name: each.kind for name, each in channels.items()} == {"ops": "email", "chat": "webhook"}


def test_a_source_says_when_it_is_stale(tmp_path: Path) -> None:
    text = "sources:\n  shop:\n    kind: postgres\n    mapping: m\n    url: secret:X\n"
    assert opened(tmp_path, text).sources["shop"].stale_minutes == 60
    assert opened(tmp_path, text + "    stale_after_minutes: 5\n").sources["shop"].stale_minutes == 5
    assert opened(tmp_path, text + "    capture: poll\n").sources["shop"].stale_minutes is None
    assert "stale_after_minutes" in refused(tmp_path, text + "    stale_after_minutes: 0\n").what
