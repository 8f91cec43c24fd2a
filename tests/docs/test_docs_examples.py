"""The YAML examples of the documentation are read by the code that reads a project's own files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tools.reference_pages.semantic_content import MARKETPLACE

from amalimart.access.policies import load_policies
from amalimart.access.principal import Role
from amalimart.mapping.entities import load_entities
from amalimart.mapping.source_mapping import load_mapping
from amalimart.semantic.listing import check_policies
from amalimart.semantic.loading import load_model

_YAML = re.compile(r"^```yaml\n# ([\w/]+\.yml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory, documents: list[Path]) -> Path:
    """A folder with every example under the name in its first line, as a project would hold it."""
    home = tmp_path_factory.mktemp("examples")
    for page in documents:
        for name, text in _YAML.findall(page.read_text(encoding="utf-8")):
            path = home / name
            assert not path.exists(), f"two examples are called {name}"
            path.parent.mkdir(exist_ok=True)
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


def test_the_metrics_load_over_the_packaged_ones(examples: Path) -> None:
    model = load_model([MARKETPLACE / "semantic", examples / "metrics"])
    assert {"large_orders", "large_order_share", "gmv_without_discounts"} <= set(model.metrics)


def test_the_policy_replaces_its_role_and_names_only_what_is_there(examples: Path) -> None:
    policies = load_policies([MARKETPLACE / "policies", examples / "policies"])
    check_policies(load_model([MARKETPLACE / "semantic"]), policies)
    permitted = frozenset({"order_count", "fulfilment_rate", "on_time_delivery_rate"})
    assert policies.policy(Role.SUPPORT).metrics == permitted
