"""Renders the page templates: escaped, in the reader's language, with the addresses of files at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from amalimart.api.language import NAMES, Language, language_of
from amalimart.api.ports.site import SiteSettings
from amalimart.web.assets import Assets
from amalimart.web.wording import wording

_TEMPLATES = Path(__file__).parent / "templates"


class Templates:
    """The templates of one site."""

    def __init__(self, settings: SiteSettings, assets: Assets) -> None:
        self._settings = settings
        self._assets = assets
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
            languages=[(language.value, name) for language, name in NAMES.items()],
        )

    def page(self, request: Request, template: str, status_code: int = 200, **values: Any) -> HTMLResponse:
        """A whole page; never kept by a cache, because it names who is signed in."""
        language = language_of(request)
        address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        text = self._environment.get_template(template).render(
            t=wording(language), language=language.value, address=address, **values
        )
        return HTMLResponse(
            text, status_code, {"Cache-Control": "no-store", "Content-Language": language.value}
        )

    def script_settings(self, request: Request, **more: object) -> dict[str, object]:
        """What the scripts of every page must know, and what one page adds."""
        language = language_of(request)
        settings = self._settings
        return {
            "texts": self._assets.url(f"texts/{language.value}.js"),
            "locale": locale_of(settings, language),
            "currency": settings.currency,
            "zone": str(settings.zone),
            "poll_seconds": settings.poll_seconds,
            **more,
        }


def locale_of(settings: SiteSettings, language: Language) -> str:
    """How numbers and days are written: the site's own way where it is of the reader's language."""
    if settings.locale.partition("-")[0] == language.value:
        return settings.locale
    return {Language.ENGLISH: "en-GB", Language.FRENCH: "fr-FR"}[language]
