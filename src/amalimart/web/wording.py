"""The words of the pages, one catalogue a language. Owns no choice of language: that is the reader's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from amalimart.api.language import Language
from amalimart.config.strict_yaml import read_yaml
from amalimart.core.errors import ConfigError

CATALOGUES = Path(__file__).parent / "texts"


class Wording:
    """The texts of one language by their keys, such as `receipt.title`."""

    def __init__(self, language: Language, texts: Mapping[str, str]) -> None:
        self.language = language
        self.texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """A text with its {places} filled. Raises KeyError for a key that no catalogue has."""
        return self.texts[key].format(**values) if values else self.texts[key]

    def module(self) -> bytes:
        """All of them as a script that hands them to the page's scripts."""
        return f"export default {json.dumps(self.texts, ensure_ascii=False)};\n".encode()


@cache
def wording(language: Language) -> Wording:
    """The catalogue of a language. Raises ConfigError where it holds anything but texts."""
    document = read_yaml(CATALOGUES / f"{language.value}.yml")
    return Wording(language, dict(_flat(document.data, str(document.path))))


def _flat(node: Any, where: str, prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in node.items():
        if isinstance(value, dict):
            yield from _flat(value, where, f"{prefix}{name}.")
        elif isinstance(value, str):
            yield f"{prefix}{name}", value
        else:
            raise ConfigError(
                f"{prefix}{name} is no text", where=where, expected="a text; quote yes, no and numbers"
            )
