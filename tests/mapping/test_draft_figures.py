"""How good a draft is: its columns held against mappings that people wrote, shop by shop.

`pytest tests/mapping/test_draft_figures.py -s` prints the figures. A pair is an entity's column and the
table and column that fill it; constants do not count. Precision: which part of the proposed pairs is
right; recall: which part of the right pairs is proposed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from amalimart.mapping.catalog_check import check_catalog
from amalimart.mapping.drafting.assembling import draft_mapping
from amalimart.mapping.drafting.draft import PROPOSED, Draft
from amalimart.mapping.drafting.rendering import render
from amalimart.mapping.source_mapping import SourceMapping, find_mapping, load_mapping
from amalimart.sources.describing import TableFacts
from amalimart.sources.files.describing import FileDropDescriber
from amalimart.sources.files.local import LocalFolder
from amalimart.sources.mysql.describing import MySQLDescriber
from tests.mapping.foreign_shops import NAMES, Pair, foreign_shop
from tests.mariadb_server import MySQLDatabase

Described = Callable[[str], Sequence[TableFacts]]


@dataclass(frozen=True)
class Figures:
    """What a draft got right."""

    wrong: frozenset[Pair]
    missed: frozenset[Pair]
    precision: float
    recall: float


def draft_of(facts: Sequence[TableFacts], name: str = "shop") -> Draft:
    return draft_mapping(name, facts, time_zone="Africa/Accra", currency="GHS", with_cursors=True)


def loaded(draft: Draft, folder: Path) -> SourceMapping:
    path = folder / "draft.yml"
    path.write_text(render(draft), encoding="utf-8")
    return load_mapping(path)


def pairs_of(mapping: SourceMapping) -> frozenset[Pair]:
    return frozenset(
        (entity, canonical, mapping.entities[entity].table, origin.source)
        for entity in mapping.entities
        for canonical, origin in mapping.columns_of(entity).items()
        if origin.source
    )


def figures(draft: Draft, right: frozenset[Pair]) -> Figures:
    proposed = frozenset(
        (entity.entity, column.canonical, entity.table, column.source)
        for entity in draft.entities
        if entity.proposed
        for column in entity.columns
        if column.source and column.confidence >= PROPOSED
    )
    hits = len(proposed & right)
    return Figures(proposed - right, right - proposed, hits / len(proposed), hits / len(right))


def tell(name: str, found: Figures) -> None:
    print(f"\n{name}: precision {found.precision:.3f}, recall {found.recall:.3f}")  # noqa: T201 - the report
    for word, pairs in (("wrong", found.wrong), ("missed", found.missed)):
        for entity, canonical, table, source in sorted(pairs):
            print(f"  {word}: {entity}.{canonical} from {table}.{source}")  # noqa: T201


@pytest.fixture(scope="module")
def sample_facts(amalimart_sample: Path) -> Sequence[TableFacts]:
    return FileDropDescriber(LocalFolder(amalimart_sample)).describe()


@pytest.mark.source
def test_the_amalimart_sample_is_drafted_as_its_own_mapping_has_it(
    sample_facts: Sequence[TableFacts], tmp_path: Path
) -> None:
    draft = draft_of(sample_facts)
    right = load_mapping(find_mapping("amalimart")).fitted(catalog_of(sample_facts))
    found = figures(draft, pairs_of(right))
    tell("AmaliMart sample, files", found)
    assert found.precision >= 0.97
    assert found.recall >= 0.97
    mapping = loaded(draft, tmp_path)
    assert check_catalog(mapping, catalog_of(sample_facts)).unclassified_columns == ()
    unmapped = {table for table, spec in mapping.tables.items() if spec.unmapped}
    assert unmapped == {"address", "cities", "product_tags"}


@pytest.mark.source
def test_the_amalimart_samples_words_get_the_meaning_its_mapping_gives_them(
    sample_facts: Sequence[TableFacts], tmp_path: Path
) -> None:
    right = load_mapping(find_mapping("amalimart")).fitted(catalog_of(sample_facts))
    mapping = loaded(draft_of(sample_facts), tmp_path)
    checked = 0
    for entity in set(mapping.entities) & set(right.entities):
        for canonical, origin in mapping.columns_of(entity).items():
            for text, value in (origin.values or {}).items():
                known = right.columns_of(entity)[canonical].values
                assert known is not None
                assert value == known[text], (entity, canonical, text)
                checked += 1
    assert checked > 30


def test_the_demo_shop_is_drafted_as_its_own_mapping_has_it(described: Described, tmp_path: Path) -> None:
    facts = described("demo")
    draft = draft_of(facts)
    right = load_mapping(find_mapping("demo"))
    found = figures(draft, pairs_of(right))
    tell("the demo's PostgreSQL", found)
    assert found.precision >= 0.97
    assert found.recall >= 0.97
    mapping = loaded(draft, tmp_path)
    assert check_catalog(mapping, catalog_of(facts)).unclassified_columns == ()
    for table, spec in right.tables.items():
        assert set(mapping.secrets(table)) >= set(spec.secret), table
        if spec.cursor:
            assert mapping.cursor(table) == spec.cursor, table


@pytest.mark.source
def test_the_amalimart_apps_own_database_is_drafted_as_its_mapping_has_it(
    amalimart_sample: Path, mysql_database: MySQLDatabase, tmp_path: Path
) -> None:
    """Its 36 tables in MySQL, without rows: names, types, keys and declared enums are all there is."""
    mysql_database.run(*app_schema(amalimart_sample.parent / "source-amalimart.md"))
    with closing(MySQLDescriber(mysql_database.address)) as describer:
        facts = describer.describe()
    assert len(facts) == 36
    draft = draft_of(facts)
    right = load_mapping(find_mapping("amalimart")).fitted(catalog_of(facts))
    found = figures(draft, pairs_of(right))
    tell("AmaliMart's own database, MySQL, empty", found)
    assert found.precision >= 0.95
    assert found.recall >= 0.9
    mapping = loaded(draft, tmp_path)
    assert check_catalog(mapping, catalog_of(facts)).unclassified_columns == ()
    for table, spec in right.tables.items():
        assert set(mapping.secrets(table)) >= set(spec.secret), table


def app_schema(facts: Path) -> list[str]:
    """SQL from the facts about the app's tables: column, type and `not null`, then its keys."""
    if not facts.is_file():
        pytest.skip(f"the facts of the AmaliMart source are not at {facts}")
    created, references = [], []
    for table, body in re.findall(r"^- \*\*(\w+)\*\*: (.*)$", facts.read_text(), re.MULTILINE):
        columns, _, keys = body.partition(" Keys: ")
        lines = [_column_line(*column.split(" ", 1)) for column in columns.removesuffix(".").split("; ")]
        primary = re.search(r"primary key ([\w,]+)", keys)
        lines.append(f"primary key ({primary[1].strip(',') if primary else 'id'})")
        created.append(f"create table `{table}` ({', '.join(lines)})")
        references += [
            f"alter table `{table}` add foreign key (`{column}`) references `{to_table}` (`{to_column}`)"
            for column, to_table, to_column in re.findall(r"(\w+) -> (\w+)\.(\w+)", keys)
        ]
    return [*created, *references]


