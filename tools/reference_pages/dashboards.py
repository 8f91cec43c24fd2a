"""dashboards.md: every packaged dashboard with its tiles."""

from __future__ import annotations

from amalimart.api.dashboards.definition import (
    Dashboard,
    Level,
    TableTile,
    Tile,
    WorkTile,
    grouped_parts,
    measured_parts,
)
from amalimart.api.dashboards.library import load_dashboards
from tools.reference_pages.markdown import code, codes, page, section, table, text
from tools.reference_pages.semantic_content import packaged_model

_INTRO = """
Each dashboard is one YAML file. A file of the same name in the `dashboards/` folder of a project replaces the
packaged one; a new name adds one. One request answers all tiles of a page from one release, and what a tile
shows is limited by the reader's [policy](policies.md). Under some filters a metric that cannot be split is
**replaced** by one that can, and the tile says so.
"""


def dashboards_page() -> str:
    """The page."""
    dashboards = load_dashboards().dashboards.values()
    overview = table(
        ["Dashboard", "Title", "May open", "Home of", "Opens with"],
        [
            [
                f"[`{each.name}`](#{each.name})",
                text(each.title),
                ", ".join(role.value for role in each.roles),
                ", ".join(role.value for role in each.home_of),
                each.range.value.replace("_", " "),
            ]
            for each in dashboards
        ],
    )
    return page("Dashboards", _INTRO, overview, *(_dashboard(each) for each in dashboards))


def _dashboard(dashboard: Dashboard) -> str:
    filters = codes(each.dimension for each in dashboard.filters)
    return section(
        dashboard.name,
        f"**{text(dashboard.title)}**: {text(dashboard.description)}",
        f"Filters: {filters}." if filters else "",
        table(["Tile", "Type", "Shows", "By", "Replaced"], [_tile(tile) for tile in dashboard.tiles]),
    )


def _tile(tile: Tile) -> list[str]:
    measured = [part for _, part in measured_parts(tile)]
    shows = ", ".join(f"[`{part.metric}`](metrics.md#{_own_name(part.metric)})" for part in measured)
    replaced = [part.substitute for part in measured if part.substitute is not None]
    words = dict.fromkeys(
        f"by {code(each.metric) if each.metric else 'nothing'} when filtered by {codes(each.when)}"
        for each in replaced
    )
    if isinstance(tile, WorkTile):
        shows = f"the list {code(tile.list.value)}"
    return [code(tile.id), tile.type, shows, _by(tile), "<br>".join(words)]


def _own_name(name: str) -> str:
    return packaged_model().metric(name).name


def _by(tile: Tile) -> str:
    levels: tuple[Level, ...] = getattr(tile, "levels", ())
    if levels:
        path = " → ".join(code(level.by) for level in levels)
        return path + (f", with {codes(tile.also)}" if isinstance(tile, TableTile) and tile.also else "")
    groups = codes(name for _, name in grouped_parts(tile))
    if tile.type == "trend":
        return f"time, {groups}" if groups else "time"
    return groups
