"""A person can read each packaged metric and dimension: names in two languages, words, and an owner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from amalimart.access.policies import load_policies
from amalimart.access.principal import Role
from amalimart.core.calendar import DayRange
from amalimart.core.fiscal import Calendar
from amalimart.semantic.defined import Dimension, Metric
from amalimart.semantic.formula_phrases import PHRASES, Language
from amalimart.semantic.formula_words import formula_in_words
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.question import Question
from amalimart.semantic.question_shape import shape_of
from amalimart.semantic.request_notes import notes_of
from amalimart.semantic.resolving import Resolver
from amalimart.semantic.shapes import Aggregate, Over, Period
from amalimart.semantic.time_roles import roles_of
from tests.semantic.conftest import MARKETPLACE, TODAY, Source

SAME_IN_FRENCH = {"commission", "is_express"}  # the word is the same in both languages


def named(model: SemanticModel) -> Iterable[Metric | Dimension]:
    return (*model.metrics.values(), *model.dimensions.values())


def test_each_has_a_label_in_english_and_in_french(model: SemanticModel) -> None:
    missing = [each.name for each in named(model) if not each.label.en.strip() or not each.label.fr.strip()]
    copied = {each.name for each in named(model) if each.label.en.casefold() == each.label.fr.casefold()}
    assert missing == []
    assert copied == SAME_IN_FRENCH, "translate the label, or say that the word is the same"
    assert [name for name, label in model.subjects.items() if not label.en or not label.fr] == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_two_of_a_kind_are_called_the_same(model: SemanticModel, language: str) -> None:
    for things in (model.metrics.values(), model.dimensions.values()):
        counted = Counter(getattr(each.label, language).casefold() for each in things)
        assert [label for label, count in counted.items() if count > 1] == []


def test_each_says_what_it_is_and_who_answers_for_it(model: SemanticModel) -> None:
    assert [each.name for each in named(model) if not each.description.strip()] == []
    assert [each.name for each in named(model) if not each.owner] == []


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("gmv", "sum of total amount in orders"),
        ("ytd_revenue", "sum of total amount in orders from the first day of the year to today"),
        (
            "net_revenue",
            "sum of item amount in order items where order status not in (CANCELLED, REJECTED, RETURNED)",
        ),
        ("avg_rating", "[sum of rating in reviews] ÷ [number of rating in reviews]"),
        ("listed_products", "number of distinct product id in products where is listed = true"),
        ("repeat_customers", "number of customer id whose number of distinct order id is >= 2 in orders"),
        (
            "returning_customers",
            (
                "number of distinct customer id in orders"
                " where customer first order date < the first day of the period"
            ),
        ),
        ("new_registrations", "number of distinct customer id in customers by registered on"),
        (
            "revenue_growth_rate",
            (
                "([sum of total amount in orders] - [sum of total amount in orders in the period before])"
                " ÷ [sum of total amount in orders in the period before]"
            ),
        ),
        (
            "days_of_cover",
            (
                "[sum of stock quantity in products where is listed = true]"
                " ÷ ([sum of quantity in order items from 29 days ago to today] ÷ 30)"
            ),
        ),
        (
            "days_between_orders",
            (
                "[sum over customer id of the days from the first to the last order date in orders] ÷"
                " ([number of customer id in orders] - [number of distinct customer id in orders])"
            ),
        ),
    ],
)
def test_the_formula_is_told_in_words(model: SemanticModel, metric: str, words: str) -> None:
    assert formula_in_words(model, model.metrics[metric].formula) == words


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("gmv", "somme de total amount dans orders"),
        (
            "net_revenue",
            ("somme de item amount dans order items où order status hors de (CANCELLED, REJECTED, RETURNED)"),
        ),
        ("ytd_revenue", "somme de total amount dans orders du premier jour de l'année à aujourd'hui"),
        ("repeat_customers", "nombre de customer id avec nombre de order id différents >= 2 dans orders"),
        ("new_registrations", "nombre de customer id différents dans customers selon registered on"),
    ],
)
def test_the_formula_is_told_in_french(model: SemanticModel, metric: str, words: str) -> None:
    assert formula_in_words(model, model.metrics[metric].formula, "fr") == words


@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_metric_is_without_a_formula_in_words(model: SemanticModel, language: Language) -> None:
    for metric in model.metrics.values():
        words = formula_in_words(model, metric.formula, language)
        for leaf in metric.leaves:
            assert leaf.measure.dataset.replace("_", " ") in words, metric.name


def test_every_phrase_is_there_in_each_language() -> None:
    for phrases in PHRASES.values():
        assert (set(phrases.aggregates), set(phrases.over), set(phrases.periods)) == (
            set(Aggregate), set(Over), set(Period)
        )  # fmt: skip


def test_each_says_in_french_what_it_is(model: SemanticModel) -> None:
    """French words of a length that fits, and no text that was only copied."""
    for each in named(model):
        french = each.description_fr
        assert french, f"{each.name} has no description_fr"
        assert french.endswith("."), each.name
        assert french != each.description, each.name
        assert 0.6 < len(french) / len(each.description) < 2.2, each.name
    texts = [each.description_fr for each in named(model)]
    assert len(set(texts)) == len(texts)


def test_every_note_of_a_metric_is_said_in_french_too(model: SemanticModel) -> None:
    notes = {note for metric in model.metrics.values() for note in metric.notes}
    notes |= {metric.left_out.note for metric in model.metrics.values() if metric.left_out is not None}
    assert notes
    assert [note.en for note in notes if note.en == note.fr or not note.fr.endswith(".")] == []
    assert [note.en for note in notes if ("{count}" in note.en) != ("{count}" in note.fr)] == []


def test_what_a_receipt_adds_calls_metrics_by_the_label_of_each_language(model: SemanticModel) -> None:
    """Of every metric in each form that adds a note: its label stands there, its name nowhere."""
    every = load_policies([MARKETPLACE / "policies"])
    fiscal = SemanticModel(
        model.datasets.values(),
        model.dimensions.values(),
        model.metrics.values(),
        model.subjects,
        Calendar(4),
    )
    resolver = Resolver(fiscal, every, Source())
    days, told = DayRange(TODAY, TODAY), 0
    for metric in fiscal.metrics.values():
        roles = (None, *roles_of(fiscal, metric.formula))
        for role in roles:
            shape = shape_of(Question((metric.name,), TODAY, days=days, time=role))
            own = set(notes_of(resolver.resolve(shape, Role.ADMIN), fiscal.calendar))
            for note in own - set(metric.notes):
                told += 1
                assert note.en.startswith(f"{metric.label.en}: "), metric.name
                assert note.fr.startswith(f"{metric.label.fr} : "), metric.name
                assert (note.en[-1], note.fr[-1]) == (".", "."), metric.name
                assert "_" not in note.en + note.fr, metric.name
    assert told > 50


def test_every_dimension_is_known_by_another_name_too(model: SemanticModel) -> None:
    assert [each.name for each in model.dimensions.values() if not each.synonyms and not each.bucket] == []
