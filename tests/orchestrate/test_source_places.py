"""What kind of source a text names; a wrong one is refused, and no error repeats it."""

from __future__ import annotations

from pathlib import Path

import pytest

from amalimart.core.errors import ConfigError
from amalimart.orchestrate.sources.places import existing_folder, read_place


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("postgresql://u:p@h/d", "postgres"),
        ("postgres://h/d", "postgres"),
        ("POSTGRESQL://h/d", "postgres"),
        ("host=/tmp port=5432 dbname=shop user=reader password=x", "postgres"),
        ("mysql://u:p@h:3306/d", "mysql"),
        ("postgresql://u:p@[::1]:5432/d", "postgres"),
        ("postgresql://u:p@h1:5432,h2:5433/d?target_session_attrs=read-write", "postgres"),
        ("mariadb://h/d", "mysql"),
        ("s3://bucket/drop", "files"),
        ("/srv/drop", "files"),
        ("drop", "files"),
        ("./a=b", "files"),
        ("~/drop", "files"),
        ("file:///srv/my%20drop", "files"),
        ("  /srv/drop\n", "files"),
    ],
)
def test_the_kind_is_told_by_how_it_is_written(text: str, kind: str) -> None:
    assert read_place(text).kind == kind


def test_a_folder_and_a_prefix_and_an_address_are_kept_apart() -> None:
    assert read_place("file:///srv/my%20drop").folder == Path("/srv/my drop")
    assert read_place("s3://bucket/a b").prefix == "s3://bucket/a b"
    place = read_place("postgresql://u:hunter2@h/d")
    assert place.address == "postgresql://u:hunter2@h/d"
    assert place.has_password
    assert "hunter2" not in repr(place)
    assert not read_place("postgresql://u@h/d").has_password
    assert read_place("host=h password=hunter2").has_password


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("oracle://u:hunter2@h/d", None),
        ("mongodb+srv://u:hunter2@h/d", None),
        ("postgresq://u:hunter2@h/d", "postgresql"),
        ("postgresql+psycopg2://u:hunter2@h/d", None),
        ("mysql+pymysql://u:hunter2@h/d", None),
        ("mysq://u:hunter2@h/d", "mysql"),
        ("jdbc:postgresql://u:hunter2@h/d", "postgresql"),
        ("gs://bucket/hunter2", None),
        ("https://u:hunter2@h/d", None),
        ("://u:hunter2@h/d", None),
        ("postgresql://u:hunter2@h:nine/d", None),
        ("mysql://u:hunter2@h:99999/d", None),
        ("postgresql://u:hunter2@h:0/d", None),
        ("postgresql://u:hunter2/with@h/d", None),
        ("postgresql://u:hunter2@[::1/d", None),
        ("", None),
        ("   ", None),
        ("postgresql://u:hun\nter2hunter2@h/d", None),
        ("postgresql://u:hunter2\x00@h/d", None),
        ("postgresql://u:hunter2\u2028@h/d", None),
    ],
)
def test_what_is_no_source_is_refused_without_repeating_it(text: str, near: str | None) -> None:
    with pytest.raises(ConfigError) as refused:
        read_place(text)
    assert "hunter2" not in str(refused.value)
    assert "postgresql://user:password@host" in (refused.value.expected or "")
    assert refused.value.next_step
    if near is not None:
        assert refused.value.nearest == near


def test_a_folder_that_is_not_there_names_the_one_that_was_meant(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    with pytest.raises(ConfigError) as refused:
        existing_folder(tmp_path / "export")
    assert refused.value.nearest == "exports"
    assert existing_folder(tmp_path / "exports") == tmp_path / "exports"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("id\n")
    with pytest.raises(ConfigError, match="a file, not a folder") as refused:
        existing_folder(tmp_path / "orders.csv")
    assert str(tmp_path) in (refused.value.next_step or "")
