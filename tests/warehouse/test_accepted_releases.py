"""A build that is held back may be accepted by a person, whose word holds until the check passes."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

import pytest

from amalimart.control.audit.decisions import entries
from amalimart.control.deciding import Decider
from amalimart.control.releases import acceptances as control_acceptances
from amalimart.core.errors import CheckFailed, NotFound, RequestError
from amalimart.core.releases import Acceptance
from amalimart.warehouse.lake_view import lake_state
from tests.warehouse.held_shop import AMA, SMALL, Desk, desk, order
from tests.warehouse.tiny_shop import NOW

__all__ = ["desk"]


def test_what_is_accepted_is_published_and_says_by_whose_word(desk: Desk) -> None:
    desk.land(order("2", "5000"), order("3", "6000"))
    desk.is_held()
    [word] = desk.book.accept(1, AMA, "  a wholesale order, agreed with the buyer ")
    told = (word.check, word.failing_rows, word.blocked_number, word.accepted_by, word.subject, word.reason)
    assert told == (
        SMALL, 2, 1, "Ama Serwaa", "ama@example.com", "a wholesale order, agreed with the buyer"
    )  # fmt: skip
    release = desk.published()
    assert desk.totals() == [Decimal("5.00"), Decimal("5000.00"), Decimal("6000.00")]
    [failing] = release.failing
    assert (failing.name, failing.is_error, failing.failing_rows) == (SMALL, True, 2)
    assert failing.acceptance == word
    assert desk.book.accepted() == (word,)
    [note] = desk.book.notes()
    assert "Ama" not in note.text
    assert "a wholesale order" in note.detail
    [entry] = entries(desk.ledger._opened()._engine)
    assert (entry.subject, entry.action, entry.happened_at) == ("ama@example.com", "release.accepted", NOW)
    assert entry.details == {
        "blocked": 1,
        "checks": {SMALL: 2},
        "by": "Ama Serwaa",
        "reason": "a wholesale order, agreed with the buyer",
    }
    # It holds for later releases too, and each of them says so.
    desk.land(order("4"))
    assert [check.acceptance for check in desk.published().failing] == [word]


def test_more_rows_than_were_accepted_block_again_although_few_of_them_are_new(desk: Desk) -> None:
    """The changed rows alone would say: one row, and two are accepted."""
    desk.land(order("2", "5000"), order("3", "6000"))
    desk.is_held()
    desk.book.accept(1, AMA, "agreed")
    desk.publish()
    desk.land(order("4", "7000"))
    build = desk.is_held()
    assert (build.number, [check.failing_rows for check in build.checks]) == (2, [3])
    desk.book.accept(2, AMA, "agreed as well")
    [failing] = desk.published().failing
    assert failing.acceptance is not None
    assert (failing.failing_rows, failing.acceptance.reason) == (3, "agreed as well")
    desk.land(order("4", "5"), order("3", "5"))  # less than accepted is accepted
    assert [check.failing_rows for check in desk.published().failing] == [1]


def test_another_check_than_the_accepted_one_still_blocks(desk: Desk) -> None:
    desk.land(order("2", "5000"))
    desk.is_held()
    desk.book.accept(1, AMA, "agreed")
    desk.land(order("3", buyer="nobody"))
    build = desk.is_held()
    assert [check.name for check in build.checks] == ["buyers_have_numbers"]


def test_once_the_check_passes_the_word_holds_no_longer(desk: Desk) -> None:
    desk.land(order("2", "5000"), order("3", "6000"))
    desk.is_held()
    desk.book.accept(1, AMA, "agreed")
    desk.publish()
    desk.land(order("2"), order("3"))
    assert desk.published().failing == ()
    assert desk.book.accepted() == ()
    assert desk.book.notes() == ()
    desk.land(order("2", "5000"))
    assert desk.is_held().number == 2
    actions = [entry.action for entry in entries(desk.ledger._opened()._engine)]
    assert actions == ["release.accepted", "release.lapsed"]


def test_a_word_that_was_not_needed_lapses_too(desk: Desk) -> None:
    desk.land(order("2", "5000"))
    desk.is_held()
    desk.book.accept(1, AMA, "agreed")
    desk.land(order("2"))
    desk.publish()
    assert desk.book.accepted() == ()


def test_a_word_taken_back_blocks_every_build_until_the_rows_are_right(desk: Desk) -> None:
    """The rows are published: a check of changed rows alone would never meet them again."""
    desk.land(order("2", "5000"))
    desk.is_held()
    desk.book.accept(1, AMA, "agreed")
    desk.publish()
    [word] = desk.book.revoke(1, Decider("Kofi", "local operator"), "it was a typing error")
    assert word.check == SMALL
    desk.land(order("9"))
    assert desk.is_held().serving == 2
    desk.land(order("2"))
    assert desk.published().failing == ()
    with pytest.raises(NotFound, match="nothing that was accepted of the blocked build 1"):
        desk.book.revoke(1, AMA, None)
    [_, entry] = entries(desk.ledger._opened()._engine)
    assert (entry.action, entry.subject) == ("release.revoked", "local operator")
    assert entry.details == {
        "blocked": 1, "checks": [SMALL], "by": "Kofi", "reason": "it was a typing error"
    }  # fmt: skip


def test_nothing_is_accepted_without_a_reason_and_a_name(desk: Desk) -> None:
    desk.land(order("2", "5000"))
    desk.is_held()
    for reason, name, words in (
        ("", "Ama", "the reason is empty"),
        (" \n ", "Ama", "the reason is empty"),
        ("x" * 2001, "Ama", "the reason is too long"),
        ("agreed", "  ", "the name is empty"),
    ):
        with pytest.raises(RequestError, match=words):
            desk.book.accept(1, Decider(name, "ama@example.com"), reason)
    assert desk.book.accepted() == ()
    desk.is_held()


def test_only_what_holds_publication_back_now_is_accepted_and_once(desk: Desk) -> None:
    desk.land(order("2", "5000"))
    desk.is_held()
    with pytest.raises(NotFound, match="no blocked build 7"):
        desk.book.accept(7, AMA, "agreed")
    desk.book.accept(1, AMA, "agreed")
    with pytest.raises(RequestError, match="accepted already, by Ama Serwaa"):
        desk.book.accept(1, AMA, "agreed")
    desk.publish()
    desk.book.revoke(1, AMA, None)
    with pytest.raises(RequestError, match="is over: release 2 was published since"):
        desk.book.accept(1, AMA, "agreed")


class Killed(BaseException):
    """The process ends here."""


def test_a_kill_after_the_release_and_before_the_word_is_ended_matters_not(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.land(order("2", "5000"))
    desk.is_held()
    desk.book.accept(1, AMA, "agreed")
    desk.publish()
    desk.land(order("2"))

    def killed(_ids: Collection[str]) -> None:
        raise Killed

    with monkeypatch.context() as during:
        during.setattr(desk.ledger, "lapse", killed)
        with pytest.raises(Killed):
            desk.publish()
    assert desk.book.release(3).failing == ()
    assert len(desk.book.accepted()) == 1  # the control database has not heard of it
    desk.restart()
    desk.land(order("2", "5000"))
    assert desk.is_held().number == 2
    assert desk.book.accepted() == ()


def test_a_word_and_its_entry_in_the_audit_are_there_together_or_not_at_all(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.land(order("2", "5000"))
    desk.is_held()

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as during:
        during.setattr(control_acceptances, "add_entry", killed)
        with pytest.raises(Killed):
            desk.book.accept(1, AMA, "agreed")
    assert desk.book.accepted() == ()
    desk.is_held()


def test_a_word_given_while_a_build_is_under_way_counts_from_the_next_one(desk: Desk) -> None:
    desk.land(order("2", "5000"))
    desk.is_held()
    words: list[tuple[Acceptance, ...]] = []

    def in_between(_done: int, _total: int, what: str) -> None:
        if what == "checks":
            words.append(desk.book.accept(1, AMA, "agreed"))

    state = lake_state(desk.shop.lake, {"shop": desk.shop.mapping})
    with pytest.raises(CheckFailed):
        desk.shop.executor.publish(desk.graph, state, in_between)
    assert [check.acceptance for check in desk.published().failing] == list(words[0])
