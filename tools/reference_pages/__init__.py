"""The reference pages: one module a page, each a pure function of the code and content it describes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tools.reference_pages.api_routes import api_page
from tools.reference_pages.canonical import entities_page
from tools.reference_pages.checks import checks_page
from tools.reference_pages.commands import commands_page
from tools.reference_pages.configuration import configuration_page
from tools.reference_pages.dashboards import dashboards_page
from tools.reference_pages.dimensions import dimensions_page
from tools.reference_pages.errors import errors_page
from tools.reference_pages.metrics import metrics_page
from tools.reference_pages.policies import policies_page

PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "configuration.md": configuration_page,
    "api.md": api_page,
    "metrics.md": metrics_page,
    "dimensions.md": dimensions_page,
    "entities.md": entities_page,
    "checks.md": checks_page,
    "dashboards.md": dashboards_page,
    "policies.md": policies_page,
    "errors.md": errors_page,
}


def all_pages() -> dict[str, str]:
    """File name -> text of every page. Raises ValueError where a page's prose no longer fits the code."""
    return {name: page() for name, page in PAGES.items()}
