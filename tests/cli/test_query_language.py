"""`amalimart query` in French: headings, notes and definitions, and the same numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import pytest
from click.testing import CliRunner, Result

from amalimart.cli import query as command
from tests.api.shop_site import Shop, opened_shop, shop_model

ASKED = ["on_time_delivery_rate", "--by", "delivery_partner", "--from", "2024-01-15", "--to", "2024-03-20"]
ASKED += ["--compare", "--changes", "--receipt"]


class Client:
    """The engine's interface over a published shop."""

    def __init__(self, shop: Shop) -> None:
        self._client = shop.client()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str) -> Any:
        return self._client.get(f"/api/v1{path}").raise_for_status().json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._client.post(f"/api/v1{path}", json=body).raise_for_status().json()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened_shop(tmp_path_factory.mktemp("query")) as made:
        yield made


@pytest.fixture(autouse=True)
def engine(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "engine_client", lambda *_given: Client(shop))


def told(*words: str) -> Result:
    found = CliRunner().invoke(command.query, [*ASKED, *words], catch_exceptions=False)
    assert found.exit_code == 0, found.stderr
    return found


def test_french_is_said_where_it_is_asked_for_and_numbers_stay() -> None:
    english, french = told(), told("--language", "fr")
    partner, metric = (
        each.label
        for each in (
            shop_model().dimensions["delivery_partner"],
            shop_model().metrics["on_time_delivery_rate"],
        )
    )
    assert metric.en in english.stdout
    assert metric.fr not in english.stdout
    heading = french.stdout.splitlines()[0]
    assert metric.en not in french.stdout
    for wanted in (f"{partner.fr}, id", metric.fr, f"{metric.fr}, avant", f"{metric.fr}, écart en %"):
        assert wanted in heading
    rows = [[line.split() for line in each.stdout.splitlines()[2:]] for each in (english, french)]
    assert rows[0] == rows[1] != []
    receipt = json.loads(told("--json").stdout)["receipt"]
    (measured,) = receipt["metrics"]
    for result, notes, basis in (
        (english, receipt["notes"], measured["basis"]),
        (french, receipt["notes_fr"], measured["basis_fr"]),
    ):
        assert notes
        assert [line for line in result.stderr.splitlines() if line.startswith("note: ")] == [
            f"note: {note}" for note in notes
        ]
        assert basis in result.stderr


def test_a_language_that_is_not_spoken_is_refused_by_name() -> None:
    refused = CliRunner().invoke(command.query, ["gmv", "--language", "de"])
    assert refused.exit_code == 2
    assert "'en', 'fr'" in refused.stderr
