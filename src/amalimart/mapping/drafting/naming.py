"""What a table or column may be meant to be called: its words, without what repeats or says nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from amalimart.mapping.drafting.facts import TableFacts
from amalimart.mapping.drafting.vocabulary import ColumnNames, Vocabulary

Words = tuple[str, ...]

_COMMON = 0.6
_EXACT = 1.0
_OTHER_NAME = 0.97
_WEAK_NAME = 0.72
_SHORTENED = 0.98
_OTHER_HEAD = 0.7


class Naming:
    """Compares the names of one source with the canonical ones."""

    def __init__(self, vocabulary: Vocabulary, tables: Sequence[TableFacts]) -> None:
        self._vocabulary = vocabulary
        self._words: dict[str, Words] = {}
        self.lexicon = vocabulary.lexicon
        self._noise_in_tables = self._noise(vocabulary.words.noise_in_tables)
        # That money is in hundredths is told apart from what it is.
        self._noise_in_columns = self._noise(
            (*vocabulary.words.noise_in_columns, *vocabulary.words.minor_units)
        )
        self._prefix = self._common_prefix([table.name.rpartition(".")[2] for table in tables])
        self._compared: dict[tuple[Words, Words], float] = {}
        self._likeness: dict[tuple[tuple[Words, ...], str, str], float] = {}
        self._column_forms: dict[tuple[str, str], Mapping[Words, float]] = {}
        self._canonical_forms: dict[tuple[str, str], Sequence[tuple[Words, float]]] = {}
        self._table_words: dict[str, Words] = {}

    def words(self, name: str) -> Words:
        """The words of any name, in the form they are compared in."""
        if name not in self._words:
            self._words[name] = self.lexicon.words(name)
        return self._words[name]

    def table_words(self, table: str) -> Words:
        """The words of a table's name that say what it holds."""
        if table not in self._table_words:
            words = list(self.words(table.rpartition(".")[2]))
            if self._prefix and len(words) > 1 and words[0] == self._prefix:
                words = words[1:]
            kept = [word for word in words if word not in self._noise_in_tables]
            self._table_words[table] = _once(kept or words)
        return self._table_words[table]

    def table_likeness(self, table: str, entity: str) -> float:
        """How much a table's name is that of an entity, from 0 to 1."""
        own = self.table_words(table)
        best = 0.0
        if not own:
            return best
        for place, name in enumerate(self._vocabulary.table_names(entity)):
            other = _once([w for w in self.words(name) if w not in self._noise_in_tables])
            likeness = self._similarity(own, other) * (_EXACT if place == 0 else _OTHER_NAME)
            if self.lexicon.likeness(own[-1], other[-1]) == 0:
                likeness *= _OTHER_HEAD
            best = max(best, likeness)
        return best

    def column_likeness(self, table: TableFacts, column: str, entity: str, canonical: str) -> float:
        """How much a column's name is that of a canonical column, from 0 to 1."""
        forms = self._forms_of(table, column)
        key = (tuple(forms), entity, canonical)
        if key not in self._likeness:
            self._likeness[key] = max(
                (
                    (self._similarity(own, other) ** 1.5) * own_factor * other_factor
                    for own, own_factor in forms.items()
                    for other, other_factor in self._forms_of_canonical(entity, canonical)
                ),
                default=0.0,
            )
        return self._likeness[key]

    def same_thing(self, column: str, table: str) -> bool:
        """Whether a column is named after a table: `customer_id`, `customerRef` and `customers`."""
        words = [word for word in self._column_words(column) if word not in self.lexicon.generic]
        meant = [word for word in words if word != "reference"]
        return bool(meant) and self._similarity(_once(meant), self.table_words(table)) == 1.0

    def has_word(self, column: str, phrases: Iterable[str]) -> bool:
        """Whether a column's name holds the words of one of the phrases, side by side."""
        words = self.words(column)
        for phrase in phrases:
            wanted = self.words(phrase)
            size = len(wanted)
            if any(words[at : at + size] == wanted for at in range(len(words) - size + 1)):
                return True
        return False

    def _forms_of(self, table: TableFacts, column: str) -> Mapping[Words, float]:
        key = (table.name, column)
        if key not in self._column_forms:
            words = self._column_words(column)
            forms = {_once(words): 1.0}
            prefix = self._common_prefix([each.name for each in table.columns])
            if prefix and len(words) > 1 and words[0] == prefix:
                words = words[1:]
                forms.setdefault(_once(words), _SHORTENED)
            if shorter := _without(words, self.table_words(table.name)):
                forms.setdefault(shorter, _SHORTENED)
            self._column_forms[key] = forms
        return self._column_forms[key]

    def _forms_of_canonical(self, entity: str, canonical: str) -> Sequence[tuple[Words, float]]:
        key = (entity, canonical)
        if key not in self._canonical_forms:
            known: ColumnNames = self._vocabulary.column_names(entity, canonical)
            first, *others = known.names
            of_entity = _once([w for w in self.words(entity) if w not in self._noise_in_tables])
            own = self._column_words(first)
            forms = [(_once(own), _EXACT)]
            if shorter := _without(own, of_entity):
                forms.append((shorter, _EXACT))
            forms += [(_once(self._column_words(name)), _OTHER_NAME) for name in others]
            forms += [(_once(self._column_words(name)), _WEAK_NAME) for name in known.weak]
            self._canonical_forms[key] = forms
        return self._canonical_forms[key]

    def _column_words(self, name: str) -> Words:
        words = self.words(name)
        kept = tuple(word for word in words if word not in self._noise_in_columns)
        return kept or words or (name,)

    def _common_prefix(self, names: Sequence[str]) -> str | None:
        """The word that most names begin with, and that therefore says nothing."""
        firsts = Counter(words[0] for name in names if len(words := self.words(name)) > 1)
        if not firsts or len(names) < 3:
            return None
        word, count = firsts.most_common(1)[0]
        return word if count / len(names) >= _COMMON else None

    def _noise(self, words: Iterable[str]) -> frozenset[str]:
        return frozenset(each for word in words for each in (word, *self.lexicon.words(word)))

    def _similarity(self, left: Words, right: Words) -> float:
        key = (left, right)
        if key not in self._compared:
            self._compared[key] = self.lexicon.similarity(left, right)
        return self._compared[key]


def _once(words: Iterable[str]) -> Words:
    return tuple(dict.fromkeys(words))


def _without(words: Sequence[str], owner: Words) -> Words:
    """Words without those of the table they stand in, where the table's main word is among them."""
    if not owner or owner[-1] not in words:
        return ()
    return _once([word for word in words if word not in owner])
