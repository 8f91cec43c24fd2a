"""A mistake in a YAML file names its file, line and key, and what was meant."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalimart.config.strict_yaml import StrictModel, YamlDocument, read_yaml
from amalimart.core.errors import ConfigError


class _Inner(StrictModel):
    size: int


class _Shape(StrictModel):
    name: str
    inner: dict[str, _Inner] = {}
    others: tuple[_Inner, ...] | None = None


def _error(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        YamlDocument(Path("file.yml"), text).parse(_Shape)
    return caught.value


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("name: a\nnmae: b\n", "file.yml:2", "unknown key 'nmae'"),
        ("name: a\ninner:\n  x:\n    size: big\n", "file.yml:4", "valid integer"),
        ("name: a\ninner:\n  x: {}\n", "file.yml:3", "size"),
        ("name: a\nname: b\n", "file.yml:2", "given twice"),
        ("name: [a\n", "file.yml:2", "not valid YAML"),
        ("\tname: a\n", "file.yml:1", "not valid YAML"),
        ("name: !!python/object/apply:os.system [ls]\n", "file.yml:1", "not valid YAML"),
        ("name: &a x\ninner: *a\n", "file.yml:2", "aliases"),
        ("name: &a [*a]\n", "file.yml:1", "aliases"),
        ("name: " + "[" * 3000 + "\n", "file.yml:1", "nested deeper"),
        ("? [a]\n: b\n", "file.yml:1", "a key is a list"),
        ("", "file.yml", "name"),
        ("- a\n", "file.yml:1", "dictionary"),
    ],
)
def test_a_mistake_is_found_at_its_line(text: str, where: str, what: str) -> None:
    error = _error(text)
    assert error.where == where
    assert what in error.what


def test_a_misspelt_key_is_told_the_nearest_one() -> None:
    assert _error("nmae: a\nname: b\n").nearest == "name"


def test_a_misspelt_key_is_told_the_nearest_one_of_its_own_part() -> None:
    """`name` is a key of the file, not of what stands in `inner` or `others`."""
    for text in ("name: a\ninner: {x: {size: 1, siez: 1}}\n", "name: a\nothers: [{size: 1, siez: 1}]\n"):
        error = _error(text)
        assert (error.nearest, error.expected) == ("size", "size")
        assert _error(text.replace("siez", "nmae")).nearest is None


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="file not found"):
        read_yaml(tmp_path / "nothing.yml")
    (tmp_path / "latin.yml").write_bytes(b"name: \xe9\n")
    with pytest.raises(ConfigError, match="cannot read"):
        read_yaml(tmp_path / "latin.yml")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_but_never_a_crash(text: str) -> None:
    with suppress(ConfigError):
        assert YamlDocument(Path("file.yml"), text).parse(_Shape).name
