"""Renders the page templates: escaped always, with the addresses of scripts and styles at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from amalimart.api.services import SiteSettings
from amalimart.web.assets import Assets

_TEMPLATES = Path(__file__).parent / "templates"


class Templates:
    """The templates of one site."""

    def __init__(self, settings: SiteSettings, assets: Assets) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            asset=assets.url,
            modules=assets.modules,
            site=settings.marketplace_name,
            language=settings.locale,
        )

    def page(self, template: str, status_code: int = 200, **values: Any) -> HTMLResponse:
        """A whole page; never kept by a cache, because it names who is signed in."""
        text = self._environment.get_template(template).render(**values)
        return HTMLResponse(text, status_code, {"Cache-Control": "no-store"})
