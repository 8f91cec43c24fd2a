"""What a process is working on: one build, one batch, one request. Its ids stand in every line of the log.

A piece of work is one trace. Whatever it calls, in its own thread or in one that inherits its context, adds
spans to that trace and may say which release it turned out to be about.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from amalimart.core.errors import AmalimartError, Internal
from amalimart.observe.recording import OpenSpan, recorder
from amalimart.observe.spans import Span


class Work:
    """One piece of work.

    run_id      of this piece; of a request, what its answer carries as X-Request-ID
    trace_id    of its trace; empty where nothing is traced
    door        of a request: how it came in
    release_id  the release that it built or answered from, once it is known
    """

    def __init__(self, span: Span | None = None, opened: OpenSpan | None = None, door: str = "") -> None:
        self.run_id = secrets.token_hex(8)
        self.trace_id = opened.trace_id if opened else ""
        self.door = door
        self.release_id: int | None = None
        self.error: str | None = None
        self.is_kept = True
        self._span = span
        self._opened = opened

    def set(self, **attributes: object) -> None:
        """Add attributes to the span of the whole work: http_route for http.route."""
        if self._span is not None and self._opened is not None:
            self._opened.set(self._span.attributed(attributes))

    def fail(self, code: str) -> None:
        """It failed with an error of this code."""
        self.error = code

    def forget(self) -> None:
        """There was nothing to do: no trace is left of it."""
        self.is_kept = False


_process = Work()
_current: ContextVar[Work] = ContextVar("work", default=_process)


def current_work() -> Work:
    """What is being worked on; outside of any, the process itself."""
    return _current.get()


def note_release(release_id: int) -> None:
    """Say which release the work is about."""
    work = _current.get()
    if work is not _process:
        work.release_id = release_id


@contextmanager
def working(span: Span, door: str = "") -> Iterator[Work]:
    """Do one piece of work, with a run id and a trace of its own."""
    opened = recorder().begin(span.name, is_root=True)
    work = Work(span, opened, door)
    token = _current.set(work)
    try:
        yield work
    except AmalimartError as error:
        work.fail(error.code)
        raise
    except BaseException:
        work.fail(Internal.code)
        raise
    finally:
        _current.reset(token)
        opened.end(work.error, is_kept=work.is_kept or work.error is not None)
