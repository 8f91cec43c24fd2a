"""A project folder: found, read, and its secrets kept out of its files."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from amalimart.config.project import find_home, open_project
from amalimart.config.secrets import read_secrets, secrets_file, write_secret
from amalimart.core.errors import ConfigError, ProjectNotFound


def _project(folder: Path, text: str) -> Path:
    (folder / "amalimart.yml").write_text(text)
    return folder


def test_the_home_is_found_from_below_and_by_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AMALIMART_HOME", raising=False)
    home = _project(tmp_path / "", "name: shop\n")
    (home / "models" / "deep").mkdir(parents=True)
    monkeypatch.chdir(home / "models" / "deep")
    assert find_home() == home
    other = tmp_path / "other"
    monkeypatch.setenv("AMALIMART_HOME", str(other))
    assert find_home() == other
    assert find_home(home) == home


def test_no_project_says_where_it_looked_and_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AMALIMART_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProjectNotFound) as caught:
        find_home()
    assert str(tmp_path) in (caught.value.where or "")
    assert "amalimart init" in (caught.value.next_step or "")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("time_zone: Africa/Acra\n", "unknown time zone"),
        ("currency: cedi\n", "currency"),
        ("serve: {port: 99999}\n", "port"),
        ("sources: {Shop: {kind: files, mapping: m, folder: x}}\n", "plain lower-case name"),
        ("sources: {a__b: {kind: files, mapping: m, folder: x}}\n", "plain lower-case name"),
        ("sources: {shop: {kind: postgres, mapping: m, url: 'postgresql://u:p@h/d'}}\n", "url: secret:NAME"),
        ("sources: {shop: {kind: mysql, mapping: m, url: 'mysql://u:p@h/d'}}\n", "url: secret:NAME"),
        ("sources: {shop: {kind: mysql, mapping: m, url: secret:U, capture: poll}}\n", "capture: poll"),
        ("sources: {shop: {kind: postgres, mapping: m, url: secret:U, capture: guess}}\n", "capture"),
        (
            "sources: {s: {kind: postgres, mapping: m, url: secret:U, deletes_every_minutes: 0}}\n",
            "deletes_every_minutes",
        ),
        ("sources: {shop: {kind: files, mapping: m}}\n", "one of `folder` and `prefix`"),
        ("sources: {shop: {kind: files, mapping: m, folder: x, prefix: 's3://abc/d'}}\n", "one of"),
        ("sources: {shop: {kind: files, mapping: m, prefix: 'gs://abc/d'}}\n", "s3://bucket/prefix"),
        ("sources: {shop: {kind: files, mapping: m, prefix: 's3://A_B/d'}}\n", "s3://bucket/prefix"),
        ("sources: {s: {kind: files, mapping: m, prefix: 's3://abc', endpoint: 'ftp://x'}}\n", "http"),
        ("sources: {s: {kind: files, mapping: m, prefix: 's3://abc', credentials: 'K:S'}}\n", "secret:NAME"),
        ("sources: {s: {kind: files, mapping: m, folder: x, region: eu-west-1}}\n", "belong to"),
        ("sources: {shop: {kind: oracle, mapping: m}}\n", "kind"),
    ],
)
def test_a_wrong_setting_is_refused_at_its_line(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_project(_project(tmp_path, f"name: shop\n{text}"))
    assert what in caught.value.what
    assert caught.value.where == f"{tmp_path / 'amalimart.yml'}:2"


def test_a_database_is_streamed_unless_said_otherwise(tmp_path: Path) -> None:
    text = "sources:\n  shop: {kind: postgres, mapping: m, url: secret:U}\n"
    source = open_project(_project(tmp_path, text)).settings.sources["shop"]
    assert (source.capture, source.poll_seconds, source.deletes_every_minutes) == ("stream", 2.0, 60)
    polled = text.replace("url: secret:U", "url: secret:U, capture: poll, deletes_every_minutes: 5")
    source = open_project(_project(tmp_path, polled)).settings.sources["shop"]
    assert (source.capture, source.deletes_every_minutes) == ("poll", 5)


def test_files_may_lie_in_a_bucket(tmp_path: Path) -> None:
    text = (
        "sources:\n  drop: {kind: files, mapping: m, prefix: 's3://exports/shop', region: eu-west-1, "
        "endpoint: 'http://127.0.0.1:9000', credentials: secret:DROP}\n"
    )
    source = open_project(_project(tmp_path, text)).settings.sources["drop"]
    assert (source.prefix, source.region) == ("s3://exports/shop", "eu-west-1")


def test_a_secret_comes_from_the_environment_then_from_the_owners_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = open_project(_project(tmp_path, "name: shop\n"))
    with pytest.raises(ConfigError, match="SHOP_URL is not set") as caught:
        project.secret("secret:SHOP_URL", "here")
    assert "AMALIMART_SECRET_SHOP_URL" in (caught.value.expected or "")
    write_secret(tmp_path, "SHOP_URL", "postgresql://a=b")
    write_secret(tmp_path, "OTHER", "x")
    assert read_secrets(tmp_path) == {"OTHER": "x", "SHOP_URL": "postgresql://a=b"}
    assert stat.S_IMODE(secrets_file(tmp_path).stat().st_mode) == 0o600
    assert project.secret("secret:SHOP_URL", "here") == "postgresql://a=b"
    monkeypatch.setenv("AMALIMART_SECRET_SHOP_URL", "from the environment")
    assert project.secret("secret:SHOP_URL", "here") == "from the environment"


def test_a_secret_of_several_lines_cannot_smuggle_another_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line break"):
        write_secret(tmp_path, "SHOP_URL", "x\nOTHER=y")
    assert read_secrets(tmp_path) == {}


def test_secrets_that_others_can_read_are_refused(tmp_path: Path) -> None:
    write_secret(tmp_path, "SHOP_URL", "x")
    secrets_file(tmp_path).chmod(0o644)
    with pytest.raises(ConfigError, match="read by others"):
        read_secrets(tmp_path)
