"""What a definition tells beside its number, in each language of the product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence. What nobody has said in French stays English."""

    en: str
    fr: str

    @property
    def tells_count(self) -> bool:
        """Whether a count can be put into it, in each language."""
        return "{count}" in self.en and "{count}" in self.fr

    def counting(self, count: int) -> Note:
        """The sentence with a count in place of `{count}`."""
        return Note(self.en.replace("{count}", str(count)), self.fr.replace("{count}", str(count)))


def said(english: Sequence[str], french: Sequence[str]) -> tuple[Note, ...]:
    """Sentences of a definition. Raises ValueError where only some are said in French."""
    if french and len(french) != len(english):
        raise ValueError(f"{len(english)} notes, and {len(french)} of them in French")
    lines = [" ".join(line.split()) for line in english]
    return tuple(Note(en, " ".join(fr.split())) for en, fr in zip(lines, french or lines, strict=True))
