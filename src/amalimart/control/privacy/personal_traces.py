"""Taking words of a person out of the control database, down to the bytes of its file.

People may write a name into a reason or filter a question by one, and a check or a message may quote one.
What stands in who may sign in, and in the audit log, which is a chain and holds no value, is left alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import Engine, select, text, update

from amalimart.control.tables import (
    AcceptanceRow,
    ApprovalRow,
    AuditRow,
    Base,
    ErasureRow,
    IncidentRow,
    JobRunRow,
    NotificationRow,
    QualityAcknowledgementRow,
    QualityResultRow,
    QuestionRunRow,
    SavedQuestionRow,
    SignOffRow,
)
from amalimart.core.forgetting import WORD, without_words_in

_WAIT_SECONDS = 10.0
_LOOK_SECONDS = 0.1
_MAY_QUOTE: tuple[tuple[type[Base], tuple[str, ...]], ...] = (
    (QualityResultRow, ("expected", "actual", "message", "samples")),
    (QualityAcknowledgementRow, ("reason",)),
    (IncidentRow, ("title", "details", "place", "next_step", "acknowledgement")),
    (NotificationRow, ("content", "last_error")),
    (JobRunRow, ("outcome", "error")),
    (AcceptanceRow, ("reason",)),
    (ApprovalRow, ("reason",)),
    (SignOffRow, ("reason",)),
    (ErasureRow, ("reason",)),
    (SavedQuestionRow, ("name", "question")),
    (QuestionRunRow, ("question", "error")),
    (AuditRow, ("details",)),
)


def forget_words(engine: Engine, words: Collection[str]) -> int:
    """Put one word in the place of these wherever a row quotes one; returns how many rows."""
    changed = 0
    with engine.begin() as connection:
        connection.execute(text("pragma secure_delete = on"))
        for row, names in _MAY_QUOTE:
            table = Base.metadata.tables[row.__tablename__]
            (key,) = table.primary_key.columns
            columns = [table.columns[name] for name in names]
            for number, *values in connection.execute(select(key, *columns)).all():
                told = [without_words_in(value, words) for value in values]
                if told != values:
                    kept = dict(zip(names, told, strict=True))
                    connection.execute(update(table).where(key == number).values(kept))
                    changed += 1
    return changed


def forget_filters(engine: Engine, dimensions: Collection[str], is_erased: Callable[[str], bool]) -> int:
    """Put one word in the place of the ids of people by whom kept questions filter; returns how many rows.

    `dimensions` are all names of those whose keys are ids of people.
    """
    changed = 0
    with engine.begin() as connection:
        connection.execute(text("pragma secure_delete = on"))
        for name in (SavedQuestionRow.__tablename__, QuestionRunRow.__tablename__):
            table = Base.metadata.tables[name]
            (key,) = table.primary_key.columns
            kept = select(key, table.c.question).where(table.c.question.is_not(None))
            for row in connection.execute(kept).all():
                number, question = row[0], row[1]
                filters = _filters_without(question, dimensions, is_erased)
                if filters != question.get("filters", []):
                    told = question | {"filters": filters}
                    connection.execute(update(table).where(key == number).values(question=told))
                    changed += 1
    return changed


def _filters_without(
    question: dict[str, Any], dimensions: Collection[str], is_erased: Callable[[str], bool]
) -> list[dict[str, Any]]:
    return [
        each | {"values": [WORD if is_erased(value) else value for value in each["values"]]}
        if each["dimension"] in dimensions
        else each
        for each in question.get("filters", [])
    ]


def leave_no_bytes(engine: Engine) -> None:
    """Write the file anew, so that no freed page and no log holds what a row held before.

    Others may read and write on; where one reads so long that the log cannot be cut, it is next time.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum"))
        until = time.monotonic() + _WAIT_SECONDS
        while True:
            busy, *_ = connection.execute(text("pragma wal_checkpoint(truncate)")).one()
            if not busy or time.monotonic() > until:
                return
            time.sleep(_LOOK_SECONDS)
