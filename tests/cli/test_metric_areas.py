"""The metrics of one subject area, such as those of the mart that an analyst knows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner

import amalimart.cli.metrics as commands
from amalimart.access.policies import load_policies
from amalimart.api.described import described
from amalimart.core.errors import UnknownName
from amalimart.semantic.listing import list_metrics
from amalimart.semantic.loading import PACKAGED, load_model
from tests.semantic.conftest import ADMIN, Source

MARTS = {
    "revenue": "gmv",
    "orders": "order_count",
    "payments": "payment_count",
    "customers": "customer_count",
}


class Engine:
    """Lists the packaged metrics."""

    def get(self, path: str) -> dict[str, Any]:
        assert path == "/metrics"
        policies = load_policies([PACKAGED.parent / "policies"])
        listed = list_metrics(load_model([PACKAGED]), policies, Source(), ADMIN)
        return {"metrics": [described(each) for each in listed], "next": None}


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def client(*_: object) -> Iterator[Engine]:
        yield Engine()

    monkeypatch.setattr(commands, "engine_client", client)


def test_each_mart_is_a_subject_area_of_its_own() -> None:
    found = {}
    for subject, metric in MARTS.items():
        ran = CliRunner().invoke(commands.metrics, ["list", "--subject", subject, "--json"])
        found[subject] = {each["name"] for each in json.loads(ran.output)["metrics"]}
        assert metric in found[subject]
    assert not set.intersection(*found.values())
    shown = CliRunner().invoke(commands.metrics, ["list", "--subject", "payments"]).output
    assert "Payments" in shown
    assert "order_count" not in shown


def test_an_unknown_area_names_the_nearest() -> None:
    ran = CliRunner().invoke(commands.metrics, ["list", "--subject", "revenu"])
    assert isinstance(ran.exception, UnknownName)
    assert ran.exception.nearest == "revenue"
