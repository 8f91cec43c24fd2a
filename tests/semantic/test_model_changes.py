"""What an edit of definitions counts as: words, more to ask, or another answer."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from amalimart.semantic.changes import Change, Weight, asked_names, changes_between
from amalimart.semantic.loading import load_model

TINY = Path(__file__).parent / "tiny"

HEAD = "subject: {name: mine, label: {en: Mine, fr: Le mien}}\nmetrics:\n"
NET = """  net_gmv:
    label: {en: Net GMV, fr: Volume net}
    description: GMV without discounts.
    owner: finance
    unit: money
    kind: derived
    formula: gmv - discounts_given
    aliases: {net_sales: {grain: day}}
    non_additive: [channel]
    default_grain: month
"""
SHARE = """  net_share:
    label: {en: Net share, fr: Part nette}
    description: Net GMV of all GMV.
    owner: finance
    unit: percent
    kind: ratio
    numerator: net_gmv
    denominator: gmv
"""


def compare(tmp_path: Path, before: str, after: str) -> dict[str, Change]:
    models = []
    for name, text in (("a", before), ("b", after)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.yml").write_text(text, encoding="utf-8")
        models.append(load_model([TINY, tmp_path / name]))
    return {each.name: each for each in changes_between(*models)}


def test_nothing_differs_from_itself() -> None:
    assert changes_between(load_model([TINY]), load_model([TINY])) == ()


@pytest.mark.parametrize(
    ("old", "new", "weight", "words"),
    [
        ("Volume net", "Volume d'affaires net", Weight.COSMETIC, "label"),
        ("without discounts", "less discounts", Weight.COSMETIC, "description"),
        ("owner: finance", "owner: sales", Weight.COSMETIC, "owner"),
        ("owner: finance", "owner: finance\n    notes: [mind it]", Weight.COSMETIC, "notes"),
        ("{net_sales: {grain: day}}", "{net_sales: {grain: day}, sold: }", Weight.ADDITIVE, "alias sold"),
        ("non_additive: [channel]", "non_additive: []", Weight.ADDITIVE, "adds up"),
        ("{net_sales: {grain: day}}", "{}", Weight.BREAKING, "lost the alias net_sales"),
        ("grain: day", "grain: week", Weight.BREAKING, "net_sales answers by week"),
        ("default_grain: month", "default_grain: day", Weight.BREAKING, "usually"),
        ("non_additive: [channel]", "non_additive: all", Weight.BREAKING, "does not add up over anything"),
        ("unit: money", "unit: number", Weight.BREAKING, "the unit is number"),
        ("gmv - discounts_given", "gmv + discounts_given", Weight.BREAKING, "another meaning"),
        ("gmv - discounts_given", "gmv - spend", Weight.BREAKING, "lost the dimension"),
        ("owner: finance", "owner: finance\n    needs: [orders.channel]", Weight.BREAKING, "needs more"),
    ],
)
def test_each_kind_of_edit_has_its_weight(
    tmp_path: Path, old: str, new: str, weight: Weight, words: str
) -> None:
    assert old in NET
    (change,) = compare(tmp_path, HEAD + NET, HEAD + NET.replace(old, new, 1)).values()
    assert (change.name, change.weight) == ("net_gmv", weight)
    assert any(words in each.what and each.weight is weight for each in change.differences)
    assert change.lacks_version is change.changes_value


def test_what_is_made_of_it_changes_with_it_and_says_through_what(tmp_path: Path) -> None:
    changed = NET.replace("discounts_given", "2 * discounts_given").replace(
        "owner:", "version: 2\n    owner:"
    )
    found = compare(tmp_path, HEAD + NET + SHARE, HEAD + changed + SHARE)
    assert set(found) == {"net_gmv", "net_share"}
    assert found["net_gmv"].metrics == ("net_share",)
    assert (found["net_gmv"].lacks_version, found["net_share"].lacks_version) == (False, True)
    assert any("through net_gmv" in each.what for each in found["net_share"].differences)


def test_a_definition_that_comes_is_additive_and_one_that_goes_is_breaking(tmp_path: Path) -> None:
    (come,) = compare(tmp_path, HEAD + NET, HEAD + NET + SHARE).values()
    assert (come.name, come.weight, come.before, come.changes_value) == (
        "net_share",
        Weight.ADDITIVE,
        None,
        True,
    )
    shutil.rmtree(tmp_path / "a")
    shutil.rmtree(tmp_path / "b")
    (gone,) = compare(tmp_path, HEAD + NET + SHARE, HEAD + NET).values()
    assert (gone.name, gone.weight, gone.after, gone.lacks_version) == (
        "net_share", Weight.BREAKING, None, False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "weight", "words"),
    [
        ("fr: Canal}", "fr: Voie}", Weight.COSMETIC, "label"),
        ("[marketing_channel]", "[marketing_channel, way]", Weight.ADDITIVE, "synonym way"),
        ("[marketing_channel]", "[way]", Weight.BREAKING, "lost the synonym marketing_channel"),
        ("[orders.channel, spend.channel", "[spend.channel, orders.channel", Weight.BREAKING, "values"),
    ],
)
def test_dimensions_are_looked_at_too(tmp_path: Path, old: str, new: str, weight: Weight, words: str) -> None:
    copied = tmp_path / "semantic"
    shutil.copytree(TINY, copied)
    file = copied / "dimensions" / "all.yml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    before, after = load_model([TINY]), load_model([copied])
    (change,) = changes_between(before, after)
    assert (change.name, change.weight, change.changes_value) == ("channel", weight, False)
    assert any(words in each.what for each in change.differences)
    assert ("gmv" in change.metrics) is (weight is Weight.BREAKING)
    assert asked_names(before, [change])["marketing_channel"] == {"channel"}


def test_a_dimension_that_comes_or_goes_is_one_change_that_names_what_it_groups(tmp_path: Path) -> None:
    copied = tmp_path / "semantic"
    shutil.copytree(TINY, copied)
    file = copied / "dimensions" / "all.yml"
    file.write_text(file.read_text().partition("  customer_country:")[0])
    with_it, without = load_model([TINY]), load_model([copied])
    (come,) = changes_between(without, with_it)
    assert (come.name, come.weight, come.metrics) == ("customer_country", Weight.ADDITIVE, ())
    (gone,) = changes_between(with_it, without)
    assert (gone.weight, "gmv" in gone.metrics, "spend" in gone.metrics) == (Weight.BREAKING, True, False)
