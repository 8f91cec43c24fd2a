"""The explorer and the reader's board: empty frames that their scripts fill from the JSON interface."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Request
from starlette.responses import Response

from amalimart.access.principal import Principal
from amalimart.api.addresses import PREFIX
from amalimart.api.dashboards.definition import RangeName
from amalimart.api.dashboards.state import days_of
from amalimart.api.exploring.board import MOST_ROWS as MOST_BOARD_ROWS
from amalimart.api.exploring.kept_question import MOST_ROWS
from amalimart.api.identity import SignedIn
from amalimart.api.language import NAMES, language_of
from amalimart.api.routes.context import current_business_day
from amalimart.api.routes.questions import WRITES_DASHBOARDS
from amalimart.api.services import AppServices
from amalimart.core.errors import NotFound
from amalimart.web.assets import Assets
from amalimart.web.places import BOARD, EXPLORE, frame, may_open
from amalimart.web.templating import Templates

_RANGES = tuple(name for name in RangeName if name is not RangeName.CUSTOM)


def _days(name: RangeName, today: date) -> list[str]:
    days = days_of(name, today)
    return [days.first.isoformat(), days.last.isoformat()]


def explorer_router(services: AppServices, templates: Templates, assets: Assets) -> APIRouter:
    """GET /explore and GET /board, for everybody who asks."""
    router = APIRouter(include_in_schema=False)

    def page(request: Request, principal: Principal, here: str, **settings: object) -> Response:
        if not may_open(here, principal, services):
            raise NotFound("There is nothing at this address.", where=here)
        today = current_business_day(services)
        return templates.page(
            request,
            f"{here.removeprefix('/')}.html",
            **frame(services, principal, here, language_of(request)),
            ranges=[name.value for name in _RANGES],
            page=templates.script_settings(
                request,
                site=services.settings.marketplace_name,
                metrics=f"{PREFIX}/metrics",
                dimensions=f"{PREFIX}/dimensions",
                questions=f"{PREFIX}/questions",
                board=f"{PREFIX}/board",
                explore=EXPLORE,
                board_page=BOARD,
                latest=f"{PREFIX}/releases/latest",
                vega=assets.vega_url,
                today=today.isoformat(),
                ranges={name.value: _days(name, today) for name in _RANGES},
                languages={language.value: name for language, name in NAMES.items()},
                writes_dashboards=principal.role in WRITES_DASHBOARDS,
                **settings,
            ),
        )

    @router.get(EXPLORE)
    def explore(request: Request, principal: SignedIn) -> Response:
        addresses = {"query": f"{PREFIX}/query", "compatible": f"{PREFIX}/compatible"}
        return page(request, principal, EXPLORE, most_rows=MOST_ROWS, **addresses)

    @router.get(BOARD)
    def board(request: Request, principal: SignedIn) -> Response:
        return page(request, principal, BOARD, most_rows=MOST_BOARD_ROWS)

    return router
