"""Every instrument of the product, declared once: the code, the endpoint and docs/monitoring.md hold to it.

Names follow Prometheus: the prefix, base units, `_total` for what only grows.
"""

from __future__ import annotations

from collections.abc import Iterator

from amalimart.core.errors import (
    AmalimartError,
    ConfigError,
    Internal,
    LakeError,
    SourceError,
    WarehouseError,
)
from amalimart.observe.instruments import Counter, Gauge, Histogram, Instrument, Label, Owner


def _codes(*kinds: type[AmalimartError]) -> tuple[str, ...]:
    def below(kind: type[AmalimartError]) -> Iterator[str]:
        yield kind.code
        for leaf in kind.__subclasses__():
            yield from below(leaf)

    return tuple(sorted({code for kind in kinds for code in below(kind)}))


_SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_LONG = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)
_ROWS = (1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0, 10_000_000.0)

SOURCE = Label("source", "name of the source in `amalimart.yml`")
PROCESS = Label("process", "the engine, or the ingest of a source, as its log file is named")
BATCH_KIND = Label("kind", "what the batch is", ("snapshot", "changes"))
DOOR = Label(
    "door",
    "how it was asked: by a page, by the API, on the engine's local socket, or by a schedule of somebody",
    ("page", "api", "socket", "schedule"),
)
SEVERITY = Label("severity", "an error holds a release back, a warning does not", ("error", "warning"))
CACHE = Label(
    "cache",
    "a page, an answer, a list of values, the plan of a question, the plan of such a list",
    ("page", "answer", "list", "plan", "values"),
)
RESULT = Label("result", "whether it was there", ("hit", "miss"))
OUTCOME = Label("outcome", "how it ended", ("answered", "refused", "failed"))
INGEST_REASON = Label("reason", "code of the error", _codes(SourceError, LakeError, ConfigError))
BUILD_REASON = Label(
    "reason", "code of the error", _codes(WarehouseError, LakeError, SourceError, ConfigError, Internal)
)
DENIAL_REASON = Label("reason", "code of the error", ("denied", "not_found", "not_signed_in"))

PROCESS_START = Gauge(
    "amalimart_process_start_time_seconds",
    "seconds",
    "When the process started, in Unix time.",
    (PROCESS,),
    Owner.BOTH,
)
PROCESS_UP = Gauge("amalimart_process_up", "", "1 where the process runs, else 0.", (PROCESS,))
SOURCE_LAG = Gauge(
    "amalimart_source_lag_seconds",
    "seconds",
    "How old the newest data of the source in the lake is; grows also while nothing reads the source.",
    (SOURCE,),
)
SOURCE_STOPPED_TABLES = Gauge(
    "amalimart_source_stopped_tables", "", "Tables that stand still because their shape changed.", (SOURCE,)
)
INGEST_BATCHES = Counter(
    "amalimart_ingest_batches_total",
    "",
    "Batches with rows that were committed to the lake.",
    (SOURCE, BATCH_KIND),
    Owner.INGEST,
)
INGEST_ROWS = Counter(
    "amalimart_ingest_rows_total", "rows", "Rows that were committed to the lake.", (SOURCE,), Owner.INGEST
)
BATCH_ROWS = Histogram(
    "amalimart_ingest_batch_rows", "rows", "Rows of a batch.", (SOURCE, BATCH_KIND), Owner.INGEST, _ROWS
)
BATCH_SECONDS = Histogram(
    "amalimart_ingest_batch_seconds",
    "seconds",
    "From the first row of a batch that was read until the batch was committed.",
    (SOURCE, BATCH_KIND),
    Owner.INGEST,
    _LONG,
)
INGEST_FAILURES = Counter(
    "amalimart_ingest_failures_total",
    "",
    "Tries to read the source and to commit that failed; each is tried again.",
    (SOURCE, INGEST_REASON),
    Owner.INGEST,
)
JOURNAL_SECONDS = Histogram(
    "amalimart_journal_write_seconds",
    "seconds",
    "Writing a batch into the journal until it is durable.",
    (SOURCE,),
    Owner.INGEST,
    _SHORT,
)
SEAL_SECONDS = Histogram(
    "amalimart_journal_seal_seconds",
    "seconds",
    "Giving the batches of the journal their files.",
    (SOURCE,),
    Owner.INGEST,
    _LONG,
)
RELEASE_ID = Gauge("amalimart_release_id", "", "Number of the release that is served.")
RELEASE_PUBLISHED = Gauge(
    "amalimart_release_published_timestamp_seconds",
    "seconds",
    "When the release that is served was published, in Unix time.",
)
BUILD_SECONDS = Histogram(
    "amalimart_release_build_seconds", "seconds", "Building a release that was published.", buckets=_LONG
)
BUILD_ROWS = Histogram(
    "amalimart_release_build_rows", "rows", "Rows that such a build wrote.", buckets=(0.0, *_ROWS)
)
BUILD_FAILURES = Counter(
    "amalimart_release_build_failures_total",
    "",
    "Builds that failed or were held back; each is tried again.",
    (BUILD_REASON,),
)
PUBLICATION_HELD = Gauge(
    "amalimart_publication_held", "", "1 while the last build failed or was held back, else 0."
)
CHECK_FAILURES = Counter(
    "amalimart_check_failures_total",
    "",
    "Checks that some row broke, in a build that was published or held back.",
    (SEVERITY,),
)
QUARANTINE_ROWS = Gauge(
    "amalimart_quarantine_rows", "rows", "Rows that cannot be used, as of the release.", (SOURCE,)
)
QUARANTINE_RATIO = Gauge(
    "amalimart_quarantine_ratio",
    "",
    "Their share of the rows that the mapping wants, from 0 to 1.",
    (SOURCE,),
)
QUERY_SECONDS = Histogram(
    "amalimart_query_seconds",
    "seconds",
    "Planning and answering one question; a page asks several.",
    (DOOR, OUTCOME),
    buckets=_SHORT,
)
REQUEST_SECONDS = Histogram(
    "amalimart_request_seconds", "seconds", "Answering one request.", (DOOR, OUTCOME), buckets=_SHORT
)
CACHE_LOOKUPS = Counter(
    "amalimart_cache_lookups_total", "", "Looks into what was answered or planned before.", (CACHE, RESULT)
)
POLICY_DENIALS = Counter(
    "amalimart_policy_denials_total",
    "",
    "Questions and requests that the reader may not ask, or asked without a session.",
    (DENIAL_REASON,),
)
SIGN_IN_FAILURES = Counter("amalimart_sign_in_failures_total", "", "Sign-ins with a wrong name or password.")
OPEN_SESSIONS = Gauge("amalimart_open_sessions", "", "Sessions that have not ended.")

INSTRUMENTS: tuple[Instrument, ...] = tuple(
    each for each in list(globals().values()) if isinstance(each, Counter | Histogram | Gauge)
)
"""All of them, in the order in which they stand here."""