def _column_line(name: str, spec: str) -> str:
    labels = re.match(r"enum\((.*?)\)", spec)
    if labels:
        spec = spec.replace(labels[1], ", ".join(f"'{label}'" for label in labels[1].split(",")))
    return f"`{name}` {spec}"


@pytest.mark.parametrize("name", NAMES)
def test_a_shop_that_names_things_otherwise(name: str, described: Described, tmp_path: Path) -> None:
    shop = foreign_shop(name)
    facts = described(name)
    draft = draft_of(facts, name)
    found = figures(draft, shop.pairs)
    tell(f"{name}, PostgreSQL", found)
    assert found.precision >= 0.95
    assert found.recall >= 0.9
    mapping = loaded(draft, tmp_path)
    report = check_catalog(mapping, catalog_of(facts))
    assert report.unclassified_columns == ()
    assert report.unlisted_tables == ()
    secret = {f"{table}.{column}" for table in mapping.tables for column in mapping.secrets(table)}
    assert secret >= shop.secrets
    assert not any(
        column in {name.split(".")[1] for name in shop.secrets} for _, _, _, column in pairs_of(mapping)
    )


def test_the_shops_are_no_copies_of_the_canonical_model() -> None:
    """The figures would say nothing of shops that use the canonical names."""
    for name in NAMES:
        pairs = foreign_shop(name).pairs
        same = sum(canonical == source and entity == table for entity, canonical, table, source in pairs)
        assert same / len(pairs) < 0.1, name


def test_a_wrong_or_missing_pair_would_be_counted(described: Described) -> None:
    draft = draft_of(described("kiosk"), "kiosk")
    right = foreign_shop("kiosk").pairs
    other = frozenset({*right, ("orders", "channel", "orders", "nowhere")}) - {
        ("orders", "total_amount", "orders", "total")
    }
    assert figures(draft, other).precision < figures(draft, right).precision
    assert figures(draft, other).recall < figures(draft, right).recall


def catalog_of(facts: Sequence[TableFacts]) -> dict[str, dict[str, str]]:
    return {table.name: {column.name: column.type for column in table.columns} for table in facts}
