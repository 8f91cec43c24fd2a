"""No value of a row, no person and no secret is in a log, figure, span, or the record of a blocked build."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from amalimart.observe import logs, spans
from amalimart.observe.instruments import Label
from amalimart.warehouse import building
from tests.observe.canary_shop import BROKEN, CanaryShop
from tests.orchestrate.landed_shop import tiny_models


@pytest.fixture(scope="module", autouse=True)
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with tiny_models(tmp_path_factory.mktemp("tiny")):
        yield


@pytest.fixture
def own_log() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    for handler in set(root.handlers) - set(before):
        handler.close()
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture
def shop(tmp_path: Path, own_log: None) -> CanaryShop:  # noqa: ARG001 - it puts the handlers back
    return CanaryShop(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("broken", [["of_text"], [*BROKEN]], ids=["one model", "all models"])
def test_no_canary_is_seen_anywhere(
    shop: CanaryShop, monkeypatch: pytest.MonkeyPatch, broken: list[str]
) -> None:
    shop.live(monkeypatch, broken)
    for place, text in shop.everything.items():
        assert shop.canaries.seen_in(text) == set(), place
    lines = [json.loads(line) for line in shop.logs.splitlines()]
    events = [line["event"] for line in lines]
    failed = [line["error"] for line in lines if line["event"] == "release not published" and "error" in line]
    assert {"committed", "ingest failed", "release published", "release not published"} <= set(events)
    assert len(failed) == len(broken)
    assert {error["code"] for error in failed} == {"model_failed"}
    for name, error in zip(broken, failed, strict=True):
        assert name in error["what"]
    assert all({"run_id", "release_id", "trace_id"} <= line.keys() for line in lines)
    published = next(line for line in lines if line["event"] == "release published")
    assert published["release_id"] == 1
    assert published["trace_id"] in shop.everything["figures and spans"]
    traced = shop.everything["figures and spans"]
    for span in (
        "ingest.batch",
        "release.build",
        "release.model",
        "release.commit",
        "semantic.query",
        "request",
    ):
        assert f'"name": "{span}"' in traced
    assert 'amalimart_ingest_failures_total{reason="source_unreachable",source="away"} 1.0' in traced
    assert f'amalimart_release_build_failures_total{{reason="model_failed"}} {len(broken)}.0' in traced
    assert "amalimart_publication_held 0.0" in traced


def _all_said(error: duckdb.Error) -> str:
    return str(error).splitlines()[0]


def _as_it_comes(_self: object, value: object) -> str:
    return str(value)


@pytest.mark.slow
def test_each_canary_is_seen_where_nothing_takes_it_out(
    shop: CanaryShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above can fail: without what defends each place, its canaries are found there."""
    monkeypatch.setattr(building, "in_words", _all_said)
    monkeypatch.setattr(logs, "without_quoted", str)
    monkeypatch.setattr(logs, "without_personal_data", str)
    monkeypatch.setattr(logs.JsonFormatter, "formatException", logging.Formatter.formatException)
    monkeypatch.setattr(Label, "allowed", _as_it_comes)
    monkeypatch.setattr(spans, "_plain", str)
    shop.live(monkeypatch, [*BROKEN])
    seen = {place: shop.canaries.seen_in(text) for place, text in shop.everything.items()}
    assert seen["logs"] >= {"email", "phone", "name", "source password", "session", "secret"}
    assert seen["blocked builds"] >= {"email", "phone", "name"}
