"""One definition as it was read, with the file and line a later check still names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from amalimart.config.strict_yaml import YamlDocument
from amalimart.core.errors import ConfigError
from amalimart.core.names import is_identifier, nearest
from amalimart.semantic.defined import RESERVED_NAMES, Label, Need, Needs
from amalimart.semantic.shapes import LabelShape

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Entry(Generic[S]):
    """One definition and where it stands, so that a later check can still name its line."""

    name: str
    shape: S
    document: YamlDocument
    path: tuple[str, ...]
    subject: str = ""

    def refuse(
        self, what: str, *key: str | int, expected: str | None = None, near: str | None = None
    ) -> ConfigError:
        return ConfigError(
            what,
            where=self.document.where(*self.path, *key),
            expected=expected,
            nearest=near,
            next_step="correct the file and run the command again",
        )

    def known(self, name: str, names: Iterable[str], what: str, *key: str | int) -> str:
        listed = list(names)
        if name not in listed:
            raise self.refuse(f"no {what} is called {name!r}", *key, near=nearest(name, listed))
        return name


def unique(entries: list[Entry[S]]) -> dict[str, Entry[S]]:
    found: dict[str, Entry[S]] = {}
    for entry in entries:
        if not is_identifier(entry.name) or "__" in entry.name or entry.name in RESERVED_NAMES:
            raise entry.refuse(
                f"{entry.name!r} cannot be a name",
                expected="lower-case letters, digits and single underscores, and not the name of a grain",
            )
        if entry.name in found:
            raise entry.refuse(
                f"{entry.name} is defined twice", expected=f"once: {found[entry.name].document.path}"
            )
        found[entry.name] = entry
    return found


def one_meaning(entries: Mapping[str, Entry[S]], others: Callable[[S], tuple[str, ...]], what: str) -> None:
    """A name means one thing: an alias that is also a name or alias elsewhere is refused."""
    owner = dict.fromkeys(entries, "")
    for entry in entries.values():
        for alias in others(entry.shape):
            if not is_identifier(alias) or "__" in alias or alias in RESERVED_NAMES:
                raise entry.refuse(
                    f"{alias!r} cannot be a name", expected="lower-case letters, digits, underscores"
                )
            if alias in owner:
                raise entry.refuse(
                    f"{alias} already names the {what} {owner[alias] or alias}",
                    expected="one meaning for one name",
                )
            owner[alias] = entry.name


def label_of(shape: LabelShape) -> Label:
    return Label(shape.en, shape.fr)


def needs_of(entry: Entry[S], texts: Sequence[str], *key: str) -> Needs:
    groups = []
    for text in texts:
        alternatives = []
        for alternative in text.split("|"):
            column, _, value = (part.strip() for part in alternative.partition("="))
            entity, _, name = column.partition(".")
            if not is_identifier(entity) or not is_identifier(name):
                raise entry.refuse(
                    f"cannot read the need {text!r}", *key, expected="entity.column or entity.column=VALUE"
                )
            alternatives.append(Need(entity, name, value or None))
        groups.append(tuple(alternatives))
    return tuple(groups)
