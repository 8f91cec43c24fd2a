"""Puts the JSON interface together: routes, identity, errors, middleware. The pages are added by `web`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import cache

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from amalimart import __version__
from amalimart.access.principal import Principal
from amalimart.api.addresses import PREFIX
from amalimart.api.errors import DESCRIBED_ERRORS, ErrorAnswer, as_json, install_error_answers
from amalimart.api.exports.formats import PACKED
from amalimart.api.identity import as_operator, by_credentials, current_principal, within_rate
from amalimart.api.measuring import Measured
from amalimart.api.middleware import BoundedBody, KnownHost, LastResort, SameOrigin
from amalimart.api.routes import (
    catalog,
    compatibility,
    dashboards,
    drilling,
    embedding,
    engine,
    glossary,
    incidents,
    lineage,
    metric_effects,
    metrics,
    models,
    operating,
    operations,
    payouts,
    peers,
    policies,
    privacy,
    quality,
    query,
    question_schedules,
    questions,
    receipts,
    releases,
    rollups,
    schedules,
    scorecards,
    starting,
    usage,
    users,
    work,
)
from amalimart.api.routes.figures import figures_router
from amalimart.api.services import AppServices

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    services: AppServices,
    *,
    local_operator: Principal | None = None,
    error_answer: ErrorAnswer = as_json,
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """The JSON interface under /api/v1.

    With `local_operator` every request is that principal's, or of the user named in the header
    X-Amalimart-As: only for a server on a local socket. Without it an API key or a session cookie is needed,
    and requests with a cookie that may change something must come from a page of this site.
    """
    app = FastAPI(
        title=f"{services.settings.marketplace_name} analytics",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        routes=_routes(is_local=local_operator is not None).routes,
        lifespan=lifespan,
        middleware=_middleware(services, error_answer, is_local=local_operator is not None),
    )
    app.state.services = services
    app.state.is_local = local_operator is not None
    app.state.identify = (
        as_operator(local_operator, services.control)
        if local_operator
        else by_credentials(services.control, services.embed)
    )
    install_error_answers(app, error_answer)
    return app


@cache
def _routes(*, is_local: bool) -> APIRouter:
    """Every route of the interface, put together once: they hold nothing of an application they serve in."""
    routes = APIRouter()
    routes.include_router(engine.public, prefix=PREFIX)
    routes.include_router(figures_router(is_local=is_local))
    signed_in = APIRouter(
        dependencies=[Depends(current_principal), Depends(within_rate)],
        responses=DESCRIBED_ERRORS,
    )
    for part in (  # routes are looked at in this order: what is asked most comes first
        dashboards,
        query,
        metrics,
        compatibility,
        catalog,
        glossary,
        lineage,
        drilling,
        embedding,
        engine,
        incidents,
        models,
        operating,
        policies,
        payouts,
        peers,
        quality,
        questions,
        question_schedules,
        receipts,
        releases,
        rollups,
        schedules,
        users,
        scorecards,
        starting,
        usage,
        work,
    ):
        signed_in.include_router(part.router)
    if is_local:
        signed_in.include_router(operations.router)
        signed_in.include_router(privacy.router)
        signed_in.include_router(incidents.local)
        signed_in.include_router(metric_effects.router)
    routes.include_router(signed_in, prefix=PREFIX)
    return routes


def _middleware(services: AppServices, error_answer: ErrorAnswer, *, is_local: bool) -> list[Middleware]:
    outermost = [Middleware(Measured, is_local=is_local), Middleware(LastResort, answer=error_answer)]
    if not is_local:
        outermost += [
            Middleware(KnownHost, answer=error_answer, allowed=services.settings.allowed_hosts),
            Middleware(SameOrigin, answer=error_answer),
        ]
    outermost.append(Middleware(BoundedBody, answer=error_answer))
    packed = (*DEFAULT_EXCLUDED_CONTENT_TYPES, *PACKED)
    gzip = Middleware(GZipMiddleware, minimum_size=1000, compresslevel=4, exclude_content_types=packed)
    return [*outermost, gzip]
