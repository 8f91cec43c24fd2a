"""Names of datasets by OpenLineage's naming rules: a scheme and a host, and what there is behind them.

An address goes in, and host, port and database come out: no user, no password, no option.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from amalimart.catalog.openlineage.values import Dataset

_PORTS = {"postgres": 5432, "mysql": 3306}
_PART_OF_A_TEXT = re.compile(r"(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))")


def project_namespace(name: str) -> str:
    """The namespace of a project's jobs and of the tables it makes, where nobody names another."""
    return f"amalimart://{quote(name, safe='')}"


class SourceNaming:
    """The datasets of one source.

    address  URL or connection text of a database; not kept
    """

    def __init__(self, namespace: str, prefix: str) -> None:
        self._namespace = namespace
        self._prefix = prefix

    @classmethod
    def of_database(cls, kind: str, address: str) -> SourceNaming:
        """A database, by its host, port and name; tables without a schema are in `public`."""
        parts = _url(address) if "://" in address else _text(address)
        host, port, database = parts
        known = port or str(_PORTS[kind])
        schema = "public." if kind == "postgres" else ""
        return cls(f"{kind}://{host or 'localhost'}:{known}", f"{database}.{schema}" if database else schema)

    @classmethod
    def of_folder(cls, folder: Path) -> SourceNaming:
        """A folder of files; each table is a place in it."""
        return cls("file", f"{folder.as_posix().rstrip('/')}/")

    @classmethod
    def of_bucket(cls, prefix: str) -> SourceNaming:
        """A prefix of an object store."""
        bucket, _, key = prefix.removeprefix("s3://").partition("/")
        return cls(f"s3://{bucket}", f"{key.rstrip('/')}/" if key.strip("/") else "")

    @classmethod
    def of_unknown(cls, project: str, source: str) -> SourceNaming:
        """A source whose address is not known here."""
        return cls(project, f"source.{source}.")

    def dataset(self, table: str) -> Dataset:
        """The dataset of one table of the source."""
        if self._prefix.endswith(".public.") and "." in table:
            return Dataset(self._namespace, f"{self._prefix.removesuffix('public.')}{table}")
        return Dataset(self._namespace, f"{self._prefix}{table}")


def _url(address: str) -> tuple[str, str, str]:
    parts = urlsplit(address)
    try:
        port = str(parts.port or "")
    except ValueError:
        port = ""
    return parts.hostname or "", port, unquote(parts.path.strip("/")).partition("/")[0]


def _text(address: str) -> tuple[str, str, str]:
    """Of `host=... dbname=...`."""
    told: Mapping[str, str] = {
        found[1]: found[2] if found[2] is not None else found[3]
        for found in _PART_OF_A_TEXT.finditer(address)
    }
    return told.get("host", told.get("hostaddr", "")), told.get("port", ""), told.get("dbname", "")
