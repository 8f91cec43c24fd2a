"""What one reader, and all of them together, may take of the engine."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from amalimart.config.strict_yaml import StrictModel

_Rows = Annotated[int, Field(ge=1, le=100_000_000)]


class ExportRows(StrictModel):
    """How many rows an exported answer may have, by role."""

    admin: _Rows = 1_000_000
    analyst: _Rows = 1_000_000
    executive: _Rows = 200_000
    vendor: _Rows = 200_000
    support: _Rows = 50_000
    delivery: _Rows = 50_000


class LimitSettings(StrictModel):
    """Bounds on questions and requests.

    export_rows  rows of an exported answer, by role
    cache_mb     memory for answers that were given before
    """

    export_rows: ExportRows = ExportRows()
    cache_mb: int = Field(default=64, ge=0, le=65_536)
