"""Sending to a receiver: it gets what was counted and traced, and one that is away costs nobody anything."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from amalimart.config.project import Settings
from amalimart.config.telemetry_settings import TelemetrySettings
from amalimart.observe.instruments import Owner
from amalimart.observe.metrics import SIGN_IN_FAILURES
from amalimart.observe.sdk.starting import Telemetry, TelemetryOptions
from amalimart.observe.spans import RELEASE_BUILD, told
from amalimart.observe.work import working


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps what is posted; a slow one does not answer for a long while."""

    daemon_threads = True

    def __init__(self, seconds: float) -> None:
        self.got: dict[str, list[bytes]] = {}
        self.seconds = seconds
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Receiver)
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.setdefault(self.path, []).append(body)
        time.sleep(self.server.seconds)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def receiver(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    with Receiver(getattr(request, "param", 0.0)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def options(endpoint: str) -> TelemetryOptions:
    return TelemetryOptions("engine", Owner.ENGINE, endpoint)


def test_a_receiver_gets_spans_and_figures(receiver: Receiver) -> None:
    with Telemetry(options(receiver.address + "/")), working(RELEASE_BUILD) as work:
        SIGN_IN_FAILURES.add()
    (body,) = receiver.got["/v1/traces"]
    sent = ExportTraceServiceRequest.FromString(body)
    (span,) = sent.resource_spans[0].scope_spans[0].spans
    assert (span.name, span.trace_id.hex()) == ("release.build", work.trace_id)
    resource = {each.key: each.value.string_value for each in sent.resource_spans[0].resource.attributes}
    assert (resource["service.name"], resource["amalimart.process"]) == ("amalimart", "engine")
    assert b"amalimart_sign_in_failures_total" in b"".join(receiver.got["/v1/metrics"])


def nobody() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def endure(endpoint: str) -> tuple[float, float]:
    """Processor seconds of 5,000 spans, more than fit into the queue, and seconds that the end took."""
    telemetry = Telemetry(options(endpoint))
    with telemetry:
        began = time.thread_time()
        for number in range(2_500):
            with working(RELEASE_BUILD):
                told(RELEASE_BUILD, time.time_ns(), release_id=number)
        spent = time.thread_time() - began
        ending = time.monotonic()
    return spent, time.monotonic() - ending


def test_one_that_is_away_slows_nothing_down_and_keeps_no_process_from_ending() -> None:
    spent, ended = endure(nobody())
    assert spent < 3
    assert ended < 4


@pytest.mark.parametrize("receiver", [30.0], indirect=True)
def test_neither_does_one_that_hangs(receiver: Receiver) -> None:
    spent, ended = endure(receiver.address)
    assert spent < 3
    assert ended < 4


def test_nothing_is_sent_unless_a_receiver_is_named() -> None:
    assert Settings().telemetry == TelemetrySettings()
    assert Settings().telemetry.otlp_endpoint is None
    assert not Settings().telemetry.open_metrics
    assert Settings().telemetry.metrics_token is None


@pytest.mark.parametrize(
    "given",
    [
        {"otlp_endpoint": "127.0.0.1:4318"},
        {"otlp_endpoint": "ftp://collector"},
        {"otlp_endpoint": "http://"},
        {"otlp_endpoint": "http://user:pw@collector:4318"},
        {"otlp_endpoint": "http://collector:4318/?key=1"},
        {"metrics_token": "the-token-itself"},
        {"open_metrics": "maybe"},
        {"more": 1},
    ],
)
def test_settings_that_make_no_sense_or_hold_a_secret_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        TelemetrySettings.model_validate(given)
