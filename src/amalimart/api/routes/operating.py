"""Everything that whoever runs the house looks at, in one answer, which says when nothing has changed."""

from __future__ import annotations

import dataclasses
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from amalimart.access.principal import Role
from amalimart.api.conditional import holds, not_modified, tag_of
from amalimart.api.identity import SignedIn
from amalimart.api.routes.context import Services
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse
from amalimart.core.errors import Denied, EngineUnavailable
from amalimart.core.operating import OperatingState
from amalimart.core.wire import dumps

router = APIRouter(tags=["engine"])


@router.get("/status/detail")
def detail(request: Request, principal: SignedIn, services: Services) -> Response:
    """The engine, its sources, releases, schedules and space, for operators.

    With If-None-Match the answer is 304 while all of it is the same.
    """
    if principal.role is not Role.ADMIN:
        raise Denied("The status in detail is for operators.", next_step="ask an admin")
    document = _document(services)
    headers = {"ETag": tag_of(dumps(document).encode())}
    if holds(request, headers["ETag"]):
        return not_modified(headers)
    return WireResponse(document, headers=headers)


def _document(services: AppServices) -> dict[str, Any]:
    """Nothing in it changes by the mere passing of time."""
    if services.operating is None:
        raise EngineUnavailable("this engine does not tell its status", next_step="amalimart up")
    phase, state = services.status(), services.operating.now()
    return {
        "phase": phase.phase.value,
        "message": phase.message,
        "steps": [{"label": step.label, "done": step.done} for step in phase.steps],
        "sources": [dataclasses.asdict(each) for each in state.sources],
        "releases": [dataclasses.asdict(each) for each in state.releases],
        "blocked": _blocked(state),
        "operation": state.operation.as_dict() if state.operation else None,
        "schedules": [dataclasses.asdict(each) for each in services.schedules.status()]
        if services.schedules
        else [],
        "space": dataclasses.asdict(state.space),
    }


def _blocked(state: OperatingState) -> dict[str, Any] | None:
    """Why it is held back. The rows are shown elsewhere, to who asks for them."""
    build = state.blocked
    if build is None:
        return None
    return {
        "number": build.number,
        "attempted_at": build.attempted_at,
        "last_attempted_at": build.last_attempted_at,
        "attempts": build.attempts,
        "code": build.code,
        "what": build.what,
        "where": build.where,
        "checks": [{"name": check.name, "failing_rows": check.failing_rows} for check in build.checks],
    }
