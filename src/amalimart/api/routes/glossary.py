"""The glossary: what metrics, dimensions, tables and columns are called, mean, and are used by."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from amalimart.access.principal import Principal
from amalimart.api.described import described
from amalimart.api.identity import SignedIn
from amalimart.api.language import ReadersLanguage
from amalimart.api.routes.context import Services
from amalimart.api.routes.usage import DAYS
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse

router = APIRouter(tags=["glossary"])

Json = dict[str, Any]


@router.get("/glossary")
def glossary(principal: SignedIn, services: Services, language: ReadersLanguage) -> WireResponse:
    """Everything that the reader may know of by name; tables are not for a reader of own rows.

    `asked` of a metric is how often it was answered in 30 days; it is not for a reader of own rows, either.
    """
    said = services.sayings(language)
    titles = {
        each.name: said.say(each.title) if said else each.title
        for each in services.dashboards.for_principal(principal)
    }
    uses = _uses(services, titles)
    return WireResponse(
        {
            "metrics": _with_asked(
                _with_uses(services.semantic.metrics(principal), uses), _asked(services, principal)
            ),
            "dimensions": _with_uses(services.semantic.dimensions(principal), uses),
            "tables": _tables(services, principal),
            "dashboards": titles,
        }
    )


def _uses(services: AppServices, visible: Json) -> dict[str, list[str]]:
    """A name of a dashboard file -> the dashboards that the reader may open and that use it."""
    uses: dict[str, list[str]] = {}
    for dashboard, named in services.dashboards.uses.items():
        if dashboard in visible:
            for name in sorted({use.name for use in named}):
                uses.setdefault(name, []).append(dashboard)
    return uses


def _with_uses(entries: Any, uses: dict[str, list[str]]) -> list[Json]:
    told = []
    for each in entries:
        names = (each.name, *getattr(each, "aliases", ()), *getattr(each, "synonyms", ()))
        used_by = sorted({dashboard for name in names for dashboard in uses.get(name, ())})
        told.append(described(each) | {"used_by": used_by})
    return told


def _asked(services: AppServices, principal: Principal) -> dict[str, int] | None:
    if services.usage is None or services.semantic.is_scoped(principal):
        return None
    return {each.metric: each.asked for each in services.usage.now(DAYS).metrics}


def _with_asked(metrics: list[Json], asked: dict[str, int] | None) -> list[Json]:
    return [each | {"asked": None if asked is None else asked.get(each["name"], 0)} for each in metrics]


def _tables(services: AppServices, principal: Principal) -> list[Json]:
    if services.glossary is None or services.semantic.is_scoped(principal):
        return []
    return [described(each) for each in services.glossary.tables()]
