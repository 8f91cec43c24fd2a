"""Which datasets hold amounts of one currency only, as the release that is read shows it.

A plan for such a dataset need not read the currency with every amount, which takes longer than the amounts.
What a plan takes for granted is looked at again in the very transaction in which it runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from amalimart.core.errors import WarehouseError
from amalimart.semantic.model import SemanticModel
from amalimart.warehouse.file.reading import ReadTransaction, Release

Currencies: TypeAlias = frozenset[tuple[str, str]]
"""Pairs of a dataset and its one currency."""


class OneCurrency:
    """Remembers what was seen last. For many threads: each is told what holds in its own transaction."""

    def __init__(self, model: SemanticModel) -> None:
        self._model = model
        self._seen: tuple[Release, dict[str, str | None]] | None = None
        self.last: Currencies = frozenset()

    def of(self, transaction: ReadTransaction, datasets: Iterable[str]) -> Currencies:
        """Those of the datasets that have one currency in this transaction."""
        seen = self._seen
        if seen is None or seen[0] != transaction.release:
            self._seen = seen = (transaction.release, {})
        known = seen[1]
        for name in datasets:
            if name not in known:
                known[name] = self._looked_up(transaction, name)
        asked = frozenset(datasets)
        found = frozenset((name, code) for name in asked if (code := known[name]) is not None)
        if found != frozenset(each for each in self.last if each[0] in asked):
            self.last = frozenset(each for each in self.last if each[0] not in asked) | found
        return found

    def _looked_up(self, transaction: ReadTransaction, name: str) -> str | None:
        dataset = self._model.datasets[name]
        if dataset.currency is None:
            return None
        try:
            return transaction.only_code(dataset.table, dataset.currency)
        except WarehouseError:  # what cannot be told proves nothing, and the question itself may be answered
            return None
