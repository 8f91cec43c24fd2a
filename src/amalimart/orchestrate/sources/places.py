"""Where a source is, told from one text: the URL of a database, a folder, or a prefix of a bucket.

The text may hold a password, so no error repeats it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from amalimart.core.errors import ConfigError
from amalimart.core.names import nearest

Kind = Literal["postgres", "mysql", "files"]

_SCHEMES: dict[str, Kind] = {
    "postgresql": "postgres",
    "postgres": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
    "s3": "files",
    "file": "files",
}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.:-]{0,40})://")
_CONNECTION_TEXT = re.compile(r"\s*\w+\s*=")
_KEYS_OF_A_CONNECTION = re.compile(r"\b(host|hostaddr|dbname|service|user)\s*=")
_EXPECTED = (
    "postgresql://user:password@host:port/database, mysql://user:password@host:port/database, a folder, or "
    "s3://bucket/prefix"
)


@dataclass(frozen=True, slots=True)
class SourcePlace:
    """One place a marketplace keeps its data.

    address       how to reach a database; a secret
    has_password  whether the address holds one
    """

    kind: Kind
    address: str | None = field(default=None, repr=False)
    folder: Path | None = None
    prefix: str | None = None
    has_password: bool = False


def read_place(text: str) -> SourcePlace:
    """Tell the kind of a source from how it is written. Raises ConfigError; looks nothing up."""
    text = text.strip()
    if not text:
        raise _refused("no address was given")
    if not text.isprintable():
        raise _refused("the address holds a character that cannot be seen, such as a line break")
    found = _SCHEME.match(text)
    if found is None and "://" in text:
        raise _refused("the address has no kind before ://")
    if found is None:
        if _CONNECTION_TEXT.match(text) and _KEYS_OF_A_CONNECTION.search(text):
            return SourcePlace("postgres", address=text, has_password="password" in text)
        return SourcePlace("files", folder=Path(text).expanduser())
    scheme = found[1].lower()
    kind = _SCHEMES.get(scheme)
    if kind is None:
        raise ConfigError(
            f"a source cannot be a {scheme}:// address",
            expected=_EXPECTED,
            nearest=nearest(re.split(r"[+.:]", scheme)[-1], _SCHEMES),
            next_step="give the address in one of these forms",
        )
    if scheme == "s3":
        return SourcePlace("files", prefix=text)
    if scheme == "file":
        return SourcePlace("files", folder=Path(unquote(urlsplit(text).path)))
    if not _has_a_port_that_is_one(text):
        raise _refused("the port of the address is not a number up to 65535")
    return SourcePlace(kind, address=text, has_password=_has_password(text))


def existing_folder(folder: Path) -> Path:
    """The folder as an absolute path. Raises ConfigError where there is none."""
    whole = folder.expanduser().absolute()
    if whole.is_dir():
        return whole.resolve()
    if whole.is_file():
        raise ConfigError(
            "this is a file, not a folder",
            where=str(whole),
            expected="the folder that holds the files, one CSV or Parquet file a table",
            next_step=f"give {whole.parent}",
        )
    beside = [p.name for p in whole.parent.iterdir() if p.is_dir()] if whole.parent.is_dir() else []
    raise ConfigError(
        "no such folder",
        where=str(whole),
        expected=_EXPECTED,
        nearest=nearest(whole.name, beside),
        next_step="give the folder that holds the files",
    )


def _has_password(url: str) -> bool:
    try:
        return urlsplit(url).password is not None
    except ValueError:
        return True  # what cannot be read may hold one


def _has_a_port_that_is_one(url: str) -> bool:
    """Whether the port can be; of an address with several hosts their driver says it."""
    try:
        parts = urlsplit(url)
        port = None if "," in parts.netloc else parts.port
    except ValueError:
        return False
    return port != 0


def _refused(what: str) -> ConfigError:
    return ConfigError(
        what,
        expected=_EXPECTED,
        next_step="write special characters of user and password as %XX",
    )
