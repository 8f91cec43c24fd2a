"""governance.yml: who answers for a table or a metric, and what a project's own file says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from amalimart.config.project import Settings
from amalimart.control.tables import Base
from amalimart.core.errors import ConfigError
from amalimart.governance.declaration import Responsible, load_declaration
from amalimart.governance.model_files import header_facts, model_files
from amalimart.governance.retention import retention
from amalimart.semantic.loading import PACKAGED, load_model
from tools.reference_pages.governance import declared_report

TABLES, METRICS = ("gold.fact_orders", "gold.dim_vendors"), ("gmv", "refunds")


def own(tmp_path: Path, text: str) -> Path:
    (tmp_path / "governance.yml").write_text(text)
    return tmp_path


def test_every_packaged_table_and_metric_has_an_owner_and_a_steward() -> None:
    declared, models = load_declaration(None), model_files(None)
    assert len(models) > 60
    found = {model.table: declared.of_table(model.table, model.owner) for model in models.values()}
    lacking = [table for table, each in found.items() if None in {each.owner, each.steward}]
    assert lacking == []
    metrics = load_model([PACKAGED]).metrics.values()
    assert [m.name for m in metrics if declared.of_metric(m.name, m.owner).steward is None] == []


def test_a_project_names_owners_and_stewards_of_its_own(tmp_path: Path) -> None:
    home = own(
        tmp_path,
        "areas:\n  money: {about: Ours., owners: [finance data, till], steward: treasurer}\n"
        "tables:\n  gold.fact_orders: {owner: till}\n"
        "metrics:\n  gmv: {steward: chief of sales}\n",
    )
    declared = load_declaration(home, TABLES, METRICS)
    assert declared.of_table("gold.fact_orders", "finance data") == Responsible("till", "treasurer", "money")
    assert declared.of_table("gold.fact_payments", "finance data").steward == "treasurer"
    assert declared.of_metric("gmv", "operations") == Responsible(
        "operations", "chief of sales", "operations"
    )
    assert declared.of_table("gold.dim_vendors", "vendor data").steward == "vendor data steward"


def test_what_nobody_declared_has_nobody() -> None:
    declared = load_declaration(None)
    assert declared.of_table("gold.mine", None) == Responsible(None, None, None)
    assert declared.of_table("gold.mine", "somebody") == Responsible("somebody", None, None)


@pytest.mark.parametrize(
    ("text", "what", "nearest"),
    [
        ("tables: {gold.fact_order: {owner: x}}", "no table is called 'gold.fact_order'", "gold.fact_orders"),
        ("metrics: {gmw: {owner: x}}", "no metric is called 'gmw'", "gmv"),
        ("aeras: {}", "unknown key 'aeras'", "areas"),
        (
            "areas:\n  a: {about: A., owners: [finance], steward: s}\n",
            "'finance' owns something of two areas: money and a",
            None,
        ),
        ("tables: {gold.fact_orders: {owner: [a]}}", "valid string", None),
    ],
)
def test_a_mistake_names_file_and_line_and_the_nearest(
    tmp_path: Path, text: str, what: str, nearest: str | None
) -> None:
    home = own(tmp_path, text)
    with pytest.raises(ConfigError, match=what) as refused:
        load_declaration(home, TABLES, METRICS)
    assert refused.value.nearest == nearest
    assert str(home / "governance.yml") + ":" in (refused.value.where or "")


def test_the_header_ends_where_the_comment_does() -> None:
    facts = header_facts(
        "-- Words: and more.\n-- grain: one row per day\n-- owner: till \nselect\n-- owner: other\n"
    )
    assert facts == {"grain": "one row per day", "owner": "till"}


def test_every_table_of_the_control_database_has_a_retention() -> None:
    """A new table has to say how long its rows are kept, and what removes them."""
    told = {table for each in retention(Settings()) for table in each.tables}
    assert told == set(Base.metadata.tables)


def test_retention_says_what_the_settings_say() -> None:
    kept = {(each.layer, each.what): each for each in retention(Settings(history_days=9))}
    replaced = kept["bronze", "files that a new snapshot replaced"]
    assert (replaced.kept, replaced.declared) == ("9 days", "history_days")
    assert replaced.enforced_by is not None
    never = {each.what: each for each in retention(Settings())}["files that a new snapshot replaced"]
    assert (never.kept, never.enforced_by) == ("for ever", None)


def test_the_package_lacks_nothing_and_opens_no_personal_column_without_a_word() -> None:
    told = declared_report()
    assert told.gaps == ()
    opened = {f"{entry.table}.{c.name}": c for entry in told.tables for c in entry.columns if c.opened_to}
    assert set(opened) == set(load_declaration(None).opened)
    assert opened["gold.dim_customers.gender"].opened_to == ("analyst", "support")
    (names,) = [
        c for e in told.tables if e.table == "gold.dim_customers" for c in e.columns if c.name == "full_name"
    ]
    assert "support" not in names.seen_by
