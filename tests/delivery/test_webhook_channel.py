"""Webhooks against real servers on this machine: what they get, and that nothing leads anywhere else."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import socket
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from amalimart.core.clock import FixedClock
from amalimart.core.errors import DeliveryFailed, DeliveryRefused
from amalimart.core.incidents import NoticeEvent
from amalimart.delivery.channels.targets import TargetRule
from amalimart.delivery.channels.webhook import ExchangeLimits, WebhookChannel
from tests.delivery.certificates import contexts
from tests.delivery.http_receiver import (
    HttpReceiver,
    Posted,
    dripping_head,
    endless,
    hang_up,
    http_server,
    huge_head,
    nonsense,
    silence,
    status,
)
from tests.delivery.notices import TEST_NOTICE, notice

NOW = datetime(2026, 3, 10, 12, 5, tzinfo=UTC)
HOST = "hooks.shop.example"
QUICK = ExchangeLimits(0.3, 0.6)
HERE = ("127.0.0.1",)


class Names:
    """A name server whose answers are given in order, the last for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, _port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def channel(url: str, names: Names | None = None, **more: Any) -> WebhookChannel:
    rule = more.pop("rule", TargetRule(allow_http=True, allow_hosts=frozenset({HOST})))
    return WebhookChannel(
        "chat", lambda: url, "Amalimart", FixedClock(NOW), rule, resolver=names or Names(HERE), **more
    )


def posted_to(receiver: HttpReceiver, **more: Any) -> Posted:
    with http_server(receiver) as port:
        assert channel(f"http://{HOST}:{port}/in?token=t", **more).deliver(notice()) is None
    return receiver.posted[-1]


def documented_schema() -> dict[str, Any]:
    """The schema as people read it."""
    page = Path(__file__).parents[2] / "docs" / "notifications.md"
    found = re.search(r"```json\n(\{\n  \"\$schema\".*?)```", page.read_text(), re.DOTALL)
    assert found is not None
    return dict(json.loads(found[1]))


def test_what_is_posted_is_what_is_documented() -> None:
    schema = documented_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    receiver = HttpReceiver()
    with http_server(receiver) as port:
        for said in (notice(), notice(event=NoticeEvent.RESOLVED), TEST_NOTICE):
            channel(f"http://{HOST}:{port}/").deliver(said)
    for each in receiver.posted:
        jsonschema.validate(json.loads(each.body), schema, format_checker=jsonschema.FormatChecker())
    first = json.loads(receiver.posted[0].body)
    assert set(schema["properties"]) == set(first)
    assert set(schema["$defs"]["incident"]["properties"]) == set(first["incident"])
    assert first["text"] == "[Amalimart] error: A check holds the release back"
    assert (first["event"], first["incident"]["number"]) == ("opened", 7)
    assert json.loads(receiver.posted[2].body)["incident"] is None


def test_the_receiver_can_tell_a_repeat_and_that_it_is_from_us() -> None:
    receiver = HttpReceiver(status(503), status(200))
    with http_server(receiver) as port:
        hook = channel(f"http://{HOST}:{port}/", signing_key=lambda: "kéy")
        with pytest.raises(DeliveryFailed, match="answered 503"):
            hook.deliver(notice())
        hook.deliver(notice())
    first, second = receiver.posted
    assert first == second
    headers = first.headers
    assert headers["X-Amalimart-Message-Id"] == json.loads(first.body)["message_id"]
    seconds = str(int(NOW.timestamp()))
    expected = hmac.new("kéy".encode(), seconds.encode() + b"." + first.body, hashlib.sha256).hexdigest()
    assert headers["X-Amalimart-Signature"] == f"t={seconds},v1={expected}"
    assert "X-Amalimart-Signature" not in posted_to(HttpReceiver()).headers


def test_it_is_sent_to_the_resolved_address_under_the_hosts_own_name() -> None:
    names = Names(HERE, ("10.0.0.9",))
    posted = posted_to(HttpReceiver(), names=names)
    assert posted.path == "/in?token=t"
    assert posted.headers["Host"].partition(":")[0] == HOST
    assert names.asked == [HOST]


def test_tls_is_held_against_the_name_and_not_the_address(tmp_path: Path) -> None:
    receiver = HttpReceiver()
    server, client = contexts(tmp_path, HOST)
    other, trusted = contexts(tmp_path, "other.example")
    with http_server(receiver, server) as port:
        channel(f"https://{HOST}:{port}/", context=client).deliver(notice())
    with http_server(receiver, other) as port, pytest.raises(DeliveryFailed, match="not reached"):
        channel(f"https://{HOST}:{port}/", context=trusted).deliver(notice())
    with http_server(receiver, server) as port, pytest.raises(DeliveryFailed, match="not reached"):
        channel(f"https://{HOST}:{port}/").deliver(notice())
    assert len(receiver.posted) == 1


