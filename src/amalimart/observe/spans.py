"""Every span of the product, declared once with the attributes that it may have.

An attribute is a whole number, or names that files of the project or of the product give: of a source, a
model, a metric, a route. What is no such name becomes `other`: no value of a filter or of a row can leave.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from amalimart.core.errors import AmalimartError, Internal
from amalimart.observe.instruments import OTHER
from amalimart.observe.recording import AttributeValue, OpenSpan, recorder

_NAME = re.compile(r"[A-Za-z0-9_/{}:.-]{1,120}")
_MOST_NAMES = 50


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of work: its name, what it covers, and attribute -> meaning."""

    name: str
    meaning: str
    attributes: Mapping[str, str]

    def attributed(self, given: Mapping[str, object]) -> dict[str, AttributeValue]:
        """The attributes as they may leave. Raises ValueError for an undeclared one: a defect of ours."""
        unknown = given.keys() - {each.replace(".", "_") for each in self.attributes}
        if unknown:
            raise ValueError(f"the span {self.name} has no attribute {min(unknown)}")
        return {
            name: _allowed(given[name.replace(".", "_")])
            for name in self.attributes
            if name.replace(".", "_") in given
        }


def _allowed(value: object) -> AttributeValue:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, tuple | list):
        return tuple(_plain(each) for each in value[:_MOST_NAMES])
    return _plain(value)


def _plain(value: object) -> str:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else OTHER


class Within:
    """A span that is under way inside a piece of work."""

    def __init__(self, declared: Span, opened: OpenSpan) -> None:
        self._declared = declared
        self._opened = opened

    def set(self, **attributes: object) -> None:
        """Add attributes: http_route for http.route."""
        self._opened.set(self._declared.attributed(attributes))


@contextmanager
def within(span: Span) -> Iterator[Within]:
    """A span of the work under way. An error that leaves it is noted by its code, never by its words."""
    opened = recorder().begin(span.name, is_root=False)
    failed: str | None = Internal.code
    try:
        yield Within(span, opened)
        failed = None
    except AmalimartError as error:
        failed = error.code
        raise
    finally:
        opened.end(failed, is_kept=True)


def told(span: Span, began_ns: int, **attributes: object) -> None:
    """A span of the work under way that is over: from a moment of `time.time_ns` until now."""
    recorder().told(span.name, began_ns, span.attributed(attributes))


_SOURCE = {"source": "name of the source"}
_ROWS = {"rows": "how many rows"}
_RELEASE = {"release.id": "number of the release"}

RELEASE_BUILD = Span(
    "release.build",
    "One build, from the look at the lake to the commit.",
    _RELEASE | {"models": "how many"} | _ROWS,
)
COMPILE = Span("release.compile", "dbt compiles the project; only where its files or columns changed.", {})
READ_BRONZE = Span("release.read_bronze", "What has arrived since the last release is taken up.", {})
MODELS = Span("release.models", "All models are brought up to date.", {})
MODEL = Span(
    "release.model", "One model that changed.", {"model": "its table", "fate": "changed or rebuilt"} | _ROWS
)
CHECKS = Span(
    "release.checks", "The checks of the build are run.", {"failing": "how many checks some row breaks"}
)
COMMIT = Span("release.commit", "The transaction of the release is committed.", _RELEASE)
REQUEST = Span(
    "request",
    "One request to the engine.",
    {
        "http.request.method": "the verb",
        "http.route": "the route as it is declared, its parameters not filled in",
        "http.response.status_code": "the status",
    },
)
QUERY = Span(
    "semantic.query", "One question is answered.", _RELEASE | {"metrics": "names of the metrics"} | _ROWS
)
QUESTION_FILE = Span(
    "question.file", "One due moment of a scheduled question is answered and its file written.", {}
)
OPERATION = Span(
    "warehouse.operation", "The served file is built anew, compacted or copied.", {"kind": "which of them"}
)
INGEST_BATCH = Span(
    "ingest.batch",
    "One look at the source that ended with a batch; it begins with waiting for news.",
    _SOURCE | {"kind": "kind of the batch"} | _ROWS | {"version": "number of the commit"},
)
JOURNAL = Span("lake.journal", "A batch is written into the journal until it is durable.", _SOURCE)
SEAL = Span("lake.seal", "The batches of the journal get their files.", _SOURCE)

SPANS: tuple[Span, ...] = tuple(each for each in list(globals().values()) if isinstance(each, Span))
"""All of them, in the order in which they stand here."""
