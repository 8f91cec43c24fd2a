"""What people want of a scheduled question: another time, a pause, an answer now, no more."""

from __future__ import annotations

from typing import Any

import pytest

from amalimart.control.audit.decisions import entries
from amalimart.control.question_schedules import MOST_SCHEDULES
from tests.api.question_schedules.asking import DAILY, address, asked, put, rows, runs, save, told
from tests.api.scheduled_shop import ScheduledShop, march
from tests.web.asgi_client import TestClient


class TestWhatSomebodyWants:
    def test_it_can_be_paused_changed_and_removed(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        ama = clients["ama"]
        question = save(ama)
        put(ama, question)
        assert put(ama, question, paused=True)["schedule"]["next_at"] is None
        assert scheduled.run_at(march(23)) == {}
        resumed = put(ama, question, every="week", weekdays=["monday", "sunday"], at="09:00")
        assert resumed["schedule"]["next_at"] == "2024-03-24T09:00:00+00:00"
        assert resumed["schedule"]["weekdays"] == ["monday", "sunday"]
        assert scheduled.run_at(march(23, 13)) == {}  # what passed while it was paused is not made up for
        assert put(ama, question, every="month", day="last")["schedule"]["day"] == "last"
        assert told(ama, question)["schedule"]["next_at"] == "2024-03-31T07:30:00+00:00"
        scheduled.run_at(march(31))
        (run,) = runs(ama, question)
        assert len(scheduled.kept()) == 1
        assert ama.delete(f"/api/v1/questions/{question}/schedule").json() == {
            "id": question,
            "removed": True,
        }
        assert scheduled.kept() == []
        assert ama.get(address(question, run)).status_code == 404
        assert told(ama, question) == {"schedule": None, "runs": []}
        assert ama.delete(f"/api/v1/questions/{question}/schedule").status_code == 404

    def test_files_of_a_deleted_question_are_swept_away(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        question = save(clients["ama"])
        put(clients["ama"], question)
        scheduled.run_at(march(21))
        assert not scheduled.job().has_work
        clients["ama"].delete(f"/api/v1/questions/{question}")
        assert scheduled.job().has_work
        scheduled.run_at(march(21, 13))
        assert scheduled.kept() == []
        assert not scheduled.job().has_work

    @pytest.mark.parametrize(
        ("wish", "where", "nearest"),
        [
            ({"every": "dai"}, "every", "day"),
            ({"every": "weekly", "weekdays": ["monday"]}, "every", "week"),
            ({"every": "week"}, "weekdays", None),
            ({"every": "week", "weekdays": ["mondey"]}, "weekdays", "monday"),
            ({"weekdays": ["monday"]}, "weekdays", None),
            ({"every": "month"}, "day", None),
            ({"every": "month", "day": 31}, "day", "last"),
            ({"every": "month", "day": "lest"}, "day", "last"),
            ({"every": "month", "day": 0}, "day", None),
            ({"day": 3}, "day", None),
            ({"at": "7:30"}, "at", None),
            ({"at": "24:00"}, "at", None),
            ({"at": "07:30\n"}, "at", None),
            ({"format": "xls"}, "format", "xlsx"),
            ({"language": "de"}, "language", None),
        ],
    )
    def test_what_cannot_be_is_refused_with_the_nearest_that_can(
        self, clients: dict[str, TestClient], wish: dict[str, Any], where: str, nearest: str | None
    ) -> None:
        question = save(clients["ama"])
        answer = clients["ama"].put(f"/api/v1/questions/{question}/schedule", json={**DAILY, **wish})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (400, "request_invalid"), answer.text
        assert (error["where"], error["nearest"]) == (where, nearest)
        assert error["expected"]
        assert error["next_step"]
        assert told(clients["ama"], question)["schedule"] is None

    def test_there_is_an_end_to_how_many_one_person_has(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        for _ in range(MOST_SCHEDULES):
            put(clients["ama"], save(clients["ama"]))
        answer = clients["ama"].put(f"/api/v1/questions/{save(clients['ama'])}/schedule", json=DAILY)
        assert answer.json()["error"]["code"] == "request_invalid"
        assert len(scheduled.services.control.question_schedules.all()) == MOST_SCHEDULES

    def test_that_it_is_scheduled_is_in_the_audit_without_its_name(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        question = save(clients["ama"])
        put(clients["ama"], question)
        clients["ama"].delete(f"/api/v1/questions/{question}/schedule")
        found = entries(scheduled.services.control.engine)
        said = [each for each in found if each.details.get("question") == question]
        assert [each.action for each in said][-2:] == ["question.scheduled", "question.unscheduled"]
        assert all("Sales" not in str(each.details) for each in said)

    def test_operators_see_whose_questions_are_scheduled_and_no_file(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        question = save(clients["ama"])
        put(clients["ama"], question)
        scheduled.run_at(march(21))
        (listed,) = clients["admin"].get("/api/v1/schedules/questions").json()["schedules"]
        assert (listed["recipient"], listed["last_run"]["outcome"]) == ("ama@shop.test", "delivered")
        assert "Sales" not in str(listed)
        for name in ("ama", "analyst", "support"):
            assert clients[name].get("/api/v1/schedules/questions").status_code == 403


class TestAskedNow:
    def test_an_answer_now_comes_beside_the_moments_once_also_while_it_rests(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        ama = clients["ama"]
        question = save(ama)
        put(ama, question, paused=True)
        assert scheduled.run_at(march(21, 9)) == {}
        run_now = f"/api/v1/questions/{question}/schedule/run"
        for _ in range(3):
            (waiting,) = ama.post(run_now, json={}).json()["runs"]
            assert (waiting["outcome"], waiting["tries"], waiting["file"]) == ("open", 0, None)
        assert scheduled.run_at(march(21, 9, 1)) == {"delivered": 1}
        (run,) = runs(ama, question)
        assert (run["due_at"], run["file"]) == ("2024-03-21T09:00:00+00:00", "kept")
        assert sorted(rows(ama, question, run)) == sorted(asked(ama))
        assert scheduled.run_at(march(21, 9, 2)) == {}
        found = entries(scheduled.services.control.engine)
        said = [each.action for each in found if each.details.get("question") == question]
        assert said.count("question.asked_now") == 3

    def test_it_takes_no_moment_away_and_answers_with_the_rights_of_then(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        ama = clients["ama"]
        question = save(ama)
        put(ama, question)
        scheduled.clock.instant = march(21, 7, 29)
        run_now = f"/api/v1/questions/{question}/schedule/run"
        assert ama.post(run_now, json={}).status_code == 200
        assert scheduled.run_at(march(21, 7, 30)) == {"delivered": 2}
        assert [run["due_at"][11:16] for run in runs(ama, question)] == ["07:30", "07:29"]
        users = scheduled.services.control.users
        scheduled.clock.instant = march(21, 8)
        assert ama.post(run_now, json={}).status_code == 200
        users.update("ama@shop.test", enabled=False)
        try:
            scheduled.run_at(march(21, 9))
            newest = next(
                run
                for each in scheduled.services.control.question_schedules.all()
                for run in scheduled.services.control.question_runs.of(each.schedule_id)
            )
            assert newest.outcome == "refused", newest
        finally:
            users.update("ama@shop.test", enabled=True)
            clients["ama"] = scheduled.shop.client("ama@shop.test")

    def test_only_the_own_schedule_can_be_asked(self, clients: dict[str, TestClient]) -> None:
        question = save(clients["ama"], "wider")
        put(clients["ama"], question)
        for name in ("admin", "kofi"):
            answer = clients[name].post(f"/api/v1/questions/{question}/schedule/run", json={})
            assert answer.status_code == 404, name
        assert runs(clients["ama"], question) == []
