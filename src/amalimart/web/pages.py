"""The front page and the dashboards: an empty frame each, filled by its scripts from the JSON interface."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from amalimart.api.addresses import PREFIX
from amalimart.api.dashboards.definition import Dashboard, KpiTile
from amalimart.api.dashboards.state import RANGE_LABELS
from amalimart.api.identity import SignedIn
from amalimart.api.services import AppServices
from amalimart.web.assets import Assets
from amalimart.web.places import frame
from amalimart.web.templating import Templates


def pages_router(services: AppServices, templates: Templates, assets: Assets) -> APIRouter:
    """GET / and GET /dashboards/{name}; both need a session."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def front(principal: SignedIn) -> Response:
        home = services.dashboards.home(principal)
        return RedirectResponse(f"/dashboards/{home.name}", status_code=303)

    @router.get("/dashboards/{name}")
    def dashboard(name: str, principal: SignedIn) -> Response:
        shown = services.dashboards.get(name, principal)
        return templates.page(
            "dashboard.html",
            dashboard=shown,
            kpis=[tile for tile in shown.tiles if isinstance(tile, KpiTile)],
            panels=[tile for tile in shown.tiles if not isinstance(tile, KpiTile)],
            **frame(services, principal, f"/dashboards/{shown.name}"),
            notes=services.notes_for(principal),
            ranges=[(name.value, label) for name, label in RANGE_LABELS.items()],
            page=_page_settings(shown, services, assets),
        )

    return router


def _page_settings(dashboard: Dashboard, services: AppServices, assets: Assets) -> dict[str, object]:
    settings = services.settings
    return {
        "data": f"{PREFIX}/dashboards/{dashboard.name}",
        "status": f"{PREFIX}/status",
        "values": f"{PREFIX}/dimensions",
        "vega": assets.vega_url,
        "locale": settings.locale,
        "currency": settings.currency,
        "zone": str(settings.zone),
        "poll_seconds": settings.poll_seconds,
        "range": dashboard.range.value,
        "filters": [
            {"dimension": each.dimension, "label": each.label, "control": each.control.value}
            for each in dashboard.filters
        ],
    }
