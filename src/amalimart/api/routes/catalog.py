"""What there is to ask and to open, in one list, as far as the reader may."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query

from amalimart.access.principal import Principal
from amalimart.api.described import described
from amalimart.api.identity import SignedIn
from amalimart.api.paging import Whole
from amalimart.api.routes.context import Services
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse

router = APIRouter(tags=["catalog"])


class CatalogKind(StrEnum):
    """What an entry of the catalog is."""

    METRIC = "metric"
    DIMENSION = "dimension"
    DASHBOARD = "dashboard"


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One thing with what it means; `also` are its other names."""

    kind: CatalogKind
    name: str
    label: str
    description: str
    also: tuple[str, ...] = ()
    owner: str | None = None

    def holds(self, sought: str) -> bool:
        """Whether a text stands somewhere in it, in any case."""
        texts = (self.name, self.label, self.description, *self.also)
        return any(sought.lower() in text.lower() for text in texts)


@router.get("/catalog")
def catalog(
    principal: SignedIn,
    services: Services,
    part: Whole,
    search: Annotated[str, Query(max_length=200)] = "",
    kind: CatalogKind | None = None,
) -> WireResponse:
    """Metrics, dimensions and dashboards with what they mean; `search` looks into names and meanings."""
    found = [
        each
        for each in _entries(principal, services)
        if each.holds(search) and (kind is None or each.kind is kind)
    ]
    entries, following = part.of(lambda most: found[:most], lambda each: [each.kind, each.name], described)
    return WireResponse({"entries": entries, "next": following})


def _entries(principal: Principal, services: AppServices) -> Iterator[CatalogEntry]:
    for each in services.semantic.metrics(principal):
        yield CatalogEntry(
            CatalogKind.METRIC, each.name, each.label, each.definition, tuple(each.aliases), each.owner
        )
    for each in services.semantic.dimensions(principal):
        yield CatalogEntry(
            CatalogKind.DIMENSION, each.name, each.label, each.description, tuple(each.synonyms)
        )
    for page in services.dashboards.for_principal(principal):
        yield CatalogEntry(CatalogKind.DASHBOARD, page.name, page.title, page.description)
