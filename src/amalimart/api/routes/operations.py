"""Long operations on the warehouse. Only on the local socket: they are for who runs this machine."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from amalimart.access.principal import Principal, Role
from amalimart.api.identity import SignedIn
from amalimart.api.ports.running_the_house import OperationsPort
from amalimart.api.routes.context import Services
from amalimart.api.services import AppServices
from amalimart.api.wire_response import WireResponse
from amalimart.core.errors import Denied, EngineUnavailable, RequestError
from amalimart.core.operations import OperationKind

router = APIRouter(tags=["operations"])


class Asked(BaseModel):
    """Which operation is asked for."""

    model_config = ConfigDict(extra="forbid")

    kind: OperationKind


@router.post("/operations")
def start(asked: Asked, principal: SignedIn, services: Services) -> WireResponse:
    """Begin an operation; the answer names it, and comes at once."""
    if asked.kind is OperationKind.ERASE:
        raise RequestError(
            "whom to erase is not said",
            expected="rebuild, compact or copy",
            next_step="amalimart privacy erase USER",
        )
    return WireResponse(_operations(principal, services).start(asked.kind).as_dict())


@router.get("/operations/{operation_id}")
def progress(operation_id: str, principal: SignedIn, services: Services) -> WireResponse:
    """How far an operation is, and what it brought."""
    return WireResponse(_operations(principal, services).find(operation_id).as_dict())


def _operations(principal: Principal, services: AppServices) -> OperationsPort:
    if principal.role is not Role.ADMIN:
        raise Denied("only an administrator may do this")
    if services.operations is None:
        raise EngineUnavailable("this engine takes no operations", next_step="amalimart up")
    return services.operations
