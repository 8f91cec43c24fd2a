"""A rollup that could not be right is refused where it is declared, with the line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amalimart.core.errors import ConfigError
from amalimart.core.rollups import Stored, StoredColumn
from amalimart.semantic.rollups.declared import load_rollups
from tests.semantic.conftest import MARKETPLACE

if TYPE_CHECKING:
    from amalimart.semantic.model import SemanticModel

GOOD = """\
rollups:
  mine:
    description: Mine.
    owner: finance
    dataset: orders
    grain: day
    dimensions: [status, currency]
    measures: {total_amount: [sum, max]}
"""


def written(folder: Path, text: str) -> Path:
    (folder / "rollups").mkdir(exist_ok=True)
    (folder / "rollups" / "mine.yml").write_text(text)
    return folder


def test_a_sum_is_kept_with_the_count_of_its_column_and_of_the_key(
    model: SemanticModel, tmp_path: Path
) -> None:
    (mine,) = load_rollups([written(tmp_path, GOOD)], model)
    assert set(mine.made.stored) == {
        StoredColumn("order_id", Stored.COUNT),
        StoredColumn("total_amount", Stored.COUNT),
        StoredColumn("total_amount", Stored.SUM),
        StoredColumn("total_amount", Stored.MAX),
    }
    assert str(mine.table) == "gold.rollup_mine"
    assert mine.exact == {"order_date", "status", "currency"}


def test_a_later_folder_replaces_by_name(model: SemanticModel, tmp_path: Path) -> None:
    text = GOOD.replace("mine:", "daily_orders:")
    found = load_rollups([MARKETPLACE / "semantic", written(tmp_path, text)], model)
    (mine,) = [rollup for rollup in found if rollup.name == "daily_orders"]
    assert mine.made.dimensions == ("status", "currency")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("dataset: orders", "dataset: order", "no dataset is called 'order'"),
        ("[status,", "[state,", "no field of orders is called 'state'"),
        ("[status,", "[order_date,", "order_date is the time"),
        ("[status, currency]", "[status]", "two currencies"),
        ("total_amount: [sum, max]", "status: [max]", "status has no order"),
        ("total_amount: [sum, max]", "status: [sum]", "sums of status"),
        ("total_amount: [sum, max]", "total: [sum]", "no field of orders is called 'total'"),
        ("dataset: orders", "dataset: products", "no time of its own"),
        ("owner: finance", "owners: finance", "owners"),
        ("[sum, max]", "[median]", "should be 'count'"),
        ("mine:", "My rollup:", "cannot be a name"),
    ],
)
def test_what_could_not_be_right_is_refused_with_its_line(
    model: SemanticModel, tmp_path: Path, before: str, after: str, said: str
) -> None:
    assert before in GOOD
    with pytest.raises(ConfigError) as caught:
        load_rollups([written(tmp_path, GOOD.replace(before, after))], model)
    assert said in str(caught.value)
    assert "mine.yml:" in str(caught.value.where)


def test_a_rollup_by_nothing_is_refused(model: SemanticModel, tmp_path: Path) -> None:
    text = GOOD.replace("    grain: day\n", "").replace("    dimensions: [status, currency]\n", "")
    with pytest.raises(ConfigError, match="kept by nothing"):
        load_rollups([written(tmp_path, text)], model)
