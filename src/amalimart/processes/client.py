"""The command line's way to the engine: over its local socket, or in this process where none runs.

Both ways speak the same HTTP interface, so an answer cannot depend on which one was taken.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from amalimart.config.project import Project, open_project
from amalimart.core.clock import SystemClock
from amalimart.core.errors import AmalimartError, EngineUnavailable, rebuilt
from amalimart.core.models import PublishedProject, read_published
from amalimart.orchestrate.project.runtime_files import read_report

_TIMEOUT_SECONDS = 60.0
_BASE = "http://engine"


def published_by(home: Path) -> PublishedProject | None:
    """What the running engine of a project published; None where none runs, or it cannot tell."""
    try:
        project = open_project(home)
        if read_report(project.run, "engine") is None:
            return None
        with EngineClient(project) as client:
            return read_published(client.get("/models"))
    except AmalimartError:
        return None


class EngineClient:
    """Asks the engine as the local operator, or as the user named by `acting_as`.

    `is_lasting` says that many questions may follow: what takes seconds is then worked out beside them.
    """

    def __init__(self, project: Project, acting_as: str | None = None, *, is_lasting: bool = False) -> None:
        self._headers = {"x-amalimart-as": acting_as} if acting_as else {}
        self._in_process: _InProcess | None = None
        report = read_report(project.run, "engine")
        if report is not None:
            self._transport = httpx.HTTPTransport(uds=str(report.fields["socket"]))
        else:
            self._in_process = _InProcess(project, is_lasting)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._in_process is not None:
            self._in_process.close()

    def get(self, path: str) -> dict[str, Any]:
        """GET one resource of the API as JSON. Raises the typed error that the engine answered with."""
        return self._send(httpx.Request("GET", f"{_BASE}/api/v1{path}", headers=self._headers))

    def post(self, path: str, body: dict[str, Any], seconds: float = _TIMEOUT_SECONDS) -> dict[str, Any]:
        """POST JSON to one resource of the API. Raises the typed error that the engine answered with.

        `seconds` is how long the answer may take.
        """
        request = httpx.Request("POST", f"{_BASE}/api/v1{path}", json=body, headers=self._headers)
        return self._send(request, seconds)

    def _send(self, request: httpx.Request, seconds: float = _TIMEOUT_SECONDS) -> dict[str, Any]:
        try:
            if self._in_process is not None:
                response = self._in_process.send(request)
            else:
                with httpx.Client(transport=self._transport, timeout=seconds) as client:
                    response = client.send(request)
        except httpx.TransportError as error:
            raise _silent(error) from error
        body: dict[str, Any] = response.json()
        if response.is_error:
            raise rebuilt(body.get("error", {}))
        return body


def read_figures(project: Project) -> str:
    """What the running engine has counted, as text for Prometheus. Raises EngineUnavailable without one."""
    report = read_report(project.run, "engine")
    if report is None:
        raise EngineUnavailable(
            "the engine does not run, and only a running one counts",
            where=str(project.home),
            next_step="amalimart up",
        )
    transport = httpx.HTTPTransport(uds=str(report.fields["socket"]))
    try:
        with httpx.Client(transport=transport, timeout=_TIMEOUT_SECONDS) as client:
            response = client.get(f"{_BASE}/metrics")
    except httpx.TransportError as error:
        raise _silent(error) from error
    if response.is_error:
        raise rebuilt(response.json().get("error", {}))
    return response.text


def _silent(error: httpx.TransportError) -> EngineUnavailable:
    return EngineUnavailable(
        f"the engine does not answer: {error}", next_step="amalimart status, then amalimart up"
    )


class _InProcess:
    """The same application without a server, for a project whose engine is not running."""

    def __init__(self, project: Project, is_lasting: bool) -> None:
        from amalimart.api.app import create_app  # noqa: PLC0415 - heavy, and not needed with an engine
        from amalimart.control.store import open_control_store  # noqa: PLC0415
        from amalimart.orchestrate.engine import Engine  # noqa: PLC0415
        from amalimart.orchestrate.openlineage.observing import observe  # noqa: PLC0415
        from amalimart.orchestrate.releases.operations import Operations  # noqa: PLC0415
        from amalimart.orchestrate.releases.refresh_loop import RefreshLoop  # noqa: PLC0415
        from amalimart.processes.services import OPERATOR, build_services, quality_desk  # noqa: PLC0415

        clock = SystemClock()
        self._control = open_control_store(project.control_database, clock)
        self._engine = Engine(project, clock)
        observe(self._engine, clock, describes=False)
        loop = RefreshLoop(self._engine)
        self._operations = Operations(self._engine, loop, clock)
        services = build_services(
            project,
            self._engine,
            loop,
            self._control,
            clock,
            operations=self._operations,
            quality=quality_desk(project, self._engine, self._control, clock),
        )
        if not is_lasting:  # tracing which checks stand behind a number would end after the process
            services = replace(services, standing_checks=lambda _metrics, _release: None)
        self._app = create_app(services, local_operator=OPERATOR)
        self._thread = ThreadPoolExecutor(1)

    def send(self, request: httpx.Request) -> httpx.Response:
        # In a thread of its own: whoever asks may have a loop running, as a server for assistants has.
        return self._thread.submit(lambda: asyncio.run(self._send(request))).result()

    async def _send(self, request: httpx.Request) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, timeout=_TIMEOUT_SECONDS) as client:
            response = await client.send(request)
            await response.aread()
            return response

    def close(self) -> None:
        self._thread.shutdown()
        self._operations.wait()
        self._engine.close()
        self._control.close()
