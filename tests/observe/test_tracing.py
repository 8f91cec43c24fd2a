from __future__ import annotations

import contextvars
import threading

import pytest
from opentelemetry.trace import StatusCode

from amalimart.core.errors import ModelFailed
from amalimart.observe import spans
from amalimart.observe.instruments import OTHER, Owner
from amalimart.observe.sdk.starting import Telemetry, TelemetryOptions
from amalimart.observe.spans import SPANS, told, within
from amalimart.observe.work import current_work, note_release, working
from tests.observe.recorded import Recorded

CANARY = "ama.serwaa@canary.test"


def test_a_piece_of_work_is_one_trace_with_its_parts_below_it(engine: Recorded) -> None:
    with working(spans.RELEASE_BUILD) as work:
        with within(spans.MODELS):
            told(spans.MODEL, 1, model="gold.fact_orders", fate="changed", rows=3)
        work.set(release_id=7)
    (model,), (models,), (build,) = (
        engine.named(name) for name in ("release.model", "release.models", "release.build")
    )
    assert build.parent is None
    assert models.parent is not None
    assert models.parent.span_id == build.context.span_id
    assert model.parent is not None
    assert model.parent.span_id == models.context.span_id
    assert f"{build.context.trace_id:032x}" == work.trace_id
    assert dict(model.attributes or {}) == {"model": "gold.fact_orders", "fate": "changed", "rows": 3}
    assert dict(build.attributes or {}) == {"release.id": 7}


def test_two_pieces_of_work_have_nothing_in_common(engine: Recorded) -> None:
    ids = []
    for _ in range(2):
        with working(spans.REQUEST) as work:
            ids.append((work.run_id, work.trace_id))
    assert len({run for run, _ in ids}) == len({trace for _, trace in ids}) == 2
    assert len(engine.spans) == 2


def test_a_look_that_found_nothing_leaves_no_trace(engine: Recorded) -> None:
    with working(spans.INGEST_BATCH) as work:
        work.forget()
    assert engine.spans == ()


def test_an_error_is_noted_by_its_code_and_never_by_its_words(engine: Recorded) -> None:
    def fails() -> None:
        current_work().forget()
        raise ModelFailed(f"could not convert {CANARY}")

    with pytest.raises(ModelFailed), working(spans.RELEASE_BUILD), within(spans.MODELS):
        fails()
    with pytest.raises(KeyError), within(spans.CHECKS):
        raise KeyError(CANARY)
    found = {span.name: span for span in engine.spans}
    assert set(found) == {"release.models", "release.build", "release.checks"}
    assert all(span.status.status_code is StatusCode.ERROR for span in found.values())
    assert (found["release.build"].attributes or {})["error.type"] == "model_failed"
    assert (found["release.checks"].attributes or {})["error.type"] == "internal"
    assert CANARY not in engine.everything()


def test_an_attribute_is_a_number_or_a_name_of_the_project(engine: Recorded) -> None:
    with within(spans.QUERY) as asking:
        asking.set(metrics=["gmv", CANARY, "Ama Serwaa", "+233 24 412 3456"], rows=3)
    with working(spans.REQUEST) as work:
        work.set(http_route="/api/v1/dimensions/{name}/values", http_request_method="GET OR 1=1")
    query, request = engine.spans
    assert (query.attributes or {})["metrics"] == ("gmv", OTHER, OTHER, OTHER)
    assert (request.attributes or {})["http.route"] == "/api/v1/dimensions/{name}/values"
    assert (request.attributes or {})["http.request.method"] == OTHER


def test_an_attribute_that_is_not_declared_is_a_defect() -> None:
    with pytest.raises(ValueError, match="has no attribute filter"), within(spans.QUERY) as asking:
        asking.set(filter=CANARY)


def test_spans_are_named_once() -> None:
    assert len({span.name for span in SPANS}) == len(SPANS) > 10


def test_the_release_of_a_piece_of_work_is_known_wherever_its_context_goes(engine: Recorded) -> None:
    with working(spans.REQUEST, "api") as work:
        thread = threading.Thread(target=contextvars.copy_context().run, args=(note_release, 12))
        thread.start()
        thread.join()
        assert work.release_id == current_work().release_id == 12
        assert current_work().door == "api"
    note_release(13)
    assert current_work().release_id is None
    assert len(engine.spans) == 1


def test_without_a_receiver_work_has_its_trace_id_and_nothing_is_kept() -> None:
    with Telemetry(TelemetryOptions("engine", Owner.ENGINE)), working(spans.REQUEST) as work:
        assert len(work.trace_id) == 32
        assert int(work.trace_id, 16) > 0
