"""What stands beside the rows of an answer, in its reader's language: headings, notes, definitions, receipt.

Names of columns stay as they are: programs read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from amalimart.api.language import Language
from amalimart.semantic.answer import Column, ColumnKind, MetricReceipt, Receipt

if TYPE_CHECKING:  # the command line words answers, too, and must not wait for all that may be asked
    from amalimart.api.ports.asking import SemanticPort

_SIDES = {
    ColumnKind.PREVIOUS: "avant",
    ColumnKind.CHANGE: "écart",
    ColumnKind.CHANGE_RATE: "écart en %",
    ColumnKind.KEY: "id",
}
"""What a heading adds to the label of its metric or dimension."""
_FRENCH = {
    "Day": "Jour",
    "Week": "Semaine",
    "Month": "Mois",
    "Quarter": "Trimestre",
    "Year": "Année",
    "Fiscal quarter": "Trimestre fiscal",
    "Fiscal year": "Exercice",
    "Period": "Période",
    "Partial": "En cours",
    "Others": "Autres",
    "Groups added up": "Groupes additionnés",
    "Answer": "Réponse",
    "Receipt": "Justificatif",
    "Release": "Version publiée",
    "Published at": "Publiée à",
    "Fresh as of": "Données de",
    "Checks": "Contrôles",
    "passing": "tous réussis",
    "warning": "certains avertissent",
    "failing": "certains échouent",
    "unknown": "inconnu",
    "Checks passed": "Contrôles réussis",
    "Checks warned": "Contrôles qui avertissent",
    "Checks failed": "Contrôles échoués",
    "Currency of": "Devise de",
    "Note": "À savoir",
}


@dataclass(frozen=True, slots=True)
class Wording:
    """How an answer is told in a language. `labels` say English labels of metrics and dimensions in it."""

    language: Language = Language.ENGLISH
    labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, language: Language, semantic: SemanticPort) -> Self:
        """With the labels of the semantic model."""
        if language is Language.ENGLISH:
            return cls()
        said, english = semantic.labels(language.value), semantic.labels(Language.ENGLISH.value)
        return cls(language, {label: said[name] for name, label in english.items()})

    def say(self, words: str) -> str:
        """Words of the receipt, or of a heading that stands for no metric or dimension."""
        return words if self.language is Language.ENGLISH else _FRENCH.get(words, words)

    def heading(self, column: Column) -> str:
        """What a person calls a column; what has no name in the language keeps its English one."""
        side = _SIDES.get(column.kind)
        if side is None:
            return self.labels.get(column.label) or self.say(column.label)
        base = column.label.removesuffix(" id") if column.kind is ColumnKind.KEY else _before(column.label)
        return f"{self.labels[base]}, {side}" if base in self.labels else column.label

    def notes(self, receipt: Receipt) -> tuple[str, ...]:
        """What else the reader must know."""
        return receipt.notes_fr if self.language is Language.FRENCH else receipt.notes

    def basis(self, metric: MetricReceipt) -> str:
        """The definition in words; in English where nobody has written it in the language."""
        return (metric.basis_fr if self.language is Language.FRENCH else None) or metric.basis


def _before(label: str) -> str:
    """A label without what its side adds in brackets."""
    return label.rpartition(" (")[0]
