"""The whole site: the JSON interface with the pages on top."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response

from amalimart.api.addresses import FIGURES
from amalimart.api.app import create_app
from amalimart.api.errors import ErrorAnswer, as_json
from amalimart.api.services import AppServices
from amalimart.core.errors import AmalimartError, NotSignedIn
from amalimart.web.assets import Assets
from amalimart.web.catalogue_page import catalogue_router
from amalimart.web.explorer_page import explorer_router
from amalimart.web.language_switch import language_router
from amalimart.web.operating_pages import operating_router
from amalimart.web.orders_page import orders_router
from amalimart.web.pages import pages_router
from amalimart.web.signing_in import sign_in_router
from amalimart.web.signing_in_elsewhere import single_sign_on_router
from amalimart.web.status_page import status_router
from amalimart.web.templating import Templates
from amalimart.web.users_page import users_router
from amalimart.web.vega_bundle import VegaBundle
from amalimart.web.vendor_pages import vendor_router
from amalimart.web.viewing_as import viewing_router
from amalimart.web.work_pages import work_router


def create_site(services: AppServices) -> FastAPI:
    """The site for browsers: sign-in, dashboards, and the JSON interface they read."""
    assets = Assets(VegaBundle(services.settings.cache_folder))
    templates = Templates(services.settings, assets)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=assets.vega.gzipped, name="chart library", daemon=True).start()
        yield

    app = create_app(services, error_answer=_error_answer(templates), lifespan=lifespan)
    # Routes are looked at in their order: what every load of a dashboard asks for comes before the interface.
    app.router.routes[:0] = [*assets.routes(), *pages_router(services, templates, assets).routes]
    for part in (
        sign_in_router(services, templates),
        single_sign_on_router(services, templates),
        orders_router(services, templates),
        status_router(services, templates),
        catalogue_router(services, templates),
        explorer_router(services, templates, assets),
        operating_router(services, templates),
        work_router(services, templates),
        users_router(services, templates),
        viewing_router(services),
        vendor_router(services, templates),
        language_router(),
    ):
        app.router.routes.extend(part.routes)  # to include a router would make each of its routes anew
    return app


def _error_answer(templates: Templates) -> ErrorAnswer:
    """JSON for programs, a page for people; who is not signed in is sent to the sign-in page."""

    def answer(request: Request, error: AmalimartError) -> Response:
        if request.url.path.startswith("/api/") or request.url.path == FIGURES:
            return as_json(request, error)
        if isinstance(error, NotSignedIn) and request.method == "GET":
            asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            query = urlencode({"following": asked}) if asked != "/" else ""
            return RedirectResponse(f"/sign-in?{query}" if query else "/sign-in", status_code=303)
        return templates.page(request, "error.html", error.http_status, error=error)

    return answer
