"""Tools for assistants, by the Model Context Protocol: everybody's questions through everybody's door.

Nothing here knows who asks or what they may see. Every tool is one request to the engine, which answers it,
or refuses it, as it does on any page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from amalimart import __version__
from amalimart.core.errors import AmalimartError

Get = Callable[[str], dict[str, Any]]
"""One resource of the interface as JSON; raises the typed error that it answered with."""

_INSTRUCTIONS = """Governed numbers of a marketplace. Find a metric with list_metrics, see in describe_metric
what it means and what it may be grouped by, then ask with query. Filter by keys from list_dimension_values.
Do not add up or divide answers yourself where a metric exists for it: a ratio is not the mean of ratios. Say
which release (receipt.release_id) a number is of, and repeat the receipt's notes."""

_Limit = Annotated[int, Field(ge=1, le=1_000)]
_Day = Annotated[str | None, Field(description="YYYY-MM-DD; both days or neither")]


def assistant_server(get: Get) -> MCPServer:
    """A server of tools that ask through `get`."""
    server = MCPServer("amalimart", version=__version__, instructions=_INSTRUCTIONS, log_level="ERROR")

    def asked(path: str, **parameters: object) -> dict[str, Any]:
        given = {name: value for name, value in parameters.items() if value is not None}
        try:
            return get(f"{path}?{urlencode(given, doseq=True)}" if given else path)
        except AmalimartError as error:
            raise ToolError(str(error)) from error

    @server.tool()
    def list_metrics(search: str = "", limit: _Limit = 100) -> dict[str, Any]:
        """The metrics that may be asked, with what they mean; `search` looks into names and meanings."""
        return asked("/catalog", kind="metric", search=search, limit=limit)

    @server.tool()
    def describe_metric(name: str) -> dict[str, Any]:
        """Everything about one metric: definition, unit, owner, the dimensions it may be grouped by."""
        for metric in asked("/metrics")["metrics"]:
            if name in {metric["name"], *metric["aliases"]}:
                return dict(metric)
        raise ToolError(f"no metric is called {name!r} here; list_metrics shows those that may be asked")

    @server.tool()
    def query(
        metrics: list[str],
        by: list[str] | None = None,
        grain: Annotated[str | None, Field(description="day, week, month, quarter or year")] = None,
        first_day: _Day = None,
        last_day: _Day = None,
        where: Annotated[
            str | None, Field(description="such as: category = 'k1' and vendor in (v1, v2)")
        ] = None,
        having: Annotated[list[str] | None, Field(description="such as: gmv >= 1000")] = None,
        order_by: Annotated[str | None, Field(description="a leading - means descending")] = None,
        limit: _Limit = 100,
        as_of: Annotated[
            int | None, Field(ge=1, description="a release by its number; only the current one is answered")
        ] = None,
    ) -> dict[str, Any]:
        """Answer one question: typed columns, rows, and a receipt of release, definitions and notes."""
        return asked(
            "/query",
            metrics=",".join(metrics),
            by=None if by is None else ",".join(by),
            grain=grain,
            **{"from": first_day, "to": last_day, "where": where, "having": having},
            order_by=order_by,
            limit=limit,
            as_of=as_of,
        )

    @server.tool()
    def list_dimension_values(dimension: str, search: str = "", limit: _Limit = 50) -> dict[str, Any]:
        """Keys and labels that a filter on the dimension may name."""
        return asked(f"/dimensions/{quote(dimension, safe='')}/values", search=search, limit=limit)

    return server
