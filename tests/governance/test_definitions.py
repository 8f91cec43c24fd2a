"""Definitions and approvals: an approval is of one hash, and the package's own count as approved."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from amalimart.core.approvals import Approval
from amalimart.core.errors import ConfigError, NotFound, RequestError
from amalimart.governance.definitions import (
    Definition,
    DefinitionKind,
    Standing,
    find_definition,
    judged,
    metric_definitions,
    model_definitions,
    notes_of_unapproved,
)
from amalimart.governance.model_files import model_files
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.semantic.notes import Note
from amalimart.warehouse.project.project_files import PACKAGED_PROJECT

GOLD = PACKAGED_PROJECT / "models" / "gold"
MINE = "-- Mine.\n-- owner: till\n{{ config(schema='gold') }}\nselect 1 as one\n"
METRICS = """\
subject: {name: revenue, label: {en: Revenue, fr: Revenus}}
metrics:
  gmv:
    label: {en: GMV, fr: GMV}
    description: Totals of completed orders only.
    owner: finance
    unit: money
    dataset: orders
    aggregate: sum
    field: total_amount
    where: ["status = COMPLETED"]
"""


def approval(definition: Definition, by: str = "Ama") -> Approval:
    return Approval(
        "id", definition.kind.value, definition.name, definition.hash, "0.1.0", by, "operator", "agreed",
        datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip


def definition_of(folder: Path, name: str) -> Definition:
    return find_definition(model_definitions(folder), name)


def test_the_package_stands_on_its_release(tmp_path: Path) -> None:
    semantic = load_model([PACKAGED])
    found = judged([*model_definitions(tmp_path), *metric_definitions(semantic)], ())
    assert {each.standing for each in found} == {Standing.PACKAGED}
    assert {each.definition.kind for each in found} == set(DefinitionKind)


def test_an_approval_is_of_one_definition_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "mine.sql").write_text(MINE)
    first = definition_of(tmp_path, "mine")
    (tmp_path / "mine.sql").write_text(MINE.replace("1 as one", "2 as one"))
    second = definition_of(tmp_path, "gold.mine")
    assert [each.standing for each in judged([second], ())] == [Standing.NEW]
    (found,) = judged([second], [approval(first)])
    assert (found.standing, found.is_approved) == (Standing.CHANGED, False)
    assert found.approval is not None
    (found,) = judged([second], [approval(second, "Kofi"), approval(first)])
    assert found.standing is Standing.APPROVED
    assert found.approval is not None
    assert found.approval.approved_by == "Kofi"


def test_comments_blanks_and_words_are_no_change_and_all_else_is(tmp_path: Path) -> None:
    sql, yml = (GOLD / "fact_payouts.sql").read_text(), (GOLD / "fact_payouts.yml").read_text()
    packaged = model_files(None)["fact_payouts"].definition

    def definition(sql: str, yml: str) -> str:
        (tmp_path / "fact_payouts.sql").write_text(sql)
        (tmp_path / "fact_payouts.yml").write_text(yml)
        return model_files(tmp_path)["fact_payouts"].definition

    assert (
        definition(f"-- more words\n{sql}\n\n", yml.replace("description: ", "description: Indeed "))
        == packaged
    )
    assert definition(sql + "where 1 = 1", yml) != packaged
    assert definition(sql, yml.replace("- not_null", "- unique", 1)) != packaged
    assert (
        definition(
            sql, yml.replace("columns:", "columns:\n      - {name: x, config: {meta: {class: public}}}")
        )
        != packaged
    )


def test_a_description_alone_in_another_file_is_a_change_of_its_model(tmp_path: Path) -> None:
    (tmp_path / "notes.yml").write_text(
        "models:\n  - name: fact_payouts\n    config: {meta: {class: public}}\n"
    )
    (found,) = [each for each in judged(model_definitions(tmp_path), ()) if not each.is_approved]
    assert (found.definition.name, found.standing) == ("fact_payouts", Standing.CHANGED)


def test_a_changed_metric_is_noted_and_so_is_what_is_made_of_it(tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text(METRICS)
    model = load_model([PACKAGED, tmp_path])
    found = judged(metric_definitions(model), ())
    changed = {each.definition.name: each for each in found if not each.is_approved}
    made_of_it = {metric.name for metric in model.metrics.values() if "gmv" in metric.components}
    assert made_of_it
    assert set(changed) == {"gmv", *made_of_it}
    assert {each.standing for each in changed.values()} == {Standing.CHANGED}
    notes = notes_of_unapproved(model, found)
    assert set(notes) == {"gmv", *made_of_it}
    noted = model.noting(notes)
    assert noted.metrics["gmv"].notes[-1] == Note(
        "GMV: the definition has not been approved.",
        "GMV : la définition n'a pas été approuvée.",
    )
    assert noted.metrics["total_revenue"] == model.metrics["total_revenue"]
    gmv = changed["gmv"].definition
    assert judged([gmv], [approval(gmv)])[0].is_approved


def test_an_unknown_name_names_the_nearest_and_a_name_of_two_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gmv.sql").write_text(MINE)
    both = [*model_definitions(tmp_path), *metric_definitions(load_model([PACKAGED]))]
    with pytest.raises(NotFound) as unknown:
        find_definition(both, "fact_order")
    assert unknown.value.nearest == "fact_orders"
    with pytest.raises(RequestError, match="a model and a metric"):
        find_definition(both, "gmv")
    assert find_definition(both, "gold.gmv").kind is DefinitionKind.MODEL


def test_a_description_that_is_no_list_of_models_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("version: 2\nmodels: {a: 1}\n")
    with pytest.raises(ConfigError) as refused:
        model_files(tmp_path)
    assert refused.value.where == f"{tmp_path / 'bad.yml'}:2"


@pytest.mark.parametrize(
    "yml",
    [
        "models:\n  - {name: mine, config: plain, meta: [1]}\n",
        "models:\n  - {name: mine, columns: {a: 1}}\n",
        "models:\n  - {name: mine, config: {meta: {1: a, b: true}}}\n",
        "models:\n",
    ],
)
def test_a_strange_description_is_a_definition_too(tmp_path: Path, yml: str) -> None:
    """What dbt refuses it refuses later, in its own words."""
    (tmp_path / "mine.sql").write_bytes(b"select '\xff' as one\n")
    (tmp_path / "mine.yml").write_text(yml)
    first = definition_of(tmp_path, "mine").hash
    (tmp_path / "mine.sql").write_bytes(b"select '\xfe' as one\n")
    assert definition_of(tmp_path, "mine").hash != first
