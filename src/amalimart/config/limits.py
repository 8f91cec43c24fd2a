"""What one reader, and all of them together, may take of the engine."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from amalimart.config.strict_yaml import StrictModel

_Rows = Annotated[int, Field(ge=1, le=100_000_000)]


class ExportRows(StrictModel):
    """How many rows an exported answer may have, by role; `own_roles` is for those of the project's own."""

    admin: _Rows = 1_000_000
    analyst: _Rows = 1_000_000
    executive: _Rows = 200_000
    vendor: _Rows = 200_000
    support: _Rows = 50_000
    delivery: _Rows = 50_000
    own_roles: _Rows = 50_000


class LimitSettings(StrictModel):
    """Bounds on questions and requests.

    questions_at_once    questions that the engine answers at a time
    questions_waiting    questions that wait for a turn; more are refused
    question_seconds     how long one may take
    exports_at_once      answers that are written to files at a time
    export_seconds       how long one may take
    export_rows          rows of such an answer, by role
    requests_per_second  of one reader over a time
    requests_at_once     of one reader at a moment
    cache_mb             memory for answers that were given before
    engine_memory_mb     memory that the engine may take; by default a share of what there is
    """

    questions_at_once: int = Field(default=4, ge=1, le=64)
    questions_waiting: int = Field(default=16, ge=0, le=1_000)
    question_seconds: float = Field(default=30, ge=0.1, le=3_600)
    exports_at_once: int = Field(default=2, ge=1, le=64)
    export_seconds: float = Field(default=120, ge=0.1, le=86_400)
    requests_per_second: float = Field(default=20, ge=0.1, le=100_000)
    requests_at_once: int = Field(default=100, ge=1, le=1_000_000)

    export_rows: ExportRows = ExportRows()
    cache_mb: int = Field(default=64, ge=0, le=65_536)
    engine_memory_mb: int | None = Field(default=None, ge=512, le=16_777_216)
