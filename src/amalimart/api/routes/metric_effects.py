"""What a change of definitions does to numbers: only on the local socket.

Definitions are brought along, and whoever defines may read every table.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from amalimart.access.principal import Role
from amalimart.api.described import described
from amalimart.api.identity import SignedIn
from amalimart.api.routes.context import Services, current_business_day
from amalimart.api.wire_response import WireResponse
from amalimart.core.calendar import DayRange
from amalimart.core.errors import Denied, EngineUnavailable
from amalimart.semantic.definition_files import DefinitionFiles

router = APIRouter(tags=["metrics"])

_Name = Annotated[str, Field(min_length=1, max_length=200)]


class FilesBody(BaseModel):
    """A set of definition files: where they are from, and path -> text."""

    model_config = ConfigDict(extra="forbid")

    origin: Annotated[str, Field(max_length=1000)]
    texts: Annotated[dict[str, str], Field(max_length=1000)]

    def files(self) -> DefinitionFiles:
        """As the semantic room reads them."""
        return DefinitionFiles(self.origin, self.texts)


class EffectsBody(BaseModel):
    """Definitions before and after, later sets over earlier ones, and which metrics are asked of both."""

    model_config = ConfigDict(extra="forbid")

    before: Annotated[list[FilesBody], Field(min_length=1, max_length=5)]
    after: Annotated[list[FilesBody], Field(min_length=1, max_length=5)]
    metrics: Annotated[list[_Name], Field(max_length=2000)]
    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]
    today: date | None = None


@router.post("/metrics/effects")
def effects(body: EffectsBody, principal: SignedIn, services: Services) -> WireResponse:
    """What a change of definitions does to numbers: each metric before and after, of one release."""
    if principal.role is not Role.ADMIN:
        raise Denied("only an administrator may do this")
    if services.metric_effects is None:
        raise EngineUnavailable("this engine measures no changes", next_step="amalimart up")
    measured = services.metric_effects.measure(
        [each.files() for each in body.before],
        [each.files() for each in body.after],
        body.metrics,
        DayRange(body.first, max(body.first, body.last)),
        body.today or current_business_day(services),
    )
    return WireResponse(described(measured))