def test_a_name_that_answers_differently_the_second_time_changes_nothing() -> None:
    """The classic of rebinding: public when it is checked, inner when it is used. It is asked once."""
    receiver = HttpReceiver()
    rule = TargetRule(allow_http=True)
    with http_server(receiver) as port:
        names = Names(("203.0.113.7",), HERE)
        with pytest.raises(DeliveryFailed, match="not public"):  # a documentation network, never routed
            channel(f"http://{HOST}:{port}/", names, rule=rule).deliver(notice())
        names = Names(("8.8.8.8", "127.0.0.1"))
        with pytest.raises(DeliveryFailed, match="loopback"):
            channel(f"http://{HOST}:{port}/", names, rule=rule).deliver(notice())
    assert receiver.posted == []
    assert names.asked == [HOST]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"],
)
def test_an_inner_address_is_not_connected_to(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def connects(*_: object) -> None:
        raise AssertionError("connected")

    monkeypatch.setattr(socket.socket, "connect", connects)
    rule = TargetRule(allow_http=True)
    shown = f"[{address}]" if ":" in address else address
    for url in (f"http://{HOST}/x", f"http://{shown}/x"):
        with pytest.raises(DeliveryFailed, match="leads to an address that is"):
            channel(url, Names([address]), rule=rule).deliver(notice())


def test_a_host_that_is_allowed_may_be_inside_but_never_where_machines_get_their_credentials() -> None:
    hook = channel(f"http://{HOST}/x", Names(["169.254.169.254"]))
    with pytest.raises(DeliveryFailed, match="link-local"):
        hook.deliver(notice())


@pytest.mark.parametrize(
    "place", ["http://169.254.169.254/latest/meta-data", "http://127.0.0.1:{port}/inner"]
)
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(code: int, place: str) -> None:
    inner = HttpReceiver()
    with http_server(inner) as port:
        outer = HttpReceiver(status(code, Location=place.format(port=port)))
        with http_server(outer) as outer_port, pytest.raises(DeliveryRefused, match=f"elsewhere .{code}."):
            channel(f"http://{HOST}:{outer_port}/").deliver(notice())
    assert inner.posted == []
    assert len(outer.posted) == 1


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert posted_to(HttpReceiver()).path == "/in?token=t"


def test_addresses_are_tried_in_turn() -> None:
    receiver = HttpReceiver()
    posted_to(receiver, names=Names(("127.0.0.2", "127.0.0.1")))
    assert len(receiver.posted) == 1


@pytest.mark.parametrize("code", [500, 502, 503, 408, 425, 429])
def test_what_may_pass_is_another_try(code: int) -> None:
    with pytest.raises(DeliveryFailed, match=f"answered {code}"):
        posted_to(HttpReceiver(status(code)))


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 413])
def test_what_will_not_pass_is_given_up(code: int) -> None:
    with pytest.raises(DeliveryRefused, match=f"does not take the message .{code}."):
        posted_to(HttpReceiver(status(code)))


def test_an_answer_without_end_is_not_read() -> None:
    started = time.monotonic()
    posted_to(HttpReceiver(endless))
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("answer", [dripping_head, huge_head, silence, nonsense, hang_up])
def test_an_answer_that_is_none_ends_in_time(answer: Any) -> None:
    started = time.monotonic()
    with pytest.raises(DeliveryFailed):
        posted_to(HttpReceiver(answer), limits=QUICK)
    assert time.monotonic() - started < 2.5


def test_a_host_that_is_not_there_or_not_known_is_another_try() -> None:
    def unknown(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(DeliveryFailed, match="not reached: ConnectError"):
        channel(f"http://{HOST}:{port}/").deliver(notice())
    with pytest.raises(DeliveryFailed, match="host is not known"):
        channel(f"http://{HOST}/", unknown).deliver(notice())  # type: ignore[arg-type]
    with pytest.raises(DeliveryFailed, match="has no address"):
        channel(f"http://{HOST}/", Names(())).deliver(notice())


def test_no_error_repeats_the_address_which_may_hold_a_token() -> None:
    for answer in (status(404), status(500), status(302, Location="https://x"), hang_up):
        with pytest.raises((DeliveryFailed, DeliveryRefused)) as failed:
            posted_to(HttpReceiver(answer))
        assert "token" not in str(failed.value)
