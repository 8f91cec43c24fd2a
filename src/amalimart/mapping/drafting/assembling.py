"""From facts about a source's tables to a draft of its mapping. Pure: asks no source, writes no file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from amalimart.core.names import quoted
from amalimart.mapping.drafting.columns import ColumnGuesser
from amalimart.mapping.drafting.draft import (
    PROPOSED,
    TO_BE_DECIDED,
    ColumnProposal,
    Draft,
    EntityProposal,
    TableProposal,
)
from amalimart.mapping.drafting.facts import ColumnFacts, Kind, TableFacts
from amalimart.mapping.drafting.naming import Naming
from amalimart.mapping.drafting.tables import Pairing, pair_tables
from amalimart.mapping.drafting.vocabulary import Vocabulary, load_vocabulary
from amalimart.mapping.entities import ColumnType, Entity, load_entities
from amalimart.mapping.written import looks_secret

_LONGEST_NAME = 300
_CURRENCY = "currency"
_UPDATED = "updated_at"
_SURELY_UPDATED = 0.95
_ACCOUNTS, _SELLERS, _SELLER = "users", "vendors", "vendor_id"
_SELLER_OF_AN_ACCOUNT = {
    "vendor_id": "user_id",
    "user_id": "user_id",
    "vendor_name": "full_name",
    "created_at": "created_at",
    _UPDATED: _UPDATED,
}


def draft_mapping(
    name: str,
    tables: Sequence[TableFacts],
    *,
    time_zone: str,
    currency: str,
    with_cursors: bool,
    vocabulary: Vocabulary | None = None,
) -> Draft:
    """Propose a mapping. `currency` is written where the source names none; cursors are for databases."""
    return _Drafting(name, tables, time_zone, currency, with_cursors, vocabulary or load_vocabulary()).draft()


class _Drafting:
    """One draft in the making."""

    def __init__(
        self,
        name: str,
        tables: Sequence[TableFacts],
        time_zone: str,
        currency: str,
        with_cursors: bool,
        vocabulary: Vocabulary,
    ) -> None:
        self._name, self._time_zone, self._currency = name, time_zone, currency
        self._with_cursors = with_cursors
        self._vocabulary = vocabulary
        self._entities = load_entities()
        writable = [table for table in tables if _is_writable(table.name, "{}'\"\\")]
        self._unwritable = tuple(table.name for table in tables if table not in writable)
        self._naming = Naming(vocabulary, writable)
        self._secrets = {table.name: self._secret_columns(table) for table in writable}
        self._tables = {table.name: self._without_secrets(table) for table in writable}
        self._lost: Mapping[str, Pairing] = {}

    def draft(self) -> Draft:
        """The proposal."""
        guesser = ColumnGuesser(self._naming, self._vocabulary)
        pairs = pair_tables(
            tuple(self._tables.values()),
            self._entities,
            self._naming,
            guesser,
            frozenset({_CURRENCY}),
        )
        self._lost = pairs.lost
        order = {entity: place for place, entity in enumerate(self._entities)}
        proposals = [self._entity(pair) for pair in sorted(pairs.chosen, key=lambda p: order[p.entity])]
        sellers = self._sellers_among_accounts(proposals)
        if sellers is not None:
            proposals = [p for p in proposals if p.entity != _SELLERS] + [sellers]
            proposals.sort(key=lambda p: order[p.entity])
        listed = tuple(self._table(table, proposals) for table in self._tables.values())
        return Draft(
            name=self._name,
            description=f"A draft for the source {self._name}.",
            time_zone=self._time_zone,
            tables=listed,
            entities=tuple(proposals),
            unwritable=self._unwritable,
        )

    def _entity(self, pair: Pairing) -> EntityProposal:
        entity = self._entities[pair.entity]
        facts = self._tables[pair.table]
        columns = [
            self._column(entity, pair, facts, canonical)
            for canonical in entity.columns
            if canonical in pair.columns
        ]
        present = {column.canonical for column in columns if column.proposed}
        columns = [column for column in columns if column.canonical != _CURRENCY or column.proposed]
        columns += self._constants(pair, entity, present)
        columns.sort(key=lambda column: list(entity.columns).index(column.canonical))
        lacking = tuple(
            column
            for column, spec in entity.columns.items()
            if spec.required and not any(c.canonical == column and c.proposed for c in columns)
        )
        made_of = {c.source for c in columns if c.canonical in entity.key and c.proposed}
        why = "its name" if pair.name >= 0.98 else "a name for it" if pair.name >= 0.8 else "part of its name"
        return EntityProposal(
            pair.entity,
            pair.table,
            pair.confidence,
            why,
            tuple(columns),
            lacking,
            keeps_latest=not set(facts.primary_key) <= made_of,
        )

    def _column(self, entity: Entity, pair: Pairing, facts: TableFacts, canonical: str) -> ColumnProposal:
        guess = pair.columns[canonical]
        column = facts.column(guess.source)
        is_time = entity.columns[canonical].type in {ColumnType.DATE, ColumnType.TIMESTAMP}
        return ColumnProposal(
            canonical=canonical,
            source=guess.source,
            constant=None,
            confidence=guess.confidence,
            why=guess.why,
            values=guess.values.meanings if guess.values and guess.values.meanings else None,
            undecided=guess.values.undecided if guess.values else None,
            format=column.format if column and is_time else None,
            sql=f"{quoted(guess.source)} / 100" if guess.in_hundredths else None,
            proposed=guess.confidence >= PROPOSED,
        )

    def _constants(self, pair: Pairing, entity: Entity, present: Collection[str]) -> Iterable[ColumnProposal]:
        if _CURRENCY in entity.columns and _CURRENCY not in present:
            why = "the project's currency: the source names none"
            yield ColumnProposal(_CURRENCY, None, self._currency, PROPOSED, why)
        for target, values in self._vocabulary.names.constants.items():
            name, _, column = target.partition(".")
            if name != pair.entity or column in pair.columns:
                continue
            said = set(self._naming.table_words(pair.table))
            for value, words in values.items():
                if any(set(self._naming.words(word)) <= said for word in words):
                    yield ColumnProposal(column, None, value, PROPOSED, "the table's name says so")

    def _sellers_among_accounts(self, proposals: Sequence[EntityProposal]) -> EntityProposal | None:
        """Vendors that are accounts: no table of their own, but products that name one as their vendor."""
        proposed = {proposal.entity: proposal for proposal in proposals if proposal.proposed}
        accounts = proposed.get(_ACCOUNTS)
        if _SELLERS in proposed or accounts is None:
            return None
        naming_one = [
            f"{proposal.table}.{column.source}"
            for proposal in proposed.values()
            for column in proposal.columns
            if column.canonical == _SELLER and column.proposed and column.source
            if self._leads_to(proposal.table, column.source, accounts.table)
        ]
        if not naming_one:
            return None
        sources = {c.canonical: c.source for c in accounts.columns if c.proposed and c.source}
        why = f"no table of vendors; {naming_one[0]} names an account"
        columns = tuple(
            ColumnProposal(canonical, sources[of_account], None, PROPOSED, "the account's")
            for canonical, of_account in _SELLER_OF_AN_ACCOUNT.items()
            if of_account in sources
        )
        return EntityProposal(_SELLERS, accounts.table, PROPOSED, why, columns)

    def _leads_to(self, table: str, column: str, accounts: str) -> bool:
        reference = self._tables[table].reference(column)
        return reference is None or reference.table == accounts

    def _table(self, table: TableFacts, proposals: Sequence[EntityProposal]) -> TableProposal:
        own = [proposal for proposal in proposals if proposal.table == table.name]
        secret = self._secrets[table.name]
        if not any(proposal.proposed for proposal in own):
            return TableProposal(table.name, None, (), secret, {}, self._why_unmapped(table, own))
        used = {c.source for p in own if p.proposed for c in p.columns if c.proposed and c.source}
        cursor = self._cursor(table, own) if self._with_cursors else None
        key = table.primary_key
        guessed = {c.source: c for p in own if p.proposed for c in p.columns if not c.proposed}
        ignored = {
            column.name: self._why_ignored(column, guessed.get(column.name))
            for column in table.columns
            if column.name not in used and column.name not in {cursor, *key}
            if _is_writable(column.name, "{}")
        }
        return TableProposal(table.name, cursor, key, secret, ignored, None)

    def _cursor(self, table: TableFacts, own: Sequence[EntityProposal]) -> str | None:
        """The column that moves with every write, where the table has a key to go with it.

        A time that means something else (when a status changed, say) is no cursor, whatever it is called:
        a row could change without it.
        """
        if not table.primary_key:
            return None
        meant = {c.source: c.canonical for p in own for c in p.columns if c.proposed and c.source}
        likeness = {
            column.name: self._naming.column_likeness(table, column.name, own[0].entity, _UPDATED)
            for column in table.columns
            if column.kind is Kind.TIMESTAMP and meant.get(column.name, _UPDATED) == _UPDATED
        }
        best = max(likeness, key=lambda name: likeness[name], default=None)
        return best if best is not None and likeness[best] >= _SURELY_UPDATED else None

    def _why_unmapped(self, table: TableFacts, own: Sequence[EntityProposal]) -> str:
        if not table.followable:
            return f"{TO_BE_DECIDED}: a view, whose changes cannot be found; map the tables behind it"
        lost = self._lost.get(table.name)
        if not own and lost is not None and lost.confidence >= PROPOSED:
            return (
                f"{TO_BE_DECIDED}: {lost.entity} too ({lost.confidence}), but another table is more like it"
            )
        if not own:
            return f"{TO_BE_DECIDED}: like no canonical entity"
        nearest = max(own, key=lambda proposal: proposal.confidence)
        lacks = f", but nothing fills its {', '.join(nearest.lacking)}" if nearest.lacking else ""
        return f"{TO_BE_DECIDED}: perhaps {nearest.entity} ({nearest.confidence}){lacks}"

    def _why_ignored(self, column: ColumnFacts, guess: ColumnProposal | None) -> str:
        if guess is not None:
            return f"{TO_BE_DECIDED}: perhaps {guess.canonical} ({guess.confidence})"
        if column.kind is Kind.STRUCTURE:
            return f"{TO_BE_DECIDED}: a structure; land its parts through a view if a KPI needs them"
        if self._naming.has_word(column.name, self._vocabulary.words.minor_units):
            return f"{TO_BE_DECIDED}: looks like money in hundredths; land it through a view, divided by 100"
        for reason, words in self._vocabulary.words.leftovers.items():
            if self._naming.has_word(column.name, words):
                return f"{TO_BE_DECIDED}: {reason}"
        return f"{TO_BE_DECIDED}: like no canonical column"

    def _secret_columns(self, table: TableFacts) -> tuple[str, ...]:
        return tuple(
            column.name
            for column in table.columns
            if _is_writable(column.name, "{}")
            if looks_secret(column.name) or self._naming.has_word(column.name, self._vocabulary.words.secret)
        )

    def _without_secrets(self, table: TableFacts) -> TableFacts:
        """What a mapping may read; a key that looks secret is none."""
        hidden = set(self._secrets[table.name])
        kept = tuple(
            column
            for column in table.columns
            if column.name not in hidden and _is_writable(column.name, "{}")
        )
        key = table.primary_key
        return replace(table, columns=kept, primary_key=key if set(key) <= {c.name for c in kept} else ())


def _is_writable(name: str, refused: str) -> bool:
    """Whether a mapping can hold a name: printable, and without what a template could read."""
    return 0 < len(name) <= _LONGEST_NAME and name.isprintable() and not set(name) & set(refused)
