"""The front page and the dashboards: an empty frame each, filled by its scripts from the JSON interface."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from amalimart.access.principal import Role
from amalimart.api.addresses import PREFIX
from amalimart.api.dashboards.definition import Dashboard, KpiTile
from amalimart.api.dashboards.state import PAGE_GRAINS, RANGE_LABELS
from amalimart.api.identity import SignedIn
from amalimart.api.language import language_of
from amalimart.api.routes.starting import has_numbers
from amalimart.api.services import AppServices
from amalimart.web.assets import Assets
from amalimart.web.places import START, frame
from amalimart.web.templating import Templates


def pages_router(services: AppServices, templates: Templates, assets: Assets) -> APIRouter:
    """GET / and GET /dashboards/{name}; both need a session."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def front(principal: SignedIn) -> Response:
        if principal.role is Role.ADMIN and not has_numbers(services):
            return RedirectResponse(START, status_code=303)
        home = services.dashboards.home(principal)
        return RedirectResponse(f"/dashboards/{home.name}", status_code=303)

    @router.get("/dashboards/{name}")
    def dashboard(name: str, request: Request, principal: SignedIn) -> Response:
        shown = services.dashboards.get(name, principal)
        if services.visits is not None:
            services.visits.opened(shown.name, principal.role.value)
        language = language_of(request)
        said = services.sayings(language)
        return templates.page(
            request,
            "dashboard.html",
            dashboard=shown,
            kpis=[tile for tile in shown.tiles if isinstance(tile, KpiTile)],
            panels=[tile for tile in shown.tiles if not isinstance(tile, KpiTile)],
            **frame(services, principal, f"/dashboards/{shown.name}", language),
            notes=services.notes_for(principal),
            ranges=[name.value for name in RANGE_LABELS],
            grains=[grain.value for grain in PAGE_GRAINS],
            say=said.say if said else str,
            names=services.semantic.labels(language.value),
            page=templates.script_settings(request, **_page_settings(shown, assets)),
        )

    return router


def _page_settings(dashboard: Dashboard, assets: Assets) -> dict[str, object]:
    pace = {"poll_seconds": dashboard.refresh_seconds} if dashboard.refresh_seconds else {}
    return {
        **pace,
        "data": f"{PREFIX}/dashboards/{dashboard.name}",
        "status": f"{PREFIX}/status",
        "metrics": f"{PREFIX}/metrics",
        "work": f"{PREFIX}/work",
        "fingerprint": dashboard.fingerprint,
        "vega": assets.vega_url,
        "range": dashboard.range.value,
    }
