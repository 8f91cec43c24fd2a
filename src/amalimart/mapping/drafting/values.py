"""What a shop's enumerations mean: each value it writes, held against the canonical ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amalimart.mapping.drafting.vocabulary import Vocabulary

_NEGATIONS = frozenset({"not", "non", "no", "never", "un", "without", "partially", "partly"})


@dataclass(frozen=True, slots=True)
class ValueMatch:
    """The values of one column: what each means, and those whose meaning is not known, with their rows."""

    meanings: Mapping[str, str]
    undecided: Mapping[str, int]

    @property
    def share(self) -> float:
        """Which part of the values has a meaning; 0 where there are none."""
        known = len(self.meanings)
        return known / (known + len(self.undecided)) if known else 0.0


def match_values(
    vocabulary: Vocabulary, entity: str, column: str, canonical: Sequence[str], written: Mapping[str, int]
) -> ValueMatch:
    """Hold what a source writes against the canonical values of an enum."""
    spellings = {_folded(value): value for value in canonical}
    for value, others in vocabulary.values.get((entity, column), {}).items():
        for other in others:
            spellings.setdefault(_folded(other), value)
    meanings: dict[str, str] = {}
    undecided: dict[str, int] = {}
    seen: set[str] = set()
    for text, count in written.items():
        folded = _folded(text)
        if not folded or folded in seen:
            continue  # a blank is no value, and spellings that differ in case only are one
        seen.add(folded)
        meaning = spellings.get(folded) or _by_a_part(folded, spellings)
        if meaning is None or not text.isprintable() or "{" in text:
            undecided[text] = count
        else:
            meanings[text] = meaning
    return ValueMatch(meanings, undecided)


def _by_a_part(text: str, spellings: Mapping[str, str]) -> str | None:
    """The one meaning that some words of a value have (`wc-completed`); None where two compete."""
    words = text.split()
    if len(words) < 2 or _NEGATIONS & set(words):
        return None
    parts = {
        " ".join(words[start:end]) for start in range(len(words)) for end in range(start + 1, len(words) + 1)
    }
    found = {meaning for spelling, meaning in spellings.items() if len(spelling) > 2 and spelling in parts}
    return found.pop() if len(found) == 1 else None


def _folded(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text).strip().lower()
