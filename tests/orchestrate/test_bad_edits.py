"""A wrong edit of a running project: the old release serves, and the owner's own file is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amalimart.core.errors import CompileFailed, ModelFailed, UnsupportedFeature
from amalimart.orchestrate.releases.refresh_loop import RefreshLoop
from amalimart.processes.services import EngineFeed, engine_status
from amalimart.warehouse import building
from amalimart.warehouse.project import project_files
from tests.orchestrate.landed_shop import LandedShop
from tests.warehouse.rendered_project import rendered_graph
from tests.warehouse.tiny_shop import PROJECT_FILES

TOTALS = "select total_amount from gold.fact_orders order by 1"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LandedShop]:
    packaged = tmp_path / "packaged"
    for name, text in PROJECT_FILES.items():
        (packaged / name).parent.mkdir(parents=True, exist_ok=True)
        (packaged / name).write_text(text)
    whole = project_files.assemble
    monkeypatch.setattr(
        "amalimart.orchestrate.engine.compile_project",
        lambda folder, project_hash, _cache, settings: rendered_graph(folder, project_hash, settings),
    )
    monkeypatch.setattr(
        "amalimart.orchestrate.engine.assemble",
        lambda folder, sources, settings, overlays, **_: whole(folder, sources, settings, overlays, packaged),
    )
    opened = LandedShop(tmp_path / "home")
    opened.land(("1", "10"))
    opened.engine.refresh()
    yield opened
    opened.engine.close()


def write(shop: LandedShop, name: str, text: str) -> Path:
    path = shop.home / "models" / name
    path.write_text(text)
    return path


def test_an_unknown_column_names_the_owners_file_and_the_nearest_and_the_old_release_serves(
    shop: LandedShop,
) -> None:
    loop = RefreshLoop(shop.engine)
    mine = write(
        shop, "mine.sql", "{{ config(schema='gold') }} select totl_amount from {{ ref('fact_orders') }}"
    )
    shop.land(("2", "20"))
    assert not loop.refresh_once()
    error = loop.last_error
    assert isinstance(error, ModelFailed)
    assert error.where == f"model.marketplace.mine in {mine}"
    assert error.nearest == "total_amount"
    assert [str(total) for (total,) in shop.rows(TOTALS)] == ["10.00"]
    said = engine_status(EngineFeed(shop.engine, loop), loop)
    assert said.phase == "held"
    for part in ("gold.mine", "totl_amount", str(mine), "nearest: total_amount"):
        assert part in said.message
    mine.write_text("{{ config(schema='gold') }} select total_amount from {{ ref('fact_orders') }}")
    assert loop.refresh_once()
    assert [str(total) for (total,) in shop.rows(TOTALS)] == ["10.00", "20.00"]


def test_a_file_that_is_refused_and_one_that_does_not_compile_name_the_owners_file(
    shop: LandedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = write(shop, "mine.sql", "{{ config(materialized='incremental') }} select 1 as one")
    with pytest.raises(UnsupportedFeature) as refused:
        shop.engine.refresh()
    assert refused.value.where == f"model.marketplace.mine in {mine}"

    def failing(*_: object) -> None:
        raise CompileFailed("no", where="models/overlay/mine.sql:3")

    monkeypatch.setattr("amalimart.orchestrate.engine.compile_project", failing)
    write(shop, "mine.sql", "select 1 as one, 2")
    with pytest.raises(CompileFailed) as failed:
        shop.engine.refresh()
    assert failed.value.where == f"{mine}:3"
    assert [str(total) for (total,) in shop.rows(TOTALS)] == ["10.00"]


def test_a_model_that_is_edited_under_a_running_build_is_taken_up_by_the_next(
    shop: LandedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build that runs is of the files as they were, whole; a release never mixes two states of them."""
    text = "{{ config(schema='gold', alias='mine') }} select total_amount from {{ ref('fact_orders') }}"
    write(shop, "mine.sql", text)
    whole = building.Building._create

    def edited_meanwhile(self: Any, model: Any) -> int:
        write(
            shop, "mine.sql", text.replace("select total_amount", "select total_amount * 2 as total_amount")
        )
        write(shop, "late.sql", "{{ config(schema='gold') }} select count(*) as n from {{ ref('mine') }}")
        return whole(self, model)

    with monkeypatch.context() as during:
        during.setattr(building.Building, "_create", edited_meanwhile)
        assert shop.engine.refresh() is not None
    assert str(shop.value("select total_amount from gold.mine")) == "10.00"
    assert shop.value("select count(*) from information_schema.tables where table_name = 'late'") == 0
    assert shop.engine.refresh() is not None
    assert str(shop.value("select total_amount from gold.mine")) == "20.00"
    assert shop.value("select n from gold.late") == 1
