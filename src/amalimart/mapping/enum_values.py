"""How the spellings of an enum column are compared, and which of them a mapping does not know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from amalimart.core.errors import ConfigError
from amalimart.mapping.entities import EntityColumn
from amalimart.mapping.shape import ColumnMapping

BLANKS = " \t\n\r\u00a0"


def folded(text: str) -> str:
    """The spelling of an enum value that is compared: case, blanks and hyphens do not count.

    The same folding as the warehouse's SQL: one character stays one character.
    """
    joined = re.sub(f"[{BLANKS}-]+", "_", text.strip(BLANKS))
    return "".join(letter.lower()[0] for letter in joined)


def spellings(origin: ColumnMapping, spec: EntityColumn) -> Mapping[str, str]:
    """Folded spelling -> canonical value; what the mapping writes comes before a value's own name.

    Raises ConfigError for one spelling with two meanings.
    """
    written: dict[str, str] = {}
    for text, target in (origin.values or {}).items():
        if written.setdefault(folded(text), target) != target:
            raise ConfigError(
                f"the value {text!r} is mapped twice, to {written[folded(text)]} and to {target}",
                expected="values that differ in more than case, blanks and hyphens",
            )
    targets = origin.values.values() if origin.values is not None else spec.values
    return {folded(target): target for target in targets} | written


def unknown_spellings(origin: ColumnMapping, spec: EntityColumn, seen: Iterable[str]) -> tuple[str, ...]:
    """The texts seen in the source that no value of the mapping stands for; blank ones do not count."""
    known = spellings(origin, spec)
    return tuple(dict.fromkeys(text for text in seen if text.strip(BLANKS) and folded(text) not in known))
