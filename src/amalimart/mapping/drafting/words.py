"""Names taken apart into words that can be compared: OrderDate, order_date and dt_ord are the same two.

Owns splitting, abbreviations, plurals and synonyms; which words those are is content (vocabulary.py).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_NO_PLURAL = re.compile(r"(ss|us|is|news|series|info)$")
_LONGEST_WORD = 24
_GENERIC_WEIGHT = 0.5
_NEAR = 0.8
_CUT_OFF = 0.9
_DECISIVE = 0.7
_VOWELS = re.compile(r"[aeiou]")


@dataclass(frozen=True)
class Lexicon:
    """The words of a vocabulary, ready to look up.

    meaning  word -> the word it is compared as; several words where an abbreviation stands for more
    near     word -> words that often, not always, mean the same
    generic  words that say little: two names that share only these are not alike
    decisive  words that make another thing of the same
    spellings  word -> every word that is compared as it
    """

    meaning: Mapping[str, tuple[str, ...]]
    near: Mapping[str, frozenset[str]]
    generic: frozenset[str]
    decisive: frozenset[str]
    known: frozenset[str] = field(repr=False)
    spellings: Mapping[str, frozenset[str]] = field(repr=False)

    def words(self, name: str) -> tuple[str, ...]:
        """The words of a name in order, each in the form it is compared in."""
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        found: list[str] = []
        for part in _PARTS.findall(plain):
            for word in self._segments(part.lower()):
                found.extend(self._compared(word))
        return tuple(found)

    def weight(self, word: str) -> float:
        """How much a word tells."""
        return _GENERIC_WEIGHT if word in self.generic else 1.0

    def likeness(self, left: str, right: str) -> float:
        """How far two words mean the same, from 0 to 1."""
        if left == right:
            return 1.0
        if right in self.near.get(left, ()):
            return _NEAR
        return max(self._short_for(left, right), self._short_for(right, left))

    def _short_for(self, short: str, long: str) -> float:
        """Whether a word that is none stands for another: `purch` for purchase, `nm` for name."""
        if short in self.known:
            return 0.0
        meant = self.spellings.get(long, (long,))
        begins = len(short) >= 3 and any(word.startswith(short) for word in meant)
        return _CUT_OFF if begins or any(short == _VOWELS.sub("", word) for word in meant) else 0.0

    def similarity(self, left: Sequence[str], right: Sequence[str]) -> float:
        """How alike two lists of words are, from 0 to 1: shared weight over all weight (Dice)."""
        if not left or not right:
            return 0.0
        free = list(right)
        shared = 0.0
        for word in sorted(left, key=lambda w: w not in right):
            best = max(free, key=lambda other: self.likeness(word, other), default=None)
            if best is not None and (likeness := self.likeness(word, best)) > 0:
                free.remove(best)
                shared += likeness * (self.weight(word) + self.weight(best))
        alike = shared / (sum(map(self.weight, left)) + sum(map(self.weight, right)))
        return float(alike * _DECISIVE ** len((set(left) ^ set(right)) & self.decisive))

    def _compared(self, word: str) -> tuple[str, ...]:
        for form in (word, _singular(word)):
            if form in self.meaning:
                return self.meaning[form]
        return (_singular(word),)

    def _segments(self, part: str) -> list[str]:
        """A part that is no word, cut into words that are: `unitprice` is unit and price."""
        if self._is_known(part) or not 5 < len(part) <= _LONGEST_WORD:
            return [part]
        best: list[list[str] | None] = [[], *([None] * len(part))]
        for end in range(2, len(part) + 1):
            for start in range(end - 1):
                before = best[start]
                piece = part[start:end]
                if before is None or not self._is_known(piece) or (len(piece) < 4 and piece not in _SHORT):
                    continue
                now = best[end]
                if now is None or len(before) + 1 < len(now):
                    best[end] = [*before, piece]
        return best[len(part)] or [part]

    def _is_known(self, word: str) -> bool:
        return word in self.known or _singular(word) in self.known


# Short words that end or begin a name written together; others would be found in any word.
_SHORT = frozenset({"id", "at", "no", "qty", "amt", "fee", "tax", "sku", "pay", "tag"})


def lexicon(
    abbreviations: Mapping[str, str],
    same: Collection[Sequence[str]],
    near: Collection[Sequence[str]],
    generic: Collection[str],
    decisive: Collection[str],
    known: Collection[str],
) -> Lexicon:
    """Make a lexicon; the first word of a group in `same` is the one all of it is compared as."""
    leader = {word: group[0] for group in same for word in group}
    meaning: dict[str, tuple[str, ...]] = {word: (first,) for word, first in leader.items()}
    for short, long in abbreviations.items():
        meaning[short] = tuple(leader.get(word, word) for word in long.split())
    close: dict[str, set[str]] = {}
    for group in near:
        heads = [leader.get(word, word) for word in group]
        for word in heads:
            close.setdefault(word, set()).update(set(heads) - {word})
    spellings: dict[str, set[str]] = {}
    for word, first in leader.items():
        spellings.setdefault(first, set()).add(word)
    names = {word for text in known for word in text.split()}
    return Lexicon(
        meaning=meaning,
        near={word: frozenset(others) for word, others in close.items()},
        generic=frozenset(leader.get(word, word) for word in generic),
        decisive=frozenset(leader.get(word, word) for word in decisive),
        known=frozenset({*meaning, *leader, *names}),
        spellings={word: frozenset(others) for word, others in spellings.items()},
    )


def _singular(word: str) -> str:
    if len(word) < 4 or _NO_PLURAL.search(word) or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if re.search(r"(ss|sh|ch|x|z|tus)es$", word):
        return word[:-2]
    return word[:-1]
