"""The glossary: what metrics, dimensions, tables and columns are called, mean, and are used by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
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
from amalimart.catalog.lineage import Kind

router = APIRouter(tags=["glossary"])

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class PageUse:
    """A page that stands on a metric or dimension: `kind` is dashboard or scorecard."""

    kind: Kind
    name: str


Uses = Mapping[str, Iterable[PageUse]]
"""A metric or dimension by the name that a page calls it -> the pages that name it."""


@router.get("/glossary")
def glossary(principal: SignedIn, services: Services, language: ReadersLanguage) -> WireResponse:
    """Everything that the reader may know of by name; tables are not for a reader of own rows.

    `asked` of a metric is how often it was answered in 30 days; it is not for a reader of own rows, either.
    """
    said = services.sayings(language)
    say = said.say if said else str
    dashboards = {each.name: say(each.title) for each in services.dashboards.for_principal(principal)}
    scorecards = {each.name: say(each.title) for each in services.scorecards.for_principal(principal)}
    uses = _uses(services, {Kind.DASHBOARD: dashboards, Kind.SCORECARD: scorecards})
    return WireResponse(
        {
            "metrics": _with_asked(
                _with_uses(services.semantic.metrics(principal), uses), _asked(services, principal)
            ),
            "dimensions": _with_uses(services.semantic.dimensions(principal), uses),
            "tables": _tables(services, principal),
            "dashboards": dashboards,
            "scorecards": scorecards,
        }
    )


def _uses(services: AppServices, visible: Mapping[Kind, Json]) -> Uses:
    """Of the pages that the reader may open; one that may not be opened is not named."""
    named = {
        PageUse(Kind.DASHBOARD, name): {use.name for use in uses}
        for name, uses in services.dashboards.uses.items()
    }
    named |= {PageUse(Kind.SCORECARD, name): set(uses) for name, uses in services.scorecards.uses.items()}
    found: dict[str, list[PageUse]] = {}
    for page, names in named.items():
        if page.name in visible[page.kind]:
            for name in names:
                found.setdefault(name, []).append(page)
    return found


def _with_uses(entries: Any, uses: Uses) -> list[Json]:
    told = []
    for each in entries:
        names = (each.name, *getattr(each, "aliases", ()), *getattr(each, "synonyms", ()))
        used_by = sorted({page for name in names for page in uses.get(name, ())})
        told.append(described(each) | {"used_by": [asdict(page) for page in used_by]})
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
