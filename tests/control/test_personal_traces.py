"""Words of a person leave the control database, down to its bytes; people who may sign in stay."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.orm import Session

from amalimart.access.principal import Role
from amalimart.control.audit.decisions import AuditEntry, entries, write_entry
from amalimart.control.deciding import Decider
from amalimart.control.privacy.erasures import Erasures, forget_backup, known_backups, note_backup
from amalimart.control.privacy.personal_traces import forget_filters, forget_words, leave_no_bytes
from amalimart.control.store import ControlStore
from amalimart.control.tables import QualityResultRow, SavedQuestionRow
from amalimart.core.errors import RequestError

if TYPE_CHECKING:
    from tests.control.conftest import HandClock

WORDS = ("Ama Ébène", 'said "no"', "ama@shop.test")
OPERATOR = Decider("Operator", "local operator")


def files_of(store: ControlStore) -> bytes:
    path = Path(str(store.engine.url.database))
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


def test_words_go_from_every_place_that_may_quote_them(store: ControlStore, clock: HandClock) -> None:
    store.users.add(
        "ama@shop.test", display_name="Ama Ébène", role=Role.ADMIN, password="a long enough password"
    )
    write_entry(
        store.engine, AuditEntry(clock.now(), "someone", "said", {"reason": f"for {WORDS[0]}, {WORDS[1]}"})
    )
    with Session(store.engine) as session, session.begin():
        session.add(
            QualityResultRow(
                run_id="1", check_name="names", kind="k", subject="users", severity="warning",
                verdict="failed", expected="no name", actual=WORDS[0], message=f"{WORDS[2]} is there",
                checked_at=clock.now(), samples={"rows": [[WORDS[0], "kept"]]},
            )
        )  # fmt: skip
    assert forget_words(store.engine, WORDS) == 2
    leave_no_bytes(store.engine)
    (entry,) = [each for each in entries(store.engine) if each.action == "said"]
    assert entry.details == {"reason": "for erased, erased"}
    with Session(store.engine) as session:
        result = session.query(QualityResultRow).one()
        assert (result.actual, result.message) == ("erased", "erased is there")
        assert result.samples == {"rows": [["erased", "kept"]]}
    assert store.users.get("ama@shop.test").display_name == "Ama Ébène", "who may sign in is somebody else"
    kept = files_of(store)
    assert b"is there" in kept
    assert rb"\u00c9b\u00e8ne" not in kept
    assert b"ama@shop.test is" not in kept
    assert forget_words(store.engine, WORDS) == 0


def test_words_go_from_the_name_and_the_filters_of_a_saved_question(
    store: ControlStore, clock: HandClock
) -> None:
    owner = store.users.add(
        "yaw@shop.test", display_name="Yaw", role=Role.ADMIN, password="a long enough password"
    )
    filters = [{"dimension": "customer", "values": [WORDS[2], "kept"]}]
    with Session(store.engine) as session, session.begin():
        session.add(
            SavedQuestionRow(
                question_id="q", owner_id=owner.user_id, name=f"Orders of {WORDS[0]}", sharing="private",
                question={"metrics": ["gmv"], "filters": filters}, saved_as={}, created_at=clock.now(),
                changed_at=clock.now(),
            )
        )  # fmt: skip
    assert forget_words(store.engine, WORDS) == 1
    leave_no_bytes(store.engine)
    with Session(store.engine) as session:
        kept = session.query(SavedQuestionRow).one()
        assert kept.name == "Orders of erased"
        assert kept.question["filters"][0]["values"] == ["erased", "kept"]
    assert WORDS[2].encode() not in files_of(store)


def test_the_id_of_a_person_goes_from_filters_by_person_and_from_no_others(
    store: ControlStore, clock: HandClock
) -> None:
    owner = store.users.add(
        "yaw@shop.test", display_name="Yaw", role=Role.ADMIN, password="a long enough password"
    )
    filters = [
        {"dimension": "user", "operator": "in", "values": ["7001", "70019", "7002"]},
        {"dimension": "product", "values": ["7001"]},
    ]
    questions = {"q": {"metrics": ["gmv"], "filters": filters}, "plain": {"metrics": ["gmv"]}}
    with Session(store.engine) as session, session.begin():
        session.add_all(
            SavedQuestionRow(
                question_id=name, owner_id=owner.user_id, name=name, sharing="private", question=question,
                saved_as={}, created_at=clock.now(), changed_at=clock.now(),
            )
            for name, question in questions.items()
        )  # fmt: skip
    names = {"customer", "customer_id", "user"}
    assert forget_filters(store.engine, names, lambda value: value == "7001") == 1
    with Session(store.engine) as session:
        kept = {row.question_id: row.question for row in session.query(SavedQuestionRow)}
    assert kept["plain"] == questions["plain"]
    by_person, by_product = kept["q"]["filters"]
    assert by_person == {"dimension": "user", "operator": "in", "values": ["erased", "70019", "7002"]}
    assert by_product == filters[1]
    assert forget_filters(store.engine, names, lambda value: value == "7001") == 0


def test_an_erasure_is_told_by_its_mark_from_beginning_to_end(store: ControlStore, clock: HandClock) -> None:
    erasures = Erasures(store.engine, clock)
    erasures.begin("mark", OPERATOR, " by letter ", {"shop.users": 2})
    erasures.begin("mark", OPERATOR, "again", {})
    (begun,) = erasures.all()
    assert (begun.done_at, begun.reason, begun.counts) == (None, "by letter", {"shop.users": 2})
    erasures.done("mark")
    erasures.done("mark")
    erasures.done("nobody")
    assert erasures.all()[0].done_at == clock.now()
    actions = [entry.action for entry in entries(store.engine)]
    assert actions == ["privacy.erase.begun", "privacy.erased"]
    with pytest.raises(RequestError):
        erasures.begin("other", OPERATOR, " ", {})


def test_backups_are_remembered_where_they_were_put(
    store: ControlStore, clock: HandClock, tmp_path: Path
) -> None:
    (tmp_path / "near").mkdir()
    (tmp_path / "near" / "manifest.json").touch()
    for name in ("near", "far", "near"):
        note_backup(store.engine, tmp_path / name, clock.now())
    assert {
        Path(each.folder).name: each.is_there for each in known_backups(store.engine, "manifest.json")
    } == {
        "near": True,
        "far": False,
    }
    forget_backup(store.engine, tmp_path / "far")
    assert [each.is_there for each in known_backups(store.engine, "manifest.json")] == [True]


def test_whatever_a_person_is_called_programs_go_on(store: ControlStore, clock: HandClock) -> None:
    content = {"severity": "warning", "reason": "a warning for reason", "cells": [["reason", 1, None]]}
    write_entry(store.engine, AuditEntry(clock.now(), "warning", "warning", content))
    forget_words(store.engine, ["warning", "reason", "severity"])
    (entry,) = entries(store.engine)
    assert (entry.subject, entry.action) == ("warning", "warning")
    told = {"severity": "warning", "reason": "a erased for erased", "cells": [["erased", 1, None]]}
    assert entry.details == told
