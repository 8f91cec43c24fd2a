from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

import amalimart
from amalimart.access.principal import Principal, Role
from amalimart.api.dashboards.definition import (
    KpiTile,
    Measured,
    RankingTile,
    Span,
    TableTile,
    Tile,
    TrendTile,
    measured_parts,
)
from amalimart.api.dashboards.library import load_dashboards
from amalimart.core.errors import ConfigError
from amalimart.semantic.loading import load_model
from amalimart.semantic.model import SemanticModel

MARKETPLACE = Path(amalimart.__file__).parent / "marketplace"

GOOD = """\
title: A page
description: About it.
roles: [admin]
filters:
  - {dimension: category, label: Category}
tiles:
  - id: gmv
    type: kpi
    metric: gmv
    substitute: {when: [category], metric: item_gmv, because: Items.}
  - id: top
    type: ranking
    metric: item_gmv
    levels:
      - {by: vendor, title: Vendors}
"""


@pytest.fixture(scope="module")
def model() -> SemanticModel:
    return load_model([MARKETPLACE / "semantic"])


def refusal(folder: Path, text: str) -> ConfigError:
    (folder / "page.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_dashboards(packaged=folder)
    return caught.value


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "line", "what", "nearest"),
    [
        (changed("    type: kpi", "    widht: half\n    type: kpi"), 8, "unknown key 'widht'", "width"),
        (changed("metric: gmv\n", "metrc: gmv\n"), 9, "unknown key 'metrc'", "metric"),
        (changed("type: kpi", "type: kpl"), 8, "unknown tile type 'kpl'", "kpi"),
        (changed("roles: [admin]", "roles: [boss]"), 3, "roles", None),
        (changed("title: A page\n", ""), 1, "title", None),
        (changed("id: top", "id: gmv"), 11, "'gmv' is given twice", None),
        (changed("id: top", "id: Top Vendors"), 11, "id", None),
        (changed("{by: vendor, title: Vendors}", "{by: vendor, titel: Vendors}"), 15, "", None),
        (changed("    levels:", "    limit: 0\n    levels:"), 14, "limit", None),
        (changed("roles: [admin]", "roles: [admin]\nhome_of: [vendor]"), None, "may not open it", None),
        (changed("title: A page", "title: A page\ntitle: Again"), 2, "given twice", None),
        ("title: [", 1, "not valid YAML", None),
        ("- a\n- b\n", 1, "keys and values", None),
        (changed("  - id: gmv", "  - gmv\n  - id: gmv"), 7, "needs a type", None),
    ],
)
def test_a_mistake_names_its_line(
    tmp_path: Path, text: str, line: int | None, what: str, nearest: str | None
) -> None:
    error = refusal(tmp_path, text)
    assert what in error.what
    if line is not None:
        assert error.where == f"{tmp_path / 'page.yml'}:{line}"
    if nearest is not None:
        assert error.nearest == nearest
    assert error.next_step


@pytest.mark.parametrize(
    ("old", "new", "line", "nearest"),
    [
        ("metric: gmv\n", "metric: gmw\n", 9, "gmv"),
        ("metric: item_gmv, because", "metric: item_gmw, because", 10, "item_gmv"),
        ("by: vendor", "by: vender", 15, "vendor"),
        ("dimension: category", "dimension: categry", 5, "category"),
    ],
)
def test_a_name_the_model_lacks_is_refused_with_the_nearest(
    tmp_path: Path, old: str, new: str, line: int, nearest: str
) -> None:
    (tmp_path / "page.yml").write_text(changed(old, new), encoding="utf-8")
    library = load_dashboards(packaged=tmp_path)
    with pytest.raises(ConfigError) as caught:
        library.check_names(["gmv", "item_gmv"], ["vendor", "category"])
    assert caught.value.where == f"{tmp_path / 'page.yml'}:{line}"
    assert caught.value.nearest == nearest


def test_a_project_replaces_a_page_by_name_and_adds_its_own(tmp_path: Path) -> None:
    packaged, overlay = tmp_path / "packaged", tmp_path / "overlay"
    for folder in (packaged, overlay):
        folder.mkdir()
    (packaged / "one.yml").write_text(GOOD, encoding="utf-8")
    (packaged / "two.yml").write_text(changed("A page", "Two"), encoding="utf-8")
    (overlay / "one.yml").write_text(changed("A page", "Mine"), encoding="utf-8")
    (overlay / "three.yml").write_text(changed("A page", "Three"), encoding="utf-8")
    library = load_dashboards(overlay, packaged)
    titles = {name: each.title for name, each in library.dashboards.items()}
    assert titles == {"one": "Mine", "two": "Two", "three": "Three"}
    assert (
        library.dashboards["one"].fingerprint != load_dashboards(None, packaged).dashboards["one"].fingerprint
    )


def test_a_role_has_one_home(tmp_path: Path) -> None:
    for name in ("one", "two"):
        text = changed("roles: [admin]", "roles: [admin]\nhome_of: [admin]")
        (tmp_path / f"{name}.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="two homes"):
        load_dashboards(packaged=tmp_path)


def test_every_role_of_a_person_has_a_home() -> None:
    library = load_dashboards()
    homes = {role: library.home(Principal("x", role)) for role in Role if role is not Role.SERVICE}
    assert all(role in home.home_of for role, home in homes.items())


def test_the_packaged_pages_only_use_names_of_the_model(model: SemanticModel) -> None:
    metrics = [name for metric in model.metrics.values() for name in (metric.name, *metric.aliases)]
    dimensions = [name for each in model.dimensions.values() for name in (each.name, *each.synonyms)]
    load_dashboards().check_names(metrics, dimensions)


def groups_of(tile: Tile) -> set[str]:
    """Every dimension a tile groups by, over all its levels."""
    if isinstance(tile, TrendTile):
        return {tile.by} if tile.by else set()
    levels = {level.by for level in tile.levels} if isinstance(tile, RankingTile | TableTile) else set()
    return levels | set(tile.also if isinstance(tile, TableTile) else ())


def shown_metric(measured: Measured, filtered_by: str | None) -> str | None:
    """The metric of a tile's part while one filter is set."""
    substitute = measured.substitute
    return substitute.metric if substitute and filtered_by in substitute.when else measured.metric


def test_under_each_filter_the_packaged_pages_ask_what_the_model_can_answer(model: SemanticModel) -> None:
    """A tile whose metric cannot be filtered or grouped as its page does would be blank for everyone."""
    impossible = []
    for dashboard in load_dashboards().dashboards.values():
        for filtered_by, tile in product((None, *dashboard.filter_names()), dashboard.tiles):
            used = groups_of(tile) | ({filtered_by} if filtered_by else set())
            needed = {model.dimension(name).dimension.name for name in used}
            shown = [shown_metric(measured, filtered_by) for _, measured in measured_parts(tile)]
            for metric in filter(None, shown):
                reachable = {each.name for each in model.reachable(model.metric(metric))}
                if not needed <= reachable:
                    impossible.append((dashboard.name, tile.id, metric, sorted(needed - reachable)))
    assert impossible == []


def test_a_key_figure_speaks_of_now_exactly_where_its_metric_has_no_days(model: SemanticModel) -> None:
    wrong = [
        (dashboard.name, tile.id)
        for dashboard in load_dashboards().dashboards.values()
        for tile in dashboard.tiles
        if isinstance(tile, KpiTile) and (tile.span is Span.NOW) == model.metric(tile.metric).has_time
    ]
    assert wrong == []
