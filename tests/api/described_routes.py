"""Every operation of the interface as its own description tells it, for tests that go through all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI

from tests.web.asgi_client import TestClient

# What a request needs to get past its form, so that what is tried in one place reaches the code behind it.
PATHS = {
    "name": "item_gmv",
    "metric": "total_revenue",
    "check": "orders_reconcile",
    "table": "gold.fact_orders",
    "number": "1",
    "release_id": "1",
    "job": "backup",
    "user_id": "999",
    "run_id": "1",
}
QUERIES = {"metrics": "item_gmv", "month": "2024-01", "one": "1", "other": "1"}
BODIES: dict[str, Any] = {
    "metrics": ["item_gmv"],
    "reason": "because",
    "subject": "orders",
    "kind": "compact",
    "email": "kofi@shop.test",
    "role": "vendor",
    "vendor_ids": ["vB"],
}


@dataclass(frozen=True)
class Asked:
    """One request, and which of its places are texts."""

    method: str
    route: str
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    texts: tuple[tuple[str, str], ...] = ()

    @property
    def address(self) -> str:
        """The path, its parameters filled in."""
        filled = self.route
        for name, value in self.path.items():
            filled = filled.replace(f"{{{name}}}", quote(value, safe=""))
        return filled

    def with_text(self, place: str, name: str, text: str) -> Asked:
        """The request with one text of it replaced."""
        if place == "path":
            return Asked(self.method, self.route, {**self.path, name: text}, self.query, self.body)
        if place == "query":
            return Asked(self.method, self.route, self.path, {**self.query, name: text}, self.body)
        value: Any = [text] if name in {"metrics", "by"} else text
        if name == "filters":
            value = [{"dimension": "order_status", "values": [text]}, {"dimension": text, "values": ["x"]}]
        if name == "having":
            value = [{"metric": text, "value": "1"}]
        return Asked(self.method, self.route, self.path, self.query, {**(self.body or {}), name: value})


def requests_to(client: TestClient) -> Iterator[Asked]:
    """The same of the application that a client asks, which describes itself once."""
    assert isinstance(client.app, FastAPI)
    return requests_of(client.app)


def requests_of(app: FastAPI) -> Iterator[Asked]:
    """One plausible request for every operation."""
    document = app.openapi()
    for route, methods in document["paths"].items():
        for method, told in methods.items():
            parameters = told.get("parameters", [])
            names = {
                place: [each["name"] for each in parameters if each["in"] == place]
                for place in ("path", "query")
            }
            fields = _fields(told, document)
            body = {name: BODIES[name] for name in fields if name in BODIES} if fields is not None else None
            texts = [(place, name) for place, listed in names.items() for name in listed]
            texts += [("body", name) for name in fields or ()]
            yield Asked(
                method.upper(),
                route,
                {name: PATHS.get(name, "x") for name in names["path"]},
                {name: QUERIES[name] for name in names["query"] if name in QUERIES},
                body,
                tuple(texts),
            )


def _fields(told: dict[str, Any], document: dict[str, Any]) -> list[str] | None:
    if "requestBody" not in told:
        return None
    reference = told["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return list(document["components"]["schemas"][reference]["properties"])
