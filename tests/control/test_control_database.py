from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import DatabaseError

from amalimart.access.principal import Role
from amalimart.control.store import ControlStore, open_control_store
from amalimart.control.tables import Base
from amalimart.control.users.passwords import Passwords
from amalimart.core.errors import ConfigError

if TYPE_CHECKING:
    from tests.control.conftest import HandClock


def test_the_migrations_make_the_declared_tables(store: ControlStore) -> None:
    with store.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert differences == []


def test_opening_again_keeps_what_is_there(
    tmp_path: Path, clock: HandClock, cheap_passwords: Passwords
) -> None:
    for expected in (0, 1):
        opened = open_control_store(tmp_path / "deep/er/control.db", clock, passwords=cheap_passwords)
        assert len(opened.users.list()) == expected
        if not expected:
            opened.users.add("a@b.test", display_name="A", role=Role.ADMIN, password="long-enough-password")
        opened.close()


def test_a_file_that_is_no_database_is_one_clear_error(tmp_path: Path, clock: HandClock) -> None:
    path = tmp_path / "control.db"
    path.write_text("this is not a database, whatever its name says, and long enough to be read\n" * 20)
    with pytest.raises(ConfigError) as caught:
        open_control_store(path, clock)
    assert caught.value.where == str(path)
    assert caught.value.next_step


def test_a_file_of_a_newer_version_is_refused(
    tmp_path: Path, clock: HandClock, cheap_passwords: Passwords
) -> None:
    opened = open_control_store(tmp_path / "control.db", clock, passwords=cheap_passwords)
    with opened.engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    opened.close()
    with pytest.raises(ConfigError, match="cannot be opened"):
        open_control_store(tmp_path / "control.db", clock)


def test_a_file_from_a_backup_gets_its_owners_rights_back(
    tmp_path: Path, clock: HandClock, cheap_passwords: Passwords
) -> None:
    path = tmp_path / "control.db"
    open_control_store(path, clock, passwords=cheap_passwords).close()
    path.chmod(0o644)
    open_control_store(path, clock, passwords=cheap_passwords).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_error_of_the_driver_names_no_person_and_no_hash(store: ControlStore) -> None:
    """Such an error ends in the log, with its whole text."""
    store.users.add("ama@b.test", display_name="Ama", role=Role.ADMIN, password="long-enough-password")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("drop table sessions")
    with pytest.raises(DatabaseError) as caught:
        store.sessions.open(store.users.get("ama@b.test"))
    assert "sessions" in str(caught.value)
    with pytest.raises(DatabaseError) as caught:
        store.sessions.resolve("a-token")
    assert hashlib.sha256(b"a-token").hexdigest() not in str(caught.value)
