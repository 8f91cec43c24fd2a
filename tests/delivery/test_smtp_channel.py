"""E-mail against real servers on this machine: encrypted, signed in, and every way in which it goes wrong."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from amalimart.core.errors import ConfigError, DeliveryFailed, DeliveryRefused
from amalimart.core.incidents import NoticeEvent
from amalimart.delivery.channels.smtp import SmtpChannel, SmtpServer
from tests.delivery.certificates import contexts
from tests.delivery.notices import TEST_NOTICE, notice
from tests.delivery.smtp_receiver import Receiver, dripping_server, smtp_server

SENDER, OPS, BOSS = "amalimart@shop.example", "ops@shop.example", "boss@shop.example"


def channel(port: int, *recipients: str, **more: object) -> SmtpChannel:
    server = SmtpServer("127.0.0.1", port, str(more.pop("tls", "none")), 2.0, 5.0)
    return SmtpChannel("ops", server, SENDER, recipients or (OPS,), "Amalimart", **more)  # type: ignore[arg-type]


def test_a_letter_says_what_is_wrong_where_and_what_to_do() -> None:
    receiver = Receiver()
    with smtp_server(receiver) as port:
        assert channel(port, OPS, BOSS).deliver(notice()) is None
    [letter], [envelope] = receiver.letters, receiver.envelopes
    assert letter["Subject"] == "[Amalimart] error: A check holds the release back"
    assert (letter["From"], letter["To"]) == (SENDER, f"{OPS}, {BOSS}")
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, [OPS, BOSS])
    assert letter["Message-ID"] == "<0123456789abcdef0123456789abcdef@shop.example>"
    assert letter["Date"] == "Tue, 10 Mar 2026 12:00:00 +0000"
    assert letter["Auto-Submitted"] == "auto-generated"
    text = letter.get_content()
    for said in (
        "Release 4 serves on.",
        "Where: here",
        "Next: look there",
        "Incident: 7",
        "Since: 2026-03-10 12:00 UTC",
        "amalimart incident ack 7",
    ):
        assert said in text


def test_the_end_and_a_test_are_told_in_their_own_words() -> None:
    receiver = Receiver()
    with smtp_server(receiver) as port:
        channel(port).deliver(notice(event=NoticeEvent.RESOLVED))
        channel(port).deliver(TEST_NOTICE)
    over, test = receiver.letters
    assert over["Subject"] == "[Amalimart] Resolved: A check holds the release back"
    assert "Over since: 2026-03-10 12:00 UTC" in over.get_content()
    assert "incident ack" not in over.get_content()
    assert test["Subject"] == "[Amalimart] This is a test of the channel; nothing is wrong."


def test_no_text_can_add_a_header_or_a_recipient() -> None:
    receiver = Receiver()
    evil = "x\r\nBcc: thief@evil.example\r\n\r\nbody\x00\u2028Cc: other@evil.example"
    with smtp_server(receiver) as port:
        channel(port).deliver(notice(evil, details=f"{evil}\r\n.\r\nMAIL FROM:<a@evil.example>"))
    [letter], [envelope] = receiver.letters, receiver.envelopes
    assert envelope.rcpt_tos == [OPS]
    assert {key.lower() for key in letter.keys()}.isdisjoint({"bcc", "cc"})  # noqa: SIM118 - headers repeat
    assert letter["Subject"].strip().startswith("[Amalimart] error: x Bcc: thief@evil.example body")
    assert "MAIL FROM:<a@evil.example>" in letter.get_content()


def test_words_of_any_language_arrive_whole() -> None:
    receiver = Receiver()
    title = "Ɛyɛ den: commandes bloquées — 東京 🚨"
    with smtp_server(receiver) as port:
        channel(port).deliver(notice(title, details=title))
    [letter] = receiver.letters
    assert letter["Subject"] == f"[Amalimart] error: {title}"
    assert title in letter.get_content()


def test_starttls_and_credentials_are_used_and_the_password_goes_encrypted_only(tmp_path: Path) -> None:
    server, client = contexts(tmp_path, "127.0.0.1")
    receiver = Receiver()
    with smtp_server(receiver, starttls=server, auth=True) as port:
        channel(port, tls="starttls", context=client, credentials=lambda: "me:right").deliver(notice())
        assert (receiver.encrypted, receiver.logins) == ([True], [(b"me", b"right")])
        with pytest.raises(DeliveryFailed, match=r"does not take the credentials \(535\)") as refused:
            channel(port, tls="starttls", context=client, credentials=lambda: "me:pa:ss").deliver(notice())
    assert receiver.logins[-1] == (b"me", b"pa:ss")
    assert "pa:ss" not in str(refused.value)


def test_tls_from_the_first_byte(tmp_path: Path) -> None:
    server, client = contexts(tmp_path, "127.0.0.1")
    receiver = Receiver()
    with smtp_server(receiver, implicit=server) as port:
        channel(port, tls="implicit", context=client).deliver(notice())
    assert len(receiver.letters) == 1


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_server_with_the_certificate_of_another_is_told_nothing(tmp_path: Path, tls: str) -> None:
    server, client = contexts(tmp_path, "mail.other.example")
    receiver = Receiver()
    starttls, implicit = (server, None) if tls == "starttls" else (None, server)
    with (
        smtp_server(receiver, starttls=starttls, implicit=implicit) as port,
        pytest.raises(DeliveryFailed, match="SSLCertVerificationError"),
    ):
        channel(port, tls=tls, context=client, credentials=lambda: "me:right").deliver(notice())
    assert (receiver.letters, receiver.logins) == ([], [])


def test_without_starttls_nothing_is_sent_in_the_clear() -> None:
    receiver = Receiver()
    with smtp_server(receiver) as port, pytest.raises(DeliveryFailed, match="does not offer"):
        channel(port, tls="starttls", credentials=lambda: "me:right").deliver(notice())
    assert (receiver.letters, receiver.logins) == ([], [])


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("451 later, ops@shop.example", DeliveryFailed),
        ("421 going down", DeliveryFailed),
        ("554 never again", DeliveryRefused),
        ("552 too much", DeliveryRefused),
    ],
)
def test_a_refusal_for_now_is_told_from_one_for_good(answer: str, kind: type[Exception]) -> None:
    receiver = Receiver(answer)
    with smtp_server(receiver) as port:
        with pytest.raises(kind, match=answer[:3]) as refused:
            channel(port).deliver(notice())
        assert answer[4:] not in str(refused.value)
        channel(port).deliver(notice())
    assert len(receiver.letters) == 1


def test_recipients_are_refused_one_by_one() -> None:
    receiver = Receiver()
    with smtp_server(receiver) as port:
        receiver.refused = {OPS: "550 no such user"}
        assert channel(port, OPS, BOSS).deliver(notice()) == "1 of 2 recipients were refused"
        receiver.refused = {OPS: "450 greylisted"}
        with pytest.raises(DeliveryFailed, match="does not take 1 of 2 recipients yet"):
            channel(port, OPS, BOSS).deliver(notice())
        with pytest.raises(DeliveryFailed, match=r"refuses every recipient \(450\)"):
            channel(port).deliver(notice())
        receiver.refused = {OPS: "550 no such user"}
        with pytest.raises(DeliveryRefused, match=r"refuses every recipient \(550\)"):
            channel(port).deliver(notice())
    assert [each["Message-ID"] for each in receiver.letters] == [receiver.letters[0]["Message-ID"]] * 2


def test_a_connection_that_breaks_in_the_middle_is_another_try() -> None:
    receiver = Receiver()
    receiver.drop_at_data = 1
    with smtp_server(receiver) as port:
        with pytest.raises(DeliveryFailed, match="ended the connection"):
            channel(port).deliver(notice())
        channel(port).deliver(notice())
    assert len(receiver.letters) == 1


def test_a_server_that_is_slow_silent_or_not_there_is_waited_for_so_long_and_no_longer() -> None:
    receiver = Receiver()
    receiver.slow_seconds = 3
    impatient = SmtpServer("127.0.0.1", 0, "none", 0.3, 5.0)

    def deliver(port: int, server: SmtpServer = impatient) -> None:
        limited = SmtpServer("127.0.0.1", port, "none", server.answer_seconds, server.total_seconds)
        SmtpChannel("ops", limited, SENDER, (OPS,), "Amalimart").deliver(notice())

    started = time.monotonic()
    with (
        smtp_server(receiver) as port,
        pytest.raises(DeliveryFailed, match=r"ended the connection|TimeoutError"),
    ):
        deliver(port)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(DeliveryFailed):
            deliver(silent.getsockname()[1])
        gone = silent.getsockname()[1]
    with pytest.raises(DeliveryFailed, match="ConnectionRefusedError"):
        deliver(gone)
    drips = SmtpServer("127.0.0.1", 0, "none", 2.0, 0.5)
    with dripping_server(b"220 " + b"x" * 1000, 0.05) as port, pytest.raises(DeliveryFailed):
        deliver(port, drips)
    assert time.monotonic() - started < 4


@pytest.mark.parametrize("greeting", [b"554 go away\r\n", b"\xff\xfe\r\n", b"220\x00\r\n", b"x" * 9000])
def test_a_greeting_that_is_none_is_one_clear_error(greeting: bytes) -> None:
    with dripping_server(greeting, 0) as port, pytest.raises(DeliveryFailed):
        channel(port).deliver(notice())


def test_credentials_of_no_form_are_one_clear_error_that_does_not_repeat_them() -> None:
    with pytest.raises(ConfigError, match="are not credentials") as refused:
        channel(1, credentials=lambda: "hunter2").deliver(notice())
    assert "hunter2" not in str(refused.value)
