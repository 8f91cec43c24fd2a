"""The model is read strictly: each mistake names its file and line; a project's folder overrides by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import amalimart
from amalimart.core.errors import ConfigError
from amalimart.semantic.loading import load_model

PACKAGED = Path(amalimart.__file__).parent / "marketplace" / "semantic"
HEAD = "subject: {name: mine, label: {en: Mine, fr: Le mien}}\nmetrics:\n"
GOOD = """  net_gmv:
    label: {en: Net GMV, fr: Net}
    description: GMV without discounts.
    owner: finance
    unit: money
    kind: derived
    formula: gmv - discounts_given
"""


def overlay(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "mine.yml").write_text(text, encoding="utf-8")
    return folder


def test_an_overlay_adds_and_replaces_by_name(tmp_path: Path) -> None:
    replaced = GOOD.replace("net_gmv", "gmv").replace("gmv - discounts_given", "prepaid_gmv + cod_gmv")
    mine = load_model([PACKAGED, overlay(tmp_path / "metrics", HEAD + GOOD + replaced)])
    packaged = load_model([PACKAGED])
    assert mine.metric("net_gmv").components == {"gmv", "discounts_given", "prepaid_gmv", "cod_gmv"}
    assert mine.metric("gmv").definition_hash != packaged.metric("gmv").definition_hash
    assert (
        mine.metric("avg_order_value").definition_hash != packaged.metric("avg_order_value").definition_hash
    )
    assert mine.metric("order_count").definition_hash == packaged.metric("order_count").definition_hash


def test_a_new_description_is_not_a_new_version(tmp_path: Path) -> None:
    one = load_model([PACKAGED, overlay(tmp_path / "a", HEAD + GOOD)])
    two = load_model([PACKAGED, overlay(tmp_path / "b", HEAD + GOOD.replace("without", "less"))])
    assert one.metric("net_gmv").definition_hash == two.metric("net_gmv").definition_hash


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("formula: gmv - discounts_given", "formula: gmw - discounts_given", 9, "'gmw'"),
        ("formula: gmv - discounts_given", "formula: net_gmv + gmv", 3, "by itself"),
        ("formula: gmv - discounts_given", "formula: gmv - sleep(3)", 9, "SLEEP"),
        ("formula: gmv - discounts_given", "formula: gmv; drop table x", 9, "formula"),
        ("owner: finance", "owner: finance\n    ownr: me", 7, "ownr"),
        ("owner: finance", "owner: finance\n    version: 0", 7, "version"),
        ("owner: finance", "owner: finance\n    example: {value: 1, from: 2024-01-01}", 7, "belong together"),
        ("owner: finance", "owner: finance\n    example: {value: 2024-01-01}", 7, "is no money"),
        ("owner: finance", "owner: finance\n    example: {value: 1, where: 'a =='}", 7, "condition"),
        ("unit: money", "unit: cedis", 7, "unit"),
        ("kind: derived", "kind: simple", 3, "a simple metric takes"),
        ("net_gmv:", "month:", 3, "cannot be a name"),
        ("net_gmv:", "net__gmv:", 3, "cannot be a name"),
        ("    owner: finance", "    aliases: {total_sales: }\n    owner: finance", 3, "already names"),
        ("    owner: finance", "    hints: {vendr: item_gmv}\n    owner: finance", 6, "vendr"),
        ("    owner: finance", "    default_by: [vendor]\n    owner: finance", 6, "cannot be grouped"),
    ],
)
def test_a_mistake_names_its_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    folder = overlay(tmp_path / "metrics", HEAD + GOOD.replace(old, new))
    with pytest.raises(ConfigError) as error:
        load_model([PACKAGED, folder])
    assert message in str(error.value)
    assert error.value.where == f"{folder / 'mine.yml'}:{line}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("field: total_amount", "field: total_amont", "total_amount"),
        ("dataset: orders", "dataset: order", "orders"),
        ("aggregate: sum", "aggregate: median", "aggregate"),
        ('where: ["payment_kind = COD"]', 'where: ["payment_kind = CASH"]', "COD"),
        ('where: ["payment_kind = COD"]', 'where: ["payment_kind COD"]', "cannot read"),
        ('where: ["payment_kind = COD"]', 'where: ["order.payment_kind = COD"]', "relationship"),
    ],
)
def test_a_mistake_in_a_simple_metric_is_explained(tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = tmp_path / "semantic"
    shutil.copytree(PACKAGED, folder)
    path = folder / "metrics" / "revenue.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_model([folder])
    assert message in str(error.value)
    assert str(path) in (error.value.where or "")


def test_two_ways_of_the_same_length_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "semantic"
    shutil.copytree(PACKAGED, folder)
    path = folder / "datasets" / "order_items.yml"
    text = path.read_text(encoding="utf-8")
    other = "relationships:\n  buyer: {to: customers, column: customer_id}\n"
    path.write_text(text.replace("relationships:\n", other), encoding="utf-8")
    with pytest.raises(ConfigError, match="in two ways"):
        load_model([folder])
