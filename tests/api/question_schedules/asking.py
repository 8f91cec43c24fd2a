"""What the tests of scheduled questions ask of the interface."""

from __future__ import annotations

import csv
import io
from typing import Any

from tests.web.asgi_client import TestClient

SALES = {"metrics": ["item_gmv"], "by": ["product"], "from": "2024-01-01", "to": "2024-03-20"}
DAILY = {"every": "day", "at": "07:30", "format": "csv"}


def save(client: TestClient, sharing: str = "private", **changes: Any) -> str:
    body = {"name": "Sales of products", "sharing": sharing, "question": {**SALES, **changes}}
    return str(client.post("/api/v1/questions", json=body).json()["id"])


def put(client: TestClient, question: str, **wish: Any) -> dict[str, Any]:
    answer = client.put(f"/api/v1/questions/{question}/schedule", json={**DAILY, **wish})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def told(client: TestClient, question: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/questions/{question}/schedule")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def runs(client: TestClient, question: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = told(client, question)["runs"]
    return found


def address(question: str, run: dict[str, Any]) -> str:
    return f"/api/v1/questions/{question}/schedule/runs/{run['id']}/file"


def rows(client: TestClient, question: str, run: dict[str, Any]) -> list[list[str]]:
    answer = client.get(address(question, run))
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.text)))


def asked(client: TestClient) -> list[list[str]]:
    """The same question, exported from the explorer."""
    answer = client.post("/api/v1/query?format=csv", json=SALES)
    return list(csv.reader(io.StringIO(answer.text)))
