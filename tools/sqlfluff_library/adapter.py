"""dbt's `adapter`, as far as macros ask it, for the SQL linter: the models are linted as DuckDB's."""

from __future__ import annotations

from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from jinja2.utils import missing


@pass_context
def dispatch(context: Context, name: str) -> Any:
    """The macro that DuckDB has of that name."""
    found = context.resolve_or_missing(f"duckdb__{name}")
    return context.resolve(f"default__{name}") if found is missing else found
