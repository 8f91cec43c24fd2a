"""Everything wrong with dashboards at once, and edits that show without a restart."""

from __future__ import annotations

import html
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from amalimart.access.principal import Principal, Role
from amalimart.api.dashboards.checking import Severity, check_dashboards
from amalimart.api.dashboards.library import DashboardLibrary
from amalimart.api.dashboards.reloading import ReloadingDashboards
from amalimart.cli.application import application
from amalimart.core.errors import ConfigError, NotFound
from amalimart.web.site import create_site
from tests.api.shop_site import shop_model, shop_policies
from tests.web.asgi_client import TestClient
from tests.web.fake_marketplace import FakeMarketplace
from tests.web.fake_site import PASSWORD, make_services

ADMIN = Principal("x", Role.ADMIN)
GOOD = """\
title: Executive summary
description: About it.
roles: [admin, support]
filters:
  - {dimension: category, label: Category}
tiles:
  - id: lines
    type: kpi
    title: Units
    metric: order_lines
"""


def findings(folder: Path, text: str) -> list[tuple[str, str, str, str | None]]:
    (folder / "page.yml").write_text(text, encoding="utf-8")
    found = check_dashboards(shop_model(), shop_policies(), packaged=folder)
    return [(each.severity.value, each.where.rpartition(":")[2], each.what, each.nearest) for each in found]


def test_the_packaged_dashboards_have_nothing_wrong() -> None:
    assert check_dashboards(shop_model(), shop_policies()) == []


@pytest.mark.parametrize(
    ("text", "line", "what", "nearest"),
    [
        (GOOD.replace("order_lines", "order_linse"), "10", "unknown metric 'order_linse'", "order_lines"),
        (GOOD.replace("dimension: category", "dimension: catgory"), "5", "unknown dimension", "category"),
        (GOOD.replace("order_lines", "gmv"), "10", "which the role support may not see", None),
        (GOOD.replace("order_lines", "order_count"), "10", "while the page is filtered by category", None),
        (GOOD.replace("roles: [admin, support]", "roles: [boss]"), "3", "roles", None),
        (GOOD.replace("roles: [admin, support]", "roles: [admin, vendor]").replace("kpi", "ranking")
         .replace("title: Units", "levels: [{by: gender, title: X}]"), "9", "vendor may not use", None),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, text: str, line: str, what: str, nearest: str | None
) -> None:
    found = findings(tmp_path, text)
    match = [each for each in found if what in each[2]]
    assert match, found
    assert (match[0][0], match[0][1], match[0][3]) == ("error", line, nearest)


def test_all_mistakes_are_told_at_once_and_a_missing_text_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "fr.yml").write_text("Units: Unités\nCategory: Catégorie\nAbout it.: Ici\n")
    (tmp_path / "broken.yml").write_text("title: [")
    found = findings(tmp_path, GOOD.replace("order_lines", "gmv"))
    assert {each[0] for each in found} == {"error", "warning"}
    assert [each[2] for each in found if each[0] == "warning"] == [
        "the text 'Executive summary' is not said in fr"
    ]
    assert any("not valid YAML" in each[2] for each in found)
    assert Severity.WARNING.value == "warning"


def test_the_command_ends_with_an_error_and_names_the_place(tmp_path: Path) -> None:
    home = tmp_path / "shop"
    assert CliRunner().invoke(application, ["init", str(home)]).exit_code == 0
    good = CliRunner().invoke(application, ["dashboard", "check", "--home", str(home), "--json"])
    assert (good.exit_code, json.loads(good.stdout)) == (0, {"findings": []})
    (home / "dashboards").mkdir(exist_ok=True)
    (home / "dashboards" / "mine.yml").write_text(GOOD.replace("order_lines", "order_linse"))
    bad = CliRunner().invoke(application, ["dashboard", "check", "--home", str(home)])
    assert isinstance(bad.exception, ConfigError)
    assert bad.exception.where == f"{home / 'dashboards' / 'mine.yml'}:10"
    listed = CliRunner().invoke(application, ["dashboard", "list", "--home", str(home), "--json"])
    assert "mine" in {each["name"] for each in json.loads(listed.stdout)["dashboards"]}


