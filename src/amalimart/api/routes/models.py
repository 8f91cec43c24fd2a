"""Models, for operators: what is published, and building one of them anew."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from amalimart.access.principal import Principal, Role
from amalimart.api.identity import SignedIn
from amalimart.api.ports.publishing import ModelsPort
from amalimart.api.routes.context import Services
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse
from amalimart.core.errors import Denied, NotFound
from amalimart.core.models import ModelRebuild

router = APIRouter(tags=["models"])

_Name = Annotated[str, Path(min_length=1, max_length=130)]


class RebuildBody(BaseModel):
    """What is to be built anew; without days the whole model."""

    model_config = ConfigDict(extra="forbid")

    with_children: bool = True
    first: Annotated[date | None, Field(alias="from")] = None
    last: Annotated[date | None, Field(alias="to")] = None
    date_column: Annotated[str | None, Field(max_length=100)] = None


@router.get("/models")
def published(principal: SignedIn, services: Services) -> WireResponse:
    """Every model of the published release with its columns and rows."""
    return WireResponse(dataclasses.asdict(_models(principal, services).published()))


@router.post("/models/{name}/rebuild")
def rebuild(name: _Name, body: RebuildBody, principal: SignedIn, services: Services) -> WireResponse:
    """Build a model, or some days of it, anew, and publish the release; answers when it is published."""
    wish = ModelRebuild(name, body.with_children, body.first, body.last, body.date_column)
    rebuilt = _models(principal, services).rebuild(wish, principal.display_name or principal.subject)
    return WireResponse(dataclasses.asdict(rebuilt))


def _models(principal: Principal, services: AppServices) -> ModelsPort:
    if principal.role is not Role.ADMIN:
        raise Denied("Models are for operators.", next_step="ask somebody who may sign in as admin")
    if services.models is None:
        raise NotFound("This engine has no models to speak of.")
    return services.models
