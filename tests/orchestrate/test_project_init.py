"""A project folder is made whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from amalimart.core.errors import ConfigError
from amalimart.orchestrate.project.init import init_project


def test_a_new_project_says_what_was_given(tmp_path: Path) -> None:
    settings = init_project(tmp_path / "shop", name="Kente & Co", country="GH", port=8123).settings
    assert (settings.name, settings.country, settings.serve.port) == ("Kente & Co", "GH", 8123)
    assert init_project(tmp_path / "other").settings.country is None


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"country": "Ghana"}, "--country"),
        ({"country": "GH\nserve: {host: 0.0.0.0}"}, "--country"),
        ({"currency": "cedi"}, "--currency"),
        ({"time_zone": "Mars"}, "--time-zone"),
    ],
)
def test_what_cannot_be_makes_nothing(tmp_path: Path, given: dict[str, str], where: str) -> None:
    with pytest.raises(ConfigError, match="cannot be") as refused:
        init_project(tmp_path / "shop", **given)  # type: ignore[arg-type]
    assert refused.value.where == where
    assert not (tmp_path / "shop").exists()
