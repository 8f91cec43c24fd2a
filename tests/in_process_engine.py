"""Commands that ask a running engine, answered in the process of the test on given services."""

from __future__ import annotations

from typing import Any, Self

import pytest

from amalimart.api.app import create_app
from amalimart.api.services import AppServices
from amalimart.core.errors import rebuilt
from amalimart.processes.services import OPERATOR
from tests.web.asgi_client import TestClient


def engine_in_process(monkeypatch: pytest.MonkeyPatch, services: AppServices) -> TestClient:
    """Have every command that is run from now on ask these services, as the local operator."""
    client = TestClient(create_app(services, local_operator=OPERATOR))

    class InProcess:
        def __init__(self, _project: object, _acting_as: str | None = None) -> None: ...

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...

        def get(self, path: str) -> Any:
            return self._answer(client.get(f"/api/v1{path}"))

        def post(self, path: str, body: dict[str, Any], _seconds: float = 0) -> Any:
            return self._answer(client.post(f"/api/v1{path}", json=body))

        def _answer(self, response: Any) -> Any:
            if response.is_error:
                raise rebuilt(response.json()["error"])
            return response.json()

    monkeypatch.setattr("amalimart.processes.client.EngineClient", InProcess)
    return client
