from __future__ import annotations

import re

import pytest

from amalimart.core.errors import ModelFailed
from amalimart.observe import metrics
from amalimart.observe.exposition import merged
from amalimart.observe.instruments import OTHER, PREFIX, Counter, Histogram, Label, Owner, reading
from amalimart.observe.metrics import INSTRUMENTS
from tests.observe.recorded import Recorded, recorded, values_of

CANARY = "ama.serwaa@canary.test"


def test_names_and_units_are_those_of_prometheus() -> None:
    assert len({each.name for each in INSTRUMENTS}) == len(INSTRUMENTS) > 25
    for each in INSTRUMENTS:
        assert re.fullmatch(PREFIX + r"[a-z]+(_[a-z]+)*", each.name)
        assert each.name.endswith("_total") == isinstance(each, Counter)
        assert each.name.removesuffix("_total").endswith("_seconds") == (each.unit == "seconds")
        assert bool(getattr(each, "buckets", ())) == isinstance(each, Histogram)
        assert each.meaning.endswith(".")


def test_a_label_is_one_of_its_words_or_a_plain_name_and_nothing_else() -> None:
    closed, named = Label("door", "", ("page", "api")), Label("source", "")
    assert closed.allowed("api") == "api"
    assert named.allowed("shop_2") == "shop_2"
    for hostile in (CANARY, "", "Ama Serwaa", "+233244123456", "a" * 200, 'x"} 1\n', "page "):
        assert closed.allowed(hostile) == OTHER
        assert named.allowed(hostile) == OTHER


def test_only_sources_and_processes_have_labels_that_are_not_closed() -> None:
    open_labels = {label.name for each in INSTRUMENTS for label in each.labels if not label.values}
    assert open_labels == {"source", "process"}


def test_what_is_not_allowed_is_counted_without_its_value(engine: Recorded) -> None:
    metrics.BUILD_FAILURES.add(reason=CANARY)
    metrics.SOURCE_LAG.watch(lambda: [reading(3, source=CANARY)])
    assert engine.value("amalimart_release_build_failures_total", reason=OTHER) == 1
    assert engine.value("amalimart_source_lag_seconds", source=OTHER) == 3
    assert CANARY not in engine.everything()


def test_labels_other_than_the_declared_ones_are_a_defect_even_where_nobody_counts() -> None:
    for labels in ({}, {"reason": "x", "user": "y"}, {"user": "y"}):
        with pytest.raises(ValueError, match="has the labels"):
            metrics.BUILD_FAILURES.add(**labels)


def test_everything_declared_comes_out_under_its_name(engine: Recorded) -> None:
    for each in INSTRUMENTS:
        labels = {label.name: (label.values or ("shop",))[0] for label in each.labels}
        if isinstance(each, Counter):
            each.add(**labels)
        elif isinstance(each, Histogram):
            each.observe(0.3, **labels)
        elif each is not metrics.PROCESS_START:
            each.watch(lambda labels=labels: [reading(1, **labels)])  # type: ignore[misc]
    with recorded(Owner.INGEST, "ingest-shop") as ingest:
        for each in INSTRUMENTS:
            labels = {label.name: (label.values or ("shop",))[0] for label in each.labels}
            if isinstance(each, Counter):
                each.add(**labels)
            elif isinstance(each, Histogram):
                each.observe(0.3, **labels)
        text = merged([engine.telemetry.exposition(), ingest.telemetry.exposition()])
    found = set(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    assert found == {(each.name, each.kind) for each in INSTRUMENTS}
    helps = dict(re.findall(r"^# HELP (\S+) (.+)$", text, re.MULTILINE))
    assert helps == {each.name: each.meaning for each in INSTRUMENTS}


def test_the_first_failure_of_a_kind_can_be_told_from_none(engine: Recorded) -> None:
    name = "amalimart_release_build_failures_total"
    before = values_of(engine.telemetry.exposition())
    assert before[name, frozenset({("reason", ModelFailed.code)})] == 0


def test_a_figure_that_cannot_be_read_costs_no_other(
    engine: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    metrics.OPEN_SESSIONS.watch(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    metrics.RELEASE_ID.watch(lambda: [reading(7)])
    assert engine.value("amalimart_release_id") == 7
    assert "amalimart_open_sessions " not in engine.telemetry.exposition()
    assert [record.message for record in caplog.records][:1] == ["a figure cannot be read"]


def test_a_quantile_can_be_read_from_the_buckets(engine: Recorded) -> None:
    for _ in range(95):
        metrics.QUERY_SECONDS.observe(0.004, door="api", outcome="answered")
    for _ in range(5):
        metrics.QUERY_SECONDS.observe(2.0, door="api", outcome="answered")
    name = "amalimart_query_seconds_bucket"
    assert engine.value(name, le="0.005", door="api", outcome="answered") == 95
    assert engine.value(name, le="+Inf", door="api", outcome="answered") == 100


def test_texts_of_several_processes_become_one_with_each_metric_once() -> None:
    with recorded(Owner.INGEST, "ingest-a") as first:
        metrics.INGEST_ROWS.add(5, source="a")
        one = first.telemetry.exposition()
    with recorded(Owner.INGEST, "ingest-b") as second:
        metrics.INGEST_ROWS.add(7, source="b")
        other = second.telemetry.exposition()
    text = merged([one, "not {an exposition", other])
    assert text.count("# TYPE amalimart_ingest_rows_total counter") == 1
    found = values_of(text)
    assert found["amalimart_ingest_rows_total", frozenset({("source", "a")})] == 5
    assert found["amalimart_ingest_rows_total", frozenset({("source", "b")})] == 7


def test_a_process_counts_only_what_is_its_own() -> None:
    with recorded(Owner.INGEST, "ingest-a") as seen:
        metrics.SIGN_IN_FAILURES.add()
        metrics.RELEASE_ID.watch(lambda: [reading(7)])
        assert "sign_in" not in seen.telemetry.exposition()
        assert "release" not in seen.telemetry.exposition()


def test_where_telemetry_is_not_set_up_everything_goes_nowhere() -> None:
    with recorded() as seen:
        pass
    metrics.SIGN_IN_FAILURES.add()
    metrics.QUERY_SECONDS.observe(1, door="api", outcome="answered")
    assert seen.value("amalimart_sign_in_failures_total") == 0
