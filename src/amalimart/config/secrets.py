"""Secrets of a project that are not in the environment: the lines of its secrets.env."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from amalimart.core.errors import ConfigError
from amalimart.core.names import is_identifier

SECRET_PREFIX = "AMALIMART_SECRET_"  # noqa: S105 - the name of a variable, not a secret


def secrets_file(home: Path) -> Path:
    """Where a project keeps secrets that are not in the environment; mode 0600, never in git."""
    return home / "secrets.env"


def read_secrets(home: Path) -> dict[str, str]:
    """NAME=value lines of secrets.env. Raises ConfigError for any other line."""
    path = secrets_file(home)
    if not path.is_file():
        return {}
    if path.stat().st_mode & 0o077:
        raise ConfigError("secrets.env can be read by others", where=str(path), next_step=f"chmod 600 {path}")
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        name, separator, value = line.partition("=")
        if not line.strip() or line.startswith("#"):
            continue
        if not separator or not is_identifier(name.strip().lower()):
            raise ConfigError("not a secret", where=f"{path}:{number}", expected="NAME=value")
        found[name.strip()] = value.strip()
    return found


def write_secret(home: Path, name: str, value: str) -> None:
    """Set one secret in secrets.env, readable by its owner only. Raises ConfigError for several lines."""
    if "\n" in value or "\r" in value:
        raise ConfigError(f"the secret {name} has a line break in it", expected="one line")
    _write_secrets(home, read_secrets(home) | {name: value})


def forget_secret(home: Path, name: str) -> bool:
    """Take one secret out of secrets.env; True where it was there."""
    secrets = read_secrets(home)
    if secrets.pop(name, None) is None:
        return False
    _write_secrets(home, secrets)
    return True


def _write_secrets(home: Path, secrets: Mapping[str, str]) -> None:
    path = secrets_file(home)
    fresh = path.with_suffix(".tmp")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.writelines(f"{key}={secrets[key]}\n" for key in sorted(secrets))
    fresh.replace(path)
