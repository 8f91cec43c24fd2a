from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalimart.core.errors import ModelFailed
from amalimart.observe.logs import LINE_FIELDS, log_to_file
from amalimart.observe.masking import without_personal_data, without_quoted
from amalimart.observe.spans import RELEASE_BUILD
from amalimart.observe.work import note_release, working
from tests.observe.recorded import Recorded

EMAIL, PHONE, NAME = "ama.serwaa@canary.test", "+233 24 412 3456", "Ama O'Serwaa"
log = logging.getLogger("amalimart.test")


class Lines:
    def __init__(self, folder: Path) -> None:
        self._file = folder / "engine.log"

    @property
    def text(self) -> str:
        return self._file.read_text()

    def __call__(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Lines]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    log_to_file(tmp_path, "engine")
    yield Lines(tmp_path)
    for handler in root.handlers:
        handler.close()
    root.handlers[:], level = before
    root.setLevel(level)


def test_every_line_says_which_work_which_release_and_which_trace(lines: Lines, engine: Recorded) -> None:
    log.info("outside")
    with working(RELEASE_BUILD) as work:
        log.info("before it is known")
        note_release(7)
        log.info("inside", extra={"rows": 3})
    outside, before, inside = lines()
    assert list(outside) == list(LINE_FIELDS)
    assert (inside["run_id"], inside["release_id"], inside["trace_id"], inside["rows"]) == (
        work.run_id,
        7,
        f"{engine.spans[0].context.trace_id:032x}",
        3,
    )
    assert before["run_id"] == work.run_id
    assert before["release_id"] is None
    assert outside["run_id"] != work.run_id
    assert outside["trace_id"] is None


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("cannot reach mysql://shop:s3cret@db:3306/app", "cannot reach mysql://shop:***@db:3306/app"),
        ("dsn password=s3cret host=db", "dsn password=*** host=db"),
        (f"no user {EMAIL}, ask", "no user ***, ask"),
        (f"<{EMAIL}>", "<***>"),
        (f"called {PHONE}.", "called ***."),
        ("number 0244123456 and 4111 1111 1111 1111", "number *** and ***"),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer ***"),
        (
            "release 12 of 2026-03-10T12:00:00 in 1.234567890 s",
            "release 12 of 2026-03-10T12:00:00 in 1.234567890 s",
        ),
        ("shop@127.0.0.1:5432/shop", "shop@127.0.0.1:5432/shop"),
        ("model.marketplace.fact_orders at 0/15D6A480", "model.marketplace.fact_orders at 0/15D6A480"),
    ],
)
def test_a_text_is_cleaned_of_credentials_and_of_what_tells_a_person(
    lines: Lines, text: str, clean: str
) -> None:
    log.info("%s", text, extra={"said": [text], "more": {"deep": text}})
    (line,) = lines()
    assert (line["event"], line["said"], line["more"]) == (clean, [clean], {"deep": clean})


def test_what_an_error_says_has_no_quoted_values_and_where_it_is_stays(lines: Lines) -> None:
    error = ModelFailed(
        f"could not convert '{NAME}' to a number", where="model 'fact_orders'", next_step='remove "Ama"'
    )
    log.error("release not published", extra={"error": error.as_dict()})
    (line,) = lines()
    assert line["error"]["what"] == "could not convert ***"
    assert line["error"]["where"] == "model 'fact_orders'"
    assert line["error"]["next_step"] == "remove ***"


def test_a_traceback_says_where_and_not_what(lines: Lines) -> None:
    def fails() -> None:
        try:
            int(NAME)
        except ValueError as error:
            raise KeyError(EMAIL) from error

    try:
        fails()
    except KeyError:
        log.exception("defect")
    (line,) = lines()
    assert NAME not in lines.text
    assert EMAIL not in lines.text
    said = line["exception"].splitlines()
    assert [each for each in said if not each.startswith(" ")] == ["ValueError", "KeyError"]
    assert "in fails" in line["exception"]
    assert "test_logs.py:" in line["exception"]


def test_a_library_that_complains_all_the_time_is_heard_once(lines: Lines) -> None:
    exporter = logging.getLogger("opentelemetry.exporter")
    for _ in range(50):
        exporter.warning("receiver away: %s", "x")
        log.warning("ours")
    events = [line["event"] for line in lines()]
    assert events.count("receiver away: x") == 1
    assert events.count("ours") == 50


def test_what_a_library_tells_in_passing_is_not_kept(lines: Lines) -> None:
    logging.getLogger("httpx").info("GET /values?search=x")
    logging.getLogger("httpx").warning("trouble")
    assert [line["event"] for line in lines()] == ["trouble"]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("the shop's slot isn't there", "the shop's slot isn't there"),
        ("cannot read 'Ama' of \"x\" here", "cannot read *** of *** here"),
        ("value 'O'Brien' is bad", "value ***"),
        ("value \"it's 'so' here\" is bad", "value *** is bad"),
        ("value b't is mine' is bad", "value b*** is bad"),
        ("column `Ama` is bad", "column *** is bad"),
    ],
)
def test_what_stands_in_quotes_is_taken_out_of_the_words_of_an_error(text: str, clean: str) -> None:
    assert without_quoted(text) == clean


@given(
    before=st.text(alphabet="abc ", max_size=8),
    value=st.text(min_size=1, max_size=20),
    quote=st.sampled_from("'\"`"),
)
def test_nothing_between_quotes_survives_whatever_it_holds(before: str, value: str, quote: str) -> None:
    cleaned = without_quoted(f"{before} {quote}{value}{quote} to INT")
    assert cleaned in {f"{before} ***", f"{before} *** to INT"}
    if quote not in value:
        assert without_quoted(f"{before} {quote}{value}") == f"{before} ***"


@given(st.emails())
def test_no_address_survives(email: str) -> None:
    if not set(email) & set("'\"<>()[]{},;:= ") and email.rpartition(".")[2].isalnum():
        assert email not in without_personal_data(f"user {email} not found")
