"""Files of a folder of the product; a project may replace each by one of the same name, and add others."""

from __future__ import annotations

from pathlib import Path

from amalimart.config.strict_yaml import YamlDocument
from amalimart.core.errors import ConfigError
from amalimart.core.names import is_identifier


def overlaid(packaged: Path, overlay: Path | None) -> dict[str, Path]:
    """The YAML file of each name, in the order of the names."""
    paths: dict[str, Path] = {}
    for folder in (packaged, overlay):
        if folder is not None and folder.is_dir():
            paths |= {path.stem: path for path in folder.glob("*.yml")}
    return dict(sorted(paths.items()))


def check_form(kind: str, name: str, document: YamlDocument, keys: str) -> None:
    """Raise ConfigError for a file whose name cannot be asked for, or that holds no keys at all."""
    if not is_identifier(name):
        raise ConfigError(
            f"a {kind} cannot be named {name!r}",
            where=str(document.path),
            expected="lower-case letters, digits and underscores",
            next_step="rename the file",
        )
    if not isinstance(document.data, dict):
        raise ConfigError(
            f"a {kind} file holds keys and values",
            where=document.where(),
            expected=keys,
            next_step=f"see the packaged {kind}s for examples",
        )
