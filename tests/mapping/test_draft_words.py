"""Names taken apart: whatever a shop's habit of writing, the same words come out."""

from __future__ import annotations

from pathlib import Path

import pytest

from amalimart.core.errors import ConfigError
from amalimart.mapping.drafting.values import match_values
from amalimart.mapping.drafting.vocabulary import VOCABULARY_FOLDER, load_vocabulary
from amalimart.mapping.entities import ColumnType, load_entities


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("order_date", ("order", "date")),
        ("orderDate", ("order", "date")),
        ("OrderDate", ("order", "date")),
        ("orderdate", ("order", "date")),
        ("ORDER_DT", ("order", "date")),
        ("ordered_at", ("ordered", "date")),
        ("SKUCode", ("sku", "code")),
        ("orderID", ("order", "id")),
        ("custId", ("customer", "id")),
        ("unitprice", ("unit", "price")),
        ("qty", ("quantity",)),
        ("dob", ("birth", "date")),
        ("categories", ("category",)),
        ("addresses", ("address",)),
        ("statuses", ("status",)),
        ("wishlists", ("wish", "list")),
        ("größe", ("groe",)),
        ("", ()),
        ("42", ("42",)),
    ],
)  # fmt: skip
def test_a_name_is_split_and_each_word_told_in_one_form(name: str, words: tuple[str, ...]) -> None:
    assert load_vocabulary().lexicon.words(name) == words


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("buyer", "customer"),
        ("seller", "vendor"),
        ("sales", "order"),
        ("shipped", "dispatched"),
        ("tel", "phone"),
    ],
)
def test_synonyms_are_one_word(left: str, right: str) -> None:
    lexicon = load_vocabulary().lexicon
    assert lexicon.words(left) == lexicon.words(right)


@pytest.mark.parametrize(
    ("left", "right", "low", "high"),
    [
        ("order date", "order date", 1.0, 1.0),
        ("date order", "order date", 1.0, 1.0),
        ("user id", "customer id", 0.8, 0.99),
        ("purch date", "order date", 0.9, 0.99),
        ("dispatch date", "order date", 0.0, 0.5),
        ("created date", "paid date", 0.0, 0.5),
        ("weight", "price", 0.0, 0.0),
        ("total excluding tax", "total tax", 0.0, 0.6),
        ("average rating", "rating", 0.0, 0.6),
        ("min quantity", "quantity", 0.0, 0.6),
    ],
)
def test_likeness_needs_words_that_say_something(left: str, right: str, low: float, high: float) -> None:
    lexicon = load_vocabulary().lexicon
    assert low <= lexicon.similarity(lexicon.words(left), lexicon.words(right)) <= high


def test_likeness_is_the_same_both_ways() -> None:
    lexicon = load_vocabulary().lexicon
    names = ["order_date", "user_id", "customer_id", "total", "grand_total", "ship_to_city", "purch_dt"]
    for left in names:
        for right in names:
            there = lexicon.similarity(lexicon.words(left), lexicon.words(right))
            assert there == pytest.approx(lexicon.similarity(lexicon.words(right), lexicon.words(left)))


def meanings(entity: str, column: str, *written: str) -> dict[str, str]:
    canonical = load_entities()[entity].columns[column].values
    found = match_values(load_vocabulary(), entity, column, canonical, dict.fromkeys(written, 1))
    assert set(found.meanings) | set(found.undecided) <= set(written)
    return dict(found.meanings)


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("orders.status", "DELIVERED", "COMPLETED"),
        ("orders.status", "wc-completed", "COMPLETED"),
        ("orders.status", "Cancelled by admin", "CANCELLED"),
        ("order_status_history.new_status", "delivered", "COMPLETED"),
        ("payments.status", "PAID", "SUCCESS"),
        ("payments.status", "COMPLETED", "SUCCESS"),
        ("payments.method", "Mobile Money", "MOBILE_MONEY"),
        ("payments.method", "mobile_money", "MOBILE_MONEY"),
        ("payments.method", "COD", "CASH_ON_DELIVERY"),
        ("returns.status", "DECLINED", "REJECTED"),
        ("users.gender", "f", "FEMALE"),
        ("users.role", "seller", "VENDOR"),
        ("shipments.status", "out for delivery", "IN_TRANSIT"),
    ],
)
def test_what_shops_write_has_a_meaning(column: str, text: str, value: str) -> None:
    assert meanings(*column.split("."), text) == {text: value}


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("orders.status", "not delivered"),
        ("orders.status", "partially delivered"),
        ("orders.status", "3"),
        ("orders.status", "paid or cancelled"),
        ("orders.status", "zapped"),
        ("orders.status", "{{ delivered }}"),
        ("payments.method", "cheque"),
    ],
)
def test_what_is_in_doubt_stays_undecided(column: str, text: str) -> None:
    assert meanings(*column.split("."), text) == {}


def test_spellings_that_differ_in_case_only_are_one_and_a_blank_is_none() -> None:
    assert meanings("orders", "status", "Shipped", "SHIPPED", " ", "") == {"Shipped": "DISPATCHED"}


def test_no_spelling_has_two_meanings() -> None:
    """The one that stands first would win, unseen."""
    for (entity, column), values in load_vocabulary().values.items():
        spec = load_entities()[entity].columns[column]
        assert spec.type is ColumnType.ENUM
        seen: dict[str, str] = {value.lower().replace("_", " "): value for value in spec.values}
        for value, spellings in values.items():
            for spelling in spellings:
                assert seen.setdefault(spelling, value) == value, (entity, column, spelling)


def test_every_word_of_a_group_is_in_one_group_only() -> None:
    words = load_vocabulary().words
    grouped = [word for group in words.same for word in group]
    assert sorted({word for word in grouped if grouped.count(word) > 1}) == []
    assert sorted(set(words.abbreviations) & set(grouped)) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "nearest"),
    [
        ("names.yml", "\n  orders:\n", "\n  ordrs:\n", "orders"),
        ("names.yml", "order_date:", "order_dte:", "order_date"),
        ("values.yml", "[reviews.status]", "[reviews.state]", "status"),
        ("values.yml", "    HIDDEN:", "    HIDEN:", "HIDDEN"),
    ],
)
def test_a_vocabulary_that_names_what_is_not_there_is_refused_with_its_line(
    tmp_path: Path, file: str, old: str, new: str, nearest: str
) -> None:
    for path in VOCABULARY_FOLDER.glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(text.replace(old, new, 1) if path.name == file else text)
    with pytest.raises(ConfigError) as refused:
        load_vocabulary(tmp_path)
    assert refused.value.nearest == nearest
    assert (refused.value.where or "").startswith(f"{tmp_path / file}:")
