"""Which release last changed each published table: what an answer that was kept still holds for.

A view is as new as the newest table it reads. What nothing is known of counts as changed by every release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import duckdb
import sqlglot
from sqlglot import exp

from amalimart.warehouse.file.reading import Published, Release

_CHANGES = "select model, max(release_id) from meta.release_models where release_id > ? group by model"
_VIEWS = (
    "select schema_name || '.' || view_name, sql from duckdb_views()"
    " where not internal and database_name = current_database()"
)


class TableVersions:
    """Of one hot file. Reads only what each release added to the records. For one thread at a time."""

    def __init__(self) -> None:
        self._release: Release | None = None
        self._changed: dict[str, int] = {}

    def at(self, cursor: duckdb.DuckDBPyConnection, release: Release) -> Published:
        """The versions that a transaction over this release sees."""
        former = self._release
        is_later = former is not None and former.release_id < release.release_id
        if not is_later and former != release:
            self._changed = {}  # another file, whose releases are others
        since = former.release_id if former is not None and self._changed else 0
        self._changed |= dict(cursor.execute(_CHANGES, [since]).fetchall())
        self._release = release
        views = {name: _reads(sql) for name, sql in cursor.execute(_VIEWS).fetchall()}
        return Published(release, _versions(release, self._changed, views))


def _versions(
    release: Release, changed: Mapping[str, int], views: Mapping[str, frozenset[str]]
) -> dict[str, int]:
    known: dict[str, int] = {}

    def version(name: str) -> int:
        if name not in known:
            known[name] = release.release_id  # of a view that reads itself
            known[name] = (
                _newest(map(version, views[name])) if name in views else changed.get(name, release.release_id)
            )
        return known[name]

    for name in (*changed, *views):
        version(name)
    return known


def _newest(versions: Iterable[int]) -> int:
    return max(versions, default=0)


@lru_cache(maxsize=1_000)
def _reads(sql: str) -> frozenset[str]:
    """The tables and views that a view names with their schema; its own steps have none."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    body = tree.expression if isinstance(tree, exp.Create) else tree
    return frozenset(f"{table.db}.{table.name}" for table in body.find_all(exp.Table) if table.db)
