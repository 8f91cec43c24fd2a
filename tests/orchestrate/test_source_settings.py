"""Adding a source to amalimart.yml and taking it out: what the person wrote stays, or nothing happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from amalimart.config.project import Project, open_project
from amalimart.config.secrets import read_secrets
from amalimart.config.source_settings import SourceSettings
from amalimart.core.errors import ConfigError
from amalimart.orchestrate.sources.settings import check_new_name, erase_source, known_source, write_source

FILES = SourceSettings(kind="files", mapping="drop", folder=Path("/srv/drop"))
SHOP = SourceSettings(kind="postgres", mapping="shop", url="secret:SHOP_URL")
WRITTEN = """\
name: mine   # our shop
sources:
  # nightly
  drop:
    kind: files
    mapping: drop   # ours
    folder: /srv/drop
  # the shop itself

  shop: {kind: postgres, mapping: shop, url: 'secret:SHOP_URL'}
  last:
    kind: files
    mapping: drop
    folder: /srv/last
currency: GHS
"""


def project(folder: Path, text: str) -> Project:
    (folder / "amalimart.yml").write_text(text)
    return open_project(folder)


def text_of(opened: Project) -> str:
    return opened.settings_file.read_text()


def test_a_source_is_added_and_every_line_stays(tmp_path: Path) -> None:
    opened = write_source(project(tmp_path, WRITTEN), "more", FILES)
    assert opened.settings.sources["more"] == FILES
    assert [line for line in WRITTEN.splitlines() if line not in text_of(opened).splitlines()] == []
    assert list(opened.settings.sources) == ["more", "drop", "shop", "last"]


def test_the_first_source_and_its_secret(tmp_path: Path) -> None:
    opened = write_source(project(tmp_path, "name: mine"), "shop", SHOP, {"SHOP_URL": "postgresql://u:p@h/d"})
    assert opened.settings.sources == {"shop": SHOP}
    assert read_secrets(tmp_path) == {"SHOP_URL": "postgresql://u:p@h/d"}
    assert "u:p@h" not in text_of(opened)


def test_an_address_that_is_no_line_leaves_nothing_behind(tmp_path: Path) -> None:
    opened = project(tmp_path, WRITTEN)
    with pytest.raises(ConfigError, match="line break"):
        write_source(opened, "more", SHOP, {"MORE_URL": "postgresql://u\nX=y"})
    assert text_of(opened) == WRITTEN
    assert read_secrets(tmp_path) == {}


@pytest.mark.parametrize("name", ["drop", "shop", "last"])
def test_a_source_is_taken_out_and_every_other_line_stays(tmp_path: Path, name: str) -> None:
    before = project(tmp_path, WRITTEN)
    after = erase_source(before, name)
    assert set(after.settings.sources) == set(before.settings.sources) - {name}
    kept = text_of(after).splitlines()
    assert [line for line in kept if line not in WRITTEN.splitlines()] == []
    assert {"name: mine   # our shop", "currency: GHS", "  # the shop itself", "  # nightly"} <= set(kept)
    assert len(WRITTEN.splitlines()) - len(kept) == (1 if name == "shop" else 4)


def test_the_last_source_goes_with_the_key_above_it(tmp_path: Path) -> None:
    opened = write_source(project(tmp_path, "name: mine\ncurrency: GHS\n"), "drop", FILES)
    assert text_of(erase_source(opened, "drop")) == "name: mine\ncurrency: GHS\n"


def test_the_secret_goes_with_the_only_source_that_uses_it(tmp_path: Path) -> None:
    opened = write_source(project(tmp_path, "name: mine\n"), "shop", SHOP, {"SHOP_URL": "x", "OTHER": "y"})
    opened = write_source(opened, "copy", SHOP)
    opened = erase_source(opened, "shop")
    assert set(read_secrets(tmp_path)) == {"SHOP_URL", "OTHER"}
    erase_source(opened, "copy")
    assert read_secrets(tmp_path) == {"OTHER": "y"}


@pytest.mark.parametrize(
    "text",
    [
        "name: mine\nsources: {shop: {kind: postgres, mapping: shop, url: 'secret:SHOP_URL'}}\n",
        "{name: mine, sources: {shop: {kind: postgres, mapping: shop, url: 'secret:SHOP_URL'}}}\n",
    ],
)
def test_what_cannot_be_changed_safely_is_left_to_the_person(tmp_path: Path, text: str) -> None:
    opened = project(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        erase_source(opened, "shop")
    assert "by hand" in (refused.value.next_step or "")
    with pytest.raises(ConfigError):
        write_source(opened, "more", FILES)
    assert text_of(opened) == text


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Shop", "shop"),
        ("my-shop", "my_shop"),
        ("my shop", "my_shop"),
        ("a__b", None),
        ("1shop", None),
        ("", None),
        ("../etc", "etc"),
        ("sh;drop", "sh_drop"),
        ("s" * 41, "s" * 40),
        ("größe", None),
    ],
)
def test_a_name_that_is_not_plain_is_refused_with_the_nearest_that_is(
    tmp_path: Path, name: str, near: str | None
) -> None:
    with pytest.raises(ConfigError) as refused:
        check_new_name(project(tmp_path, "name: mine\n"), name)
    assert refused.value.nearest == near or near is None
    assert refused.value.next_step


def test_a_name_that_is_taken_or_unknown(tmp_path: Path) -> None:
    opened = project(tmp_path, WRITTEN)
    with pytest.raises(ConfigError, match="already") as taken:
        check_new_name(opened, "shop")
    assert "source remove shop" in (taken.value.next_step or "")
    with pytest.raises(ConfigError) as unknown:
        known_source(opened, "shpo")
    assert unknown.value.nearest == "shop"
    with pytest.raises(ConfigError):
        erase_source(opened, "shpo")
