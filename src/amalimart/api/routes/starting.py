"""The guided start, for the admin of a project without numbers: each step, its state, and what to type.

It knows what the status knows, and starts nothing.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from amalimart.access.principal import Role
from amalimart.api.identity import SignedIn
from amalimart.api.ports.site import EngineStatus, Phase
from amalimart.api.routes.context import Services
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse
from amalimart.core.errors import Denied, EngineUnavailable
from amalimart.core.operating import SourceState

router = APIRouter(tags=["engine"])

_DONE, _NOW, _WAITING, _TROUBLE = "done", "now", "waiting", "trouble"
_FEWEST_PEOPLE = 2
"""The admin who reads it, and somebody else."""

Json = dict[str, Any]


@router.get("/status/start")
def start(principal: SignedIn, services: Services) -> WireResponse:
    """The steps from an empty project to open dashboards: source, mapping, first load, people, dashboards.

    A step is done, to be done now, waiting for one before it, or in trouble with the problem in words.
    """
    if principal.role is not Role.ADMIN:
        raise Denied("The start of a project is for operators.", next_step="ask an admin")
    if services.operating is None:
        raise EngineUnavailable("this engine does not tell its status", next_step="amalimart up")
    sources = services.operating.now().sources
    steps = [
        _source(sources),
        _mapping(sources),
        _load(services, sources),
        _people(services),
        _dashboards(services),
    ]
    return WireResponse({"done": all(step["state"] == _DONE for step in steps), "steps": steps})


def has_numbers(services: AppServices) -> bool:
    """Whether there is a release: until then an admin's home is the guided start."""
    return services.operating is None or services.releases.latest() is not None


def is_started(services: AppServices) -> bool:
    """Whether nothing of it is left to do: pages do not point to it any more."""
    return services.operating is None or (has_numbers(services) and _people_of(services) >= _FEWEST_PEOPLE)


def _people_of(services: AppServices) -> int:
    return sum(user.enabled for user in services.control.users.list())


def _step(name: str, state: str, *commands: str, problem: Json | None = None, **more: Any) -> Json:
    return {"name": name, "state": state, "commands": list(commands), "problem": problem, **more}


def _source(sources: tuple[SourceState, ...]) -> Json:
    """A source that has landed once is connected; later trouble of it is told by the status."""
    told = [{"name": each.name, "kind": each.kind, "state": each.state} for each in sources]
    if not sources:
        return _step("source", _NOW, "amalimart source add shop", sources=told)
    failing = next((each for each in sources if each.state == "failing" and not each.version), None)
    if failing is not None:
        problem = {"what": failing.error, "where": failing.name, "next_step": failing.next_step}
        return _step(
            "source", _TROUBLE, f"amalimart source check {failing.name}", problem=problem, sources=told
        )
    return _step("source", _DONE, sources=told)


def _mapping(sources: tuple[SourceState, ...]) -> Json:
    """The engine runs with readable mappings only; a table that stands still needs its line in one."""
    if not sources:
        return _step("mapping", _WAITING, "amalimart map draft shop", "amalimart map check shop")
    commands = [f"amalimart map check {each.name}" for each in sources]
    stopped = next((each for each in sources if each.stopped), None)
    if stopped is not None:
        table, why = next(iter(stopped.stopped.items()))
        problem = {
            "what": why,
            "where": f"{stopped.name}.{table}",
            "next_step": f"correct sources/{stopped.name}.yml",
        }
        return _step("mapping", _TROUBLE, f"amalimart map check {stopped.name}", problem=problem)
    return _step("mapping", _DONE, *commands)


def _load(services: AppServices, sources: tuple[SourceState, ...]) -> Json:
    told: EngineStatus = services.status()
    progress = [_read(each) for each in sources if each.reading is not None]
    progress += [{"label": step.label, "done": step.done} for step in told.steps if not progress]
    rows = sum(each.rows for each in sources)
    release = services.releases.latest()
    if release is not None:
        return _step("load", _DONE, progress=[], rows=rows, release_id=release.release_id)
    if not sources:
        return _step("load", _WAITING, "amalimart up", progress=[], rows=0)
    problem: Json
    stopped = next((each for each in sources if each.state == "stopped"), None)
    if stopped is not None:
        problem = {"what": "nothing reads the source", "where": stopped.name, "next_step": "amalimart up"}
        return _step("load", _TROUBLE, "amalimart up", problem=problem, progress=progress, rows=rows)
    # While it prepares it names its steps; without any, the message says why it does not.
    if told.phase is Phase.PREPARING and not told.steps:
        problem = {"what": told.message, "where": None, "next_step": "amalimart doctor"}
        return _step("load", _TROUBLE, "amalimart doctor", problem=problem, progress=[], rows=rows)
    return _step("load", _NOW, "amalimart status", progress=progress, rows=rows)


def _read(source: SourceState) -> Json:
    reading = source.reading
    if reading is None:
        raise AssertionError("only what is read is told")
    done = min(reading.rows / reading.of, 1.0) if reading.of else None
    return {"label": f"{source.name}: {reading.what}", "done": done, "rows": reading.rows}


def _people(services: AppServices) -> Json:
    people = _people_of(services)
    commands = (
        "amalimart user add ama@example.com --role analyst --name Ama",
        "amalimart user add kofi@example.com --role vendor --vendor-id 17",
    )
    return _step("people", _DONE if people >= _FEWEST_PEOPLE else _NOW, *commands, people=people)


def _dashboards(services: AppServices) -> Json:
    """They come with the product; there is something on them as soon as there is a release."""
    state = _DONE if services.releases.latest() is not None else _WAITING
    return _step(
        "dashboards", state, "amalimart query gmv --by month", declared=len(services.dashboards.dashboards)
    )
