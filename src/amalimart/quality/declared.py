"""Finds and reads declared checks: the packaged ones, replaced by name by the project's own.

A file is one check and has its name. One that cannot be read keeps none of the others from being run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from amalimart.config.strict_yaml import YamlDocument, read_yaml
from amalimart.core.errors import AmalimartError, ConfigError, NotFound
from amalimart.core.names import is_identifier, nearest
from amalimart.core.quality import MonitorKind, Severity
from amalimart.quality.shapes import SHAPES, DeclaredShape, Every

W = TypeVar("W", bound=StrEnum)

PACKAGED = Path(__file__).parents[1] / "marketplace" / "quality"


@dataclass(frozen=True)
class DeclaredCheck:
    """One declared check, and the file that says it."""

    name: str
    shape: DeclaredShape
    document: YamlDocument

    @property
    def kind(self) -> MonitorKind:
        return self.shape.kind

    @property
    def severity(self) -> Severity:
        return self.shape.severity

    @property
    def every(self) -> Every:
        return self.shape.every

    def where(self, *path: str | int) -> str:
        """file:line of a part of it."""
        return self.document.where(*path)


@dataclass(frozen=True)
class DeclaredChecks:
    """Every declared check by name, and the files that are none, each with the reason."""

    checks: Mapping[str, DeclaredCheck]
    refused: Mapping[str, AmalimartError]

    @property
    def names(self) -> tuple[str, ...]:
        """Of all files, those that are refused too."""
        return tuple(sorted({*self.checks, *self.refused}))

    def due(self, every: Every | None) -> DeclaredChecks:
        """Those of a schedule word, or all; what is refused tells no word, and is always among them."""
        if every is None:
            return self
        return DeclaredChecks(
            {name: each for name, each in self.checks.items() if each.every is every}, self.refused
        )

    def only(self, name: str) -> DeclaredChecks:
        """The one of that name. Raises NotFound, or the error of its file."""
        if name in self.refused:
            raise self.refused[name]
        if name not in self.checks:
            raise NotFound(
                f"there is no check {name!r}",
                expected=", ".join(self.names) or None,
                nearest=nearest(name, self.names),
                next_step="amalimart quality list shows them all",
            )
        return DeclaredChecks({name: self.checks[name]}, {})


def load_checks(folders: Iterable[Path]) -> DeclaredChecks:
    """Read every check; one of a later folder replaces that of its name in an earlier one."""
    paths: dict[str, Path] = {}
    for folder in folders:
        if folder.is_dir():
            paths |= {path.stem: path for path in sorted(folder.glob("*.yml"))}
    checks: dict[str, DeclaredCheck] = {}
    refused: dict[str, AmalimartError] = {}
    for name, path in sorted(paths.items()):
        try:
            checks[name] = read_check(path)
        except ConfigError as error:
            refused[name] = error
    return DeclaredChecks(checks, refused)


def read_check(path: Path) -> DeclaredCheck:
    """Read one file. Raises ConfigError with file and line."""
    name = path.stem
    if not is_identifier(name):
        raise ConfigError(
            f"a check cannot be named {name!r}",
            where=str(path),
            expected="lower-case letters, digits and underscores",
            next_step="rename the file",
        )
    document = read_yaml(path)
    if not isinstance(document.data, dict):
        raise ConfigError(
            "a check's file holds keys and values",
            where=document.where(),
            expected="kind, description, owner, severity, every, and the keys of its kind",
            next_step="see the packaged checks for examples: docs/quality.md",
        )
    kind = _word(document, "kind", MonitorKind)
    for key, words in (("every", Every), ("severity", Severity)):
        if key in document.data:
            _word(document, key, words)
    return DeclaredCheck(name, document.parse(SHAPES[kind]), document)


def _word(document: YamlDocument, key: str, words: type[W]) -> W:
    """One of a few words. Raises ConfigError naming the nearest."""
    given = document.data.get(key)
    known = [word.value for word in words]
    if given not in known:
        raise ConfigError(
            f"the check has no `{key}`" if given is None else f"unknown {key} {given!r}",
            where=document.where(key),
            expected=", ".join(known),
            nearest=nearest(str(given), known),
            next_step="correct the word and run the command again",
        )
    return words(given)
