"""The YAML examples of the documentation are read by the code that reads a project's own files."""

from __future__ import annotations

import re
import shlex
from datetime import date
from pathlib import Path

import click
import pytest

from amalimart.access.policies import load_policies
from amalimart.access.principal import Role
from amalimart.api.question_body import QuestionBody
from amalimart.cli.query import query
from amalimart.cli.question_options import question_body
from amalimart.config.project import SETTINGS_FILE, open_project
from amalimart.core.errors import NotGroupable
from amalimart.mapping.entities import load_entities
from amalimart.mapping.source_mapping import load_mapping
from amalimart.semantic.loading import load_model
from amalimart.semantic.policy_check import check_policies
from amalimart.semantic.question import Question
from amalimart.semantic.question_shape import shape_of
from amalimart.semantic.resolving import Resolver
from amalimart.semantic.rollups.declared import load_rollups
from tests.docs.document_reading import shown_commands
from tools.reference_pages.semantic_content import MARKETPLACE

_YAML = re.compile(r"^```yaml\n# ([\w/]+\.yml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory, documents: list[Path]) -> Path:
    """A folder with every example under the name in its first line, as a project would hold it."""
    home = tmp_path_factory.mktemp("examples")
    for page in documents:
        for name, text in _YAML.findall(page.read_text(encoding="utf-8")):
            path = home / name
            assert not path.exists(), f"two examples are called {name}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return home


def test_every_yaml_block_names_its_file(documents: list[Path]) -> None:
    for page in documents:
        text = page.read_text(encoding="utf-8")
        assert text.count("```yaml") == len(_YAML.findall(text)), page


def test_the_mapping_is_one_and_provides_what_the_page_says(examples: Path) -> None:
    mapping = load_mapping(examples / "sources" / "myshop.yml")
    assert mapping.landed["people"] == ("id", "full_name", "kind", "born", "updated_at")
    assert mapping.provides("orders", "status", "COMPLETED")
    assert not mapping.provides("orders", "status", "CANCELLED")
    assert not mapping.provides("payments", "method")
    assert set(mapping.entities) <= set(load_entities())


def test_every_mapping_shown_is_one(examples: Path) -> None:
    shown = sorted(path.stem for path in (examples / "sources").glob("*.yml"))
    assert set(shown) >= {"myshop", "filtered", "split", "looked_up", "united", "drifting"}
    loaded = {name: load_mapping(examples / "sources" / f"{name}.yml") for name in shown}
    users, orders = loaded["united"].entities["users"].parts, loaded["united"].entities["orders"].parts
    assert [part.namespaces["user_id"] for part in users] == ["app", "hall"]
    assert [part.namespaces.get("order_id") for part in orders] == ["app", "app", "hall"]
    assert loaded["drifting"].may_land("shop_store")
    assert loaded["looked_up"].key_columns("offices") == ("id",)


def test_the_settings_shown_are_read(examples: Path) -> None:
    shown = {path.parent.name: open_project(path.parent) for path in examples.rglob(SETTINGS_FILE)}
    provider = shown["signing_in"].settings.sign_in.oidc
    assert provider is not None
    assert provider.roles["sellers"] == "vendor"


def test_the_rollups_shown_are_ones(examples: Path) -> None:
    model = load_model([MARKETPLACE / "semantic"])
    assert "daily_returns" in {rollup.name for rollup in load_rollups([examples / "metrics"], model)}


def test_the_metrics_load_over_the_packaged_ones(examples: Path) -> None:
    model = load_model([MARKETPLACE / "semantic", examples / "metrics"])
    assert {"large_orders", "large_order_share", "gmv_without_discounts"} <= set(model.metrics)


def test_the_policy_replaces_its_role_and_names_only_what_is_there(examples: Path) -> None:
    policies = load_policies([MARKETPLACE / "policies", examples / "policies"])
    check_policies(load_model([MARKETPLACE / "semantic"]), policies)
    permitted = frozenset({"order_count", "fulfilment_rate", "on_time_delivery_rate"})
    assert policies.policy(Role.SUPPORT).metrics == permitted


class _FillsEverything:
    """A source that lacks nothing, so that only the question itself can be at fault."""

    source = "everything"

    def provides(self, _entity: str, _column: str, _value: str | None = None) -> bool:
        return True


def asked_by(line: str) -> Question:
    """The question of a documented `amalimart query` line."""
    given = query.make_context("query", shlex.split(line)[2:]).params
    return QuestionBody.model_validate(question_body(given)).question(date(2026, 6, 30))


def test_every_question_shown_can_be_asked_as_it_stands(documents: list[Path], examples: Path) -> None:
    model = load_model([MARKETPLACE / "semantic", examples / "metrics"])
    resolver = Resolver(model, load_policies([MARKETPLACE / "policies"]), _FillsEverything())
    lines = {
        line
        for page in documents
        for line in shown_commands(page.read_text(encoding="utf-8"))
        if line.startswith("amalimart query ") and "[OPTIONS]" not in line
    }
    assert len(lines) > 8
    for line in sorted(lines):
        assert resolver.resolve(shape_of(asked_by(line)), Role.ADMIN).metrics, line


def test_a_question_that_cannot_be_asked_would_be_noticed() -> None:
    model = load_model([MARKETPLACE / "semantic"])
    resolver = Resolver(model, load_policies([MARKETPLACE / "policies"]), _FillsEverything())
    with pytest.raises(NotGroupable):
        resolver.resolve(shape_of(asked_by("amalimart query gmv --by vendor")), Role.ADMIN)
    with pytest.raises(click.UsageError):
        asked_by("amalimart query")
