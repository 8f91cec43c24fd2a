"""Running a planned statement: what the engine answers, counted and traced, in our words where it refuses."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus

import pyarrow as pa

from amalimart.core.errors import AmalimartError, Internal, WarehouseError
from amalimart.observe.metrics import QUERY_SECONDS
from amalimart.observe.spans import QUERY, Within, within
from amalimart.observe.work import current_work
from amalimart.warehouse.file.reading import ReadTransaction, Rows

_log = logging.getLogger(__name__)


@contextmanager
def measured() -> Iterator[Within]:
    """Count and trace one question, however it ends."""
    began, outcome = time.perf_counter(), "failed"
    try:
        with within(QUERY) as asking:
            yield asking
        outcome = "answered"
    except AmalimartError as error:
        outcome = "refused" if error.http_status < HTTPStatus.INTERNAL_SERVER_ERROR else "failed"
        raise
    finally:
        QUERY_SECONDS.observe(time.perf_counter() - began, door=current_work().door, outcome=outcome)


def rows_of(transaction: ReadTransaction, sql: str, bound: Sequence[object]) -> Rows:
    """What the transaction answers."""
    with _in_our_words(sql):
        return transaction.rows(sql, bound)


def batches_of(
    transaction: ReadTransaction, sql: str, bound: Sequence[object], most_rows: int
) -> Iterator[pa.RecordBatch]:
    """The same in batches, up to so many rows."""
    with _in_our_words(sql):
        yield from transaction.batches(sql, bound, most_rows)


@contextmanager
def _in_our_words(sql: str) -> Iterator[None]:
    """Where the engine refuses a statement that we wrote, that is our defect.

    Its own words may quote a value of anybody's row, so they are neither shown nor logged.
    """
    try:
        yield
    except WarehouseError as error:
        if type(error) is not WarehouseError:
            raise
        _log.error("the engine refused a question", extra={"sql": sql})
        raise Internal(
            "This question could not be computed.", next_step="report it with the time at which you asked"
        ) from None
