"""Opens the control database file and brings it to the current shape. Owns the connection settings."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DatabaseError

from amalimart.core.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection

_MIGRATIONS = Path(__file__).parent / "migrations"


def open_database(path: Path) -> Engine:
    """The control database at `path`, made if absent and migrated to the current shape.

    The file is readable by its owner only. Raises ConfigError where it cannot be opened or was
    written by a newer version of the product.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        path.chmod(0o600)  # also a file that was copied here with the rights of its backup
        # An error of the driver goes to the log: without the e-mail addresses and hashes it was about.
        engine = create_engine(f"sqlite:///{path}", hide_parameters=True)
        event.listen(engine, "connect", _prepare_connection)
        _migrate(engine)
    except (OSError, DatabaseError, CommandError) as error:
        raise ConfigError(
            f"the control database cannot be opened: {error}",
            where=str(path),
            expected="a writable SQLite file made by this or an earlier version",
            next_step="check the file's rights, or move it away to start with no users",
        ) from error
    return engine


def durable(engine: Engine) -> Engine:
    """The same database, by connections whose commits are on the disk when they return."""
    synced = create_engine(engine.url, hide_parameters=True)
    event.listen(synced, "connect", _prepare_connection)
    event.listen(synced, "connect", _sync_commits)
    return synced


def _sync_commits(connection: DBAPIConnection, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("pragma synchronous = full")
    cursor.close()


def _prepare_connection(connection: DBAPIConnection, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("foreign_keys = on", "journal_mode = wal", "synchronous = normal", "busy_timeout = 5000"):
        cursor.execute(f"pragma {pragma}")
    cursor.close()


@cache
def _newest_revision() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def _migrate(engine: Engine) -> None:
    config = _config()
    with engine.begin() as connection:
        if MigrationContext.configure(connection).get_current_revision() == _newest_revision():
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
