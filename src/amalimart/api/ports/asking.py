"""The semantic room, as far as the HTTP door asks it: answers, values, and where a vendor stands."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, Protocol

from amalimart.access.principal import Principal
from amalimart.core.calendar import DayRange
from amalimart.core.errors import AmalimartError
from amalimart.semantic.answer import Answer
from amalimart.semantic.compatibility import Compatibility
from amalimart.semantic.peers import PeerAnswer, PeerQuestion
from amalimart.semantic.question import Question
from amalimart.semantic.row_lists import RowList, RowQuestion
from amalimart.semantic.streaming import StreamedAnswer


class LabelledValue(Protocol):
    """One value of a dimension: what a filter names, and what a person reads."""

    @property
    def key(self) -> str: ...

    @property
    def label(self) -> str: ...


class SemanticPort(Protocol):
    """The semantic room, as far as it is used here. Descriptions are frozen dataclasses."""

    def ask(self, question: Question, principal: Principal) -> Answer: ...

    def stream(
        self, question: Question, principal: Principal, most_rows: int
    ) -> AbstractContextManager[StreamedAnswer]:
        """An answer of up to `most_rows` rows, read while the block runs."""
        ...

    def ask_all(
        self, questions: Sequence[Question], principal: Principal, listed: Sequence[str] = ()
    ) -> Sequence[Answer | AmalimartError]:
        """Every question from one release, in order; a question that cannot be answered is its error.

        `listed` are the dimensions whose values go out with the answers, for the record of both.
        """
        ...

    def refusal(self, question: Question, principal: Principal) -> AmalimartError | None:
        """Why the question cannot be answered, found without asking it; None where it can."""
        ...

    def fingerprint(self, principal: Principal) -> Hashable:
        """Whose answers may be given to this principal, too."""
        ...

    def standing(
        self, questions: Sequence[Question], principal: Principal, dimensions: Sequence[str] = ()
    ) -> Hashable:
        """While it is the same, so are the answers, and the values of the dimensions; None if not known."""
        ...

    def values(
        self, dimension: str, principal: Principal, search: str = "", limit: int = 50
    ) -> Sequence[LabelledValue]:
        """Values that the principal may see and whose label holds `search`; the one with that key first."""
        ...

    def values_of_page(
        self, dimension: str, principal: Principal, search: str = "", limit: int = 50
    ) -> Sequence[LabelledValue]:
        """As `values`, for a page that names the dimension: the record of the page stands for it."""
        ...

    def told_again(
        self,
        questions: Sequence[Question],
        principal: Principal,
        release_id: int,
        kind: str = "page",
        listed: Sequence[str] = (),
    ) -> None:
        """Have it recorded that the answers to these questions, which were kept, are given once more.

        `kind` is as the audit calls it: a page, or an export. `listed` is as for `ask_all`.
        """
        ...

    def metrics(self, principal: Principal) -> Sequence[Any]: ...

    def dimensions(self, principal: Principal) -> Sequence[Any]: ...

    def compatible(self, question: Question, principal: Principal) -> Compatibility:
        """What the principal may still add to a question, and why not the rest."""
        ...

    def covers(self, principal: Principal, other: Principal) -> bool:
        """Whether the principal sees at least what the other one sees."""
        ...

    def rows(
        self, questions: Sequence[RowQuestion], principal: Principal
    ) -> Sequence[RowList | AmalimartError]:
        """Rows or a typed error for each list, all from one release."""
        ...

    def lists_own_vendors(self, questions: Sequence[RowQuestion], principal: Principal) -> bool:
        """Whether the reader is bound to vendors, and would be given rows of theirs alone in these lists."""
        ...

    def peers(self, question: PeerQuestion, principal: Principal) -> PeerAnswer:
        """How the principal's figures stand among those of others alike. Raises Denied, InvalidFilter."""
        ...

    def labels(self, language: str) -> Mapping[str, str]:
        """Metrics and dimensions by name, as they are called in a language."""
        ...

    def is_scoped(self, principal: Principal) -> bool:
        """Whether the principal sees own rows only: then neither SQL nor tables nor checks are told."""
        ...


class PeerStanding(Protocol):
    """Where a vendor stands among its peers."""

    @property
    def quarter(self) -> int: ...
    @property
    def within(self) -> str: ...
    @property
    def month(self) -> date: ...


class PeersPort(Protocol):
    """How a vendor compares with others, told only where no other can be inferred from it."""

    def standings(
        self, metric: str, vendor_id: str, days: DayRange, today: date, principal: Principal
    ) -> Sequence[PeerStanding]:
        """The quarter of the vendor in each group, 1 for the lowest figures; none where it is not told."""
        ...
