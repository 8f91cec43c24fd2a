"""Definitions of before come from one commit, or a folder; what is neither is one typed error."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from amalimart.core.errors import ConfigError, RequestError
from amalimart.orchestrate.metrics.earlier_definitions import earlier_definitions


def git(home: Path, *arguments: str) -> None:
    said = ("-c", "user.name=A", "-c", "user.email=a@x.test", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(home), *said, *arguments], check=True, capture_output=True)


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """The metrics of a project that lies in a folder of its repository."""
    home = tmp_path / "repository" / "shop"
    (home / "metrics" / "datasets").mkdir(parents=True)
    (home / "amalimart.yml").write_text("name: shop\n")
    (home / "metrics" / "own.yml").write_text("one")
    (home / "metrics" / "datasets" / "d.yml").write_text("dataset")
    (home / "metrics" / "README.md").write_text("not a definition")
    (home / "metrics" / "link.yml").symlink_to("/etc/hostname")
    git(home.parent, "init", "-q", "-b", "main")
    git(home.parent, "add", ".")
    git(home.parent, "commit", "-q", "-m", "first")
    git(home.parent, "tag", "v1")
    (home / "metrics" / "own.yml").write_text("two")
    return home / "metrics"


def test_the_files_are_those_of_the_commit_and_a_link_is_not_followed(overlay: Path) -> None:
    for ref in ("HEAD", "v1", "main"):
        found = earlier_definitions(overlay, ref)
        assert (found.origin, found.texts) == (
            f"{ref}:metrics",
            {"own.yml": "one", "datasets/d.yml": "dataset"},
        )


def test_a_commit_without_such_a_folder_had_no_definitions(overlay: Path) -> None:
    git(overlay, "rm", "-rq", "--cached", ".")
    git(overlay, "commit", "-q", "-m", "none")
    assert earlier_definitions(overlay, "HEAD").texts == {}


def test_a_project_or_a_folder_of_metrics_stands_for_before(overlay: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "own.yml").write_text("three")
    assert earlier_definitions(overlay, str(plain)).texts == {"own.yml": "three"}
    (overlay / "link.yml").unlink()
    assert earlier_definitions(overlay, str(overlay.parent)).texts["own.yml"] == "two"


@pytest.mark.parametrize(
    "ref", ["mian", "--output=x", "HEAD; true", "main:shop", "", "-h", "\N{SNOWMAN}", "a\0b"]
)
def test_what_is_no_commit_is_refused(overlay: Path, ref: str) -> None:
    with pytest.raises(RequestError) as refused:
        earlier_definitions(overlay, ref)
    assert refused.value.nearest == ("main" if ref in {"mian", "main:shop"} else None)


def test_a_project_in_no_repository_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "metrics").mkdir()
    with pytest.raises(RequestError, match="no git repository"):
        earlier_definitions(tmp_path / "metrics", "HEAD")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RequestError, match="not installed"):
        earlier_definitions(tmp_path / "metrics", "HEAD")


def test_a_file_that_is_no_text_is_named_with_its_commit(overlay: Path) -> None:
    (overlay / "own.yml").write_bytes(b"\xff\xfe")
    git(overlay, "commit", "-q", "-am", "bytes")
    with pytest.raises(ConfigError) as refused:
        earlier_definitions(overlay, "HEAD")
    assert refused.value.where == "HEAD:metrics/own.yml"