def test_an_edit_shows_without_a_restart_and_a_mistake_keeps_the_last_good_one(tmp_path: Path) -> None:
    now = [0.0]

    def check(library: DashboardLibrary) -> None:
        library.check_names(shop_model().metric_names, shop_model().dimensions)

    path = tmp_path / "mine.yml"
    path.write_text(GOOD)
    pages = ReloadingDashboards(tmp_path, check, clock=lambda: now[0])

    def edited(text: str, version: int) -> None:
        path.write_text(text)
        os.utime(path, ns=(version, version))
        now[0] += 1

    first = pages.get("mine", ADMIN)
    edited(GOOD.replace("Executive summary", "Another"), 1)
    assert pages.get("mine", ADMIN).title == "Another"
    assert pages.get("mine", ADMIN).fingerprint != first.fingerprint
    assert pages.mistake is None
    edited(GOOD.replace("order_lines", "order_linse"), 2)
    assert pages.get("mine", ADMIN).title == "Another"
    assert pages.mistake is not None
    assert pages.mistake.where == f"{path}:10"
    edited(GOOD, 3)
    assert (pages.get("mine", ADMIN).title, pages.mistake) == ("Executive summary", None)
    path.unlink()
    now[0] += 1
    with pytest.raises(NotFound):
        pages.get("mine", ADMIN)


def test_files_are_looked_at_twice_a_second_at_most(tmp_path: Path) -> None:
    now = [0.0]
    path = tmp_path / "mine.yml"
    path.write_text(GOOD)
    pages = ReloadingDashboards(tmp_path, lambda _library: None, clock=lambda: now[0])
    path.write_text(GOOD.replace("Executive summary", "Another page"))
    now[0] += 0.4
    assert pages.get("mine", ADMIN).title == "Executive summary"
    now[0] += 0.2
    assert pages.get("mine", ADMIN).title == "Another page"


def test_an_edited_translation_makes_another_page(tmp_path: Path) -> None:
    now = [0.0]
    (tmp_path / "mine.yml").write_text(GOOD)
    pages = ReloadingDashboards(tmp_path, lambda _library: None, clock=lambda: now[0])
    before = pages.get("mine", ADMIN).fingerprint
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "fr.yml").write_text("Units: Pièces\n")
    now[0] += 1
    assert pages.get("mine", ADMIN).fingerprint != before
    assert pages.texts["fr"]["Units"] == "Pièces"


def test_admins_are_told_of_a_mistake_on_the_page_and_nobody_else_is(tmp_path: Path) -> None:
    now = [0.0]
    path = tmp_path / "mine.yml"
    path.write_text(GOOD + "refresh_seconds: 7\n")
    pages = ReloadingDashboards(tmp_path, lambda _library: None, clock=lambda: now[0])
    services = replace(make_services(tmp_path, FakeMarketplace()), dashboards=pages)
    site = create_site(services)

    def frame(name: str) -> str:
        client = TestClient(site, follow_redirects=False, headers={"Origin": "http://testserver"})
        client.post("/sign-in", data={"email": f"{name}@demo.test", "password": PASSWORD})
        return html.unescape(client.get("/dashboards/mine").text)

    assert '"poll_seconds": 7' in frame("admin")
    assert "has a mistake" not in frame("admin")
    path.write_text(GOOD.replace("type: kpi", "type: kpl"))
    now[0] += 1
    told = frame("admin")
    assert f"unknown tile type 'kpl' ({path}:8; nearest: kpi)" in told
    assert "Units" in told, "what was there before is still shown"
    assert "mistake" not in frame("support")
    services.control.close()
