"""The reference pages are what the code says now, and the generator notices when they are not."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from amalimart.cli.application import application
from amalimart.config.project import Settings
from amalimart.core.errors import AmalimartError
from amalimart.semantic.loading import load_model
from tools.reference import FOLDER, stale_pages, write_pages
from tools.reference_pages import all_pages
from tools.reference_pages.commands import walk
from tools.reference_pages.semantic_content import MARKETPLACE


def test_no_page_of_the_reference_is_out_of_date() -> None:
    assert stale_pages() == [], "run: python tools/reference.py"


def test_pages_come_out_the_same_each_time() -> None:
    assert all_pages() == all_pages()


def test_a_page_that_differs_is_missing_or_is_left_over_is_named_and_mended(tmp_path: Path) -> None:
    folder = tmp_path / "reference"
    shutil.copytree(FOLDER, folder)
    (folder / "errors.md").write_text("old")
    (folder / "metrics.md").unlink()
    (folder / "legacy.md").write_text("of something that is gone")
    assert stale_pages(folder) == ["errors.md", "legacy.md", "metrics.md"]
    assert write_pages(folder) == ["errors.md", "legacy.md", "metrics.md"]
    assert stale_pages(folder) == []


def test_every_command_and_option_is_on_its_page() -> None:
    page = (FOLDER / "commands.md").read_text()
    for path, command in walk(application, ("amalimart",)):
        part = page.partition(f"\n## {' '.join(path)}\n")[2].partition("\n## ")[0]
        options = [name for p in command.params if isinstance(p, click.Option) for name in p.opts]
        assert part
        assert [name for name in options if f"`{name}`" not in part] == []


def test_every_metric_alias_and_dimension_is_on_its_page() -> None:
    model = load_model([MARKETPLACE / "semantic"])
    metrics, dimensions = ((FOLDER / f"{name}.md").read_text() for name in ("metrics", "dimensions"))
    assert [name for name in model.metric_names if f"`{name}`" not in metrics] == []
    assert [name for name in model.dimensions if f"`{name}`" not in dimensions] == []


def test_every_error_and_top_setting_is_on_its_page() -> None:
    def below(kind: type[AmalimartError]) -> list[type[AmalimartError]]:
        children = kind.__subclasses__()
        return [*children, *(leaf for child in children for leaf in below(child))]

    errors, configuration = ((FOLDER / f"{name}.md").read_text() for name in ("errors", "configuration"))
    ours = [kind for kind in below(AmalimartError) if kind.__module__.startswith("amalimart.")]
    assert [kind.code for kind in ours if f"`{kind.code}`" not in errors] == []
    assert [name for name in Settings.model_fields if f"`{name}" not in configuration] == []
