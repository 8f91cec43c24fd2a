"""Scheduled questions over a real warehouse file: who gets what, when rights change, and what is refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text

from amalimart.access.principal import Role
from amalimart.control.audit.decisions import entries
from amalimart.control.question_schedules import MOST_SCHEDULES
from amalimart.core.errors import Busy
from amalimart.core.question_files import FinishedFile
from tests.api.scheduled_shop import ScheduledShop, march, scheduled_shop
from tests.web.asgi_client import TestClient
from tests.web.fake_site import PASSWORD

SALES = {"metrics": ["item_gmv"], "by": ["product"], "from": "2024-01-01", "to": "2024-03-20"}
DAILY = {"every": "day", "at": "07:30", "format": "csv"}


@pytest.fixture(scope="module")
def scheduled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScheduledShop]:
    with scheduled_shop(tmp_path_factory.mktemp("scheduled")) as made:
        made.services.control.users.add(
            "esi@shop.test", display_name="Esi", role=Role.VENDOR, password=PASSWORD, vendor_ids=["vA"]
        )
        yield made


@pytest.fixture(scope="module")
def clients(scheduled: ScheduledShop) -> dict[str, TestClient]:
    shops = {name: f"{name}@shop.test" for name in ("ama", "kofi", "esi")}
    roles = {name: f"{name}@demo.test" for name in ("admin", "analyst", "support")}
    return {name: scheduled.shop.client(email) for name, email in (shops | roles).items()}


@pytest.fixture(autouse=True)
def _nothing_kept(scheduled: ScheduledShop) -> Iterator[None]:
    yield
    with scheduled.services.control.engine.begin() as connection:
        connection.execute(text("delete from saved_questions"))
    scheduled.files.remove(scheduled.kept())
    scheduled.clock.instant = march(20)
    scheduled.is_erasing = False


def save(client: TestClient, sharing: str = "private", **changes: Any) -> str:
    body = {"name": "Sales of products", "sharing": sharing, "question": {**SALES, **changes}}
    return str(client.post("/api/v1/questions", json=body).json()["id"])


def put(client: TestClient, question: str, **wish: Any) -> dict[str, Any]:
    answer = client.put(f"/api/v1/questions/{question}/schedule", json={**DAILY, **wish})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def told(client: TestClient, question: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/questions/{question}/schedule")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def runs(client: TestClient, question: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = told(client, question)["runs"]
    return found


def address(question: str, run: dict[str, Any]) -> str:
    return f"/api/v1/questions/{question}/schedule/runs/{run['id']}/file"


def rows(client: TestClient, question: str, run: dict[str, Any]) -> list[list[str]]:
    answer = client.get(address(question, run))
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.text)))


def asked(client: TestClient) -> list[list[str]]:
    """The same question, exported from the explorer."""
    answer = client.post("/api/v1/query?format=csv", json=SALES)
    return list(csv.reader(io.StringIO(answer.text)))


class TestDelivery:
    def test_at_its_moment_the_question_is_answered_as_its_recipient(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        ama = clients["ama"]
        question = save(ama)
        schedule = put(ama, question)["schedule"]
        assert schedule["next_at"] == "2024-03-21T07:30:00+00:00"
        assert (schedule["time_zone"], schedule["language"]) == ("Africa/Accra", "en")
        assert scheduled.run_at(march(21, 7, 29)) == {}
        assert runs(ama, question) == []
        assert scheduled.run_at(march(21, 7, 30)) == {"delivered": 1}
        (run,) = runs(ama, question)
        assert (run["outcome"], run["file"], run["error"]) == ("delivered", "kept", None)
        assert run["due_at"] == "2024-03-21T07:30:00+00:00"
        assert run["release_id"] == scheduled.shop.release_id
        found = rows(ama, question, run)
        assert sorted(found) == sorted(asked(ama))
        assert len(found) - 1 == run["rows"] > 0
        assert told(ama, question)["schedule"]["next_at"] == "2024-03-22T07:30:00+00:00"
        answer = ama.get(address(question, run))
        named = answer.headers["content-disposition"]
        assert named == 'attachment; filename="sales-of-products-2024-03-21.csv"'
        assert answer.headers["cache-control"] == "private, no-store"
        assert len(answer.content) == run["bytes"]

    def test_a_vendors_file_holds_its_rows_and_is_there_for_nobody_else(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        question = save(clients["ama"], "wider")
        put(clients["ama"], question)
        scheduled.run_at(march(21))
        (run,) = runs(clients["ama"], question)
        own = rows(clients["ama"], question, run)
        everything = asked(clients["admin"])
        assert {row[0] for row in own} < {row[0] for row in everything}
        others = {row[0] for row in asked(clients["kofi"])[1:]} - {
            row[0] for row in asked(clients["ama"])[1:]
        }
        assert others
        assert not others & {row[0] for row in own}
        missing = clients["kofi"].get("/api/v1/questions/0123456789abcdef/schedule/runs/1/file")
        for name in ("kofi", "esi", "admin", "analyst", "support"):
            answer = clients[name].get(address(question, run))
            assert answer.status_code == 404, name
            assert "item_gmv" not in answer.text
        for tail in ("", f"/runs/{run['id']}/file"):
            answer = clients["kofi"].get(f"/api/v1/questions/{question}/schedule{tail}")
            assert (answer.status_code, answer.json()) == (404, missing.json())
        answer = clients["kofi"].put(f"/api/v1/questions/{question}/schedule", json=DAILY)
        assert (answer.status_code, answer.json()) == (404, missing.json())
        assert told(clients["admin"], question) == {"schedule": None, "runs": []}

    def test_an_admin_who_looks_as_somebody_sees_the_runs_and_has_no_file(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        question = save(clients["ama"])
        put(clients["ama"], question)
        scheduled.run_at(march(21))
        admin = scheduled.shop.client("admin@demo.test")
        assert admin.post("/view-as", data={"email": "ama@shop.test"}).status_code == 303
        (run,) = runs(admin, question)
        assert admin.get(address(question, run)).status_code == 403
        assert admin.put(f"/api/v1/questions/{question}/schedule", json=DAILY).status_code == 403
        assert admin.delete(f"/api/v1/questions/{question}/schedule").status_code == 403

    def test_who_finds_a_shared_question_schedules_it_for_themselves_and_is_answered_as_themselves(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        question = save(clients["ama"], "wider")
        for name in ("ama", "admin"):
            put(clients[name], question)
        assert scheduled.run_at(march(21)) == {"delivered": 2}
        for name in ("ama", "admin"):
            (run,) = runs(clients[name], question)
            assert sorted(rows(clients[name], question, run)) == sorted(asked(clients[name]))
        assert runs(clients["ama"], question)[0]["rows"] < runs(clients["admin"], question)[0]["rows"]

    def test_a_workbook_speaks_the_language_of_who_scheduled_it(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        admin = clients["admin"]
        question = save(admin, compare_with="previous_period")
        put(admin, question, format="xlsx", language="fr")
        scheduled.run_at(march(21))
        (run,) = runs(admin, question)
        book = openpyxl.load_workbook(io.BytesIO(admin.get(address(question, run)).content))
        labels = scheduled.services.semantic.labels("fr")
        assert book.sheetnames == ["Réponse", "Justificatif"]
        heading = [cell.value for cell in book["Réponse"][1]]
        assert labels["total_revenue"] in heading
        assert f"{labels['total_revenue']}, avant" in heading
        assert heading[:2] == [f"{labels['product']}, id", labels["product"]]
        assert book["Justificatif"]["A1"].value == "Version publiée"
        assert book["Réponse"].max_row == run["rows"] + 1

    def test_a_file_has_all_rows_and_moving_days_are_those_of_the_run(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        body = {
            "name": "Moving",
            "question": {"metrics": ["item_gmv"], "grain": "day", "range": "last_30_days"},
        }
        question = clients["admin"].post("/api/v1/questions", json=body).json()["id"]
        put(clients["admin"], question)
        scheduled.run_at(march(21))
        (run,) = runs(clients["admin"], question)
        days = [row[0] for row in rows(clients["admin"], question, run)[1:]]
        assert (days[0], days[-1], len(days)) == ("2024-02-21", "2024-03-21", 30)

    def test_each_reading_of_a_file_is_audited_as_an_export(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        question = save(clients["ama"])
        put(clients["ama"], question)
        before = len(scheduled.shop.asked)
        scheduled.run_at(march(21))
        (run,) = runs(clients["ama"], question)
        rows(clients["ama"], question, run)
        written, read = scheduled.shop.asked[before:]
        assert (written.door, written.kind, written.subject) == ("schedule", "export", "ama@shop.test")
        assert (read.door, read.kind, read.subject) == ("api", "export", "ama@shop.test")
        assert written.shape == read.shape
        assert written.release_id == read.release_id == run["release_id"]


class TestRightsOfTheMoment:
    def test_rights_that_were_narrowed_between_two_runs_refuse_the_next_and_close_the_last_file(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        users, analyst = scheduled.services.control.users, clients["analyst"]
        question = save(analyst)
        put(analyst, question)
        scheduled.run_at(march(21))
        (first,) = runs(analyst, question)
        assert analyst.get(address(question, first)).status_code == 200
        users.update("analyst@demo.test", role=Role.DELIVERY, delivery_partner_ids=["d1"])
        try:
            assert scheduled.run_at(march(22)) == {"refused": 1}
            second, first = runs(analyst, question)
            assert (second["outcome"], second["file"], second["release_id"]) == ("refused", None, None)
            assert second["error"]["code"] in {"denied", "not_groupable"}
            assert second["error"]["next_step"]
            assert first["file"] == "other_rights"
            answer = analyst.get(address(question, first))
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "denied")
        finally:
            users.update("analyst@demo.test", role=Role.ANALYST, delivery_partner_ids=[])
        assert analyst.get(address(question, runs(analyst, question)[1])).status_code == 200

    def test_who_moves_to_another_shop_has_the_files_of_neither_shop(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        users, esi = scheduled.services.control.users, clients["esi"]
        question = save(esi)
        put(esi, question)
        scheduled.run_at(march(21))
        users.update("esi@shop.test", vendor_ids=["vB"])
        try:
            assert esi.get(address(question, runs(esi, question)[0])).status_code == 403
            scheduled.run_at(march(22))
            newest = runs(esi, question)[0]
            assert sorted(rows(esi, question, newest)) == sorted(asked(clients["kofi"]))
        finally:
            users.update("esi@shop.test", vendor_ids=["vA"])

    def test_who_may_not_sign_in_any_more_is_sent_nothing(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        question = save(clients["esi"])
        put(clients["esi"], question)
        users = scheduled.services.control.users
        users.update("esi@shop.test", enabled=False)
        try:
            assert scheduled.run_at(march(21)) == {"refused": 1}
            assert scheduled.kept() == []
        finally:
            users.update("esi@shop.test", enabled=True)
        again = scheduled.shop.client("esi@shop.test")
        assert runs(again, question)[0]["error"]["code"] == "denied"

    def test_a_question_that_is_not_shared_any_more_is_refused_and_its_files_are_closed(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        question = save(clients["ama"], "wider")
        put(clients["admin"], question)
        scheduled.run_at(march(21))
        (run,) = runs(clients["admin"], question)
        body = {"name": "Mine again", "sharing": "private", "question": SALES}
        clients["ama"].put(f"/api/v1/questions/{question}", json=body)
        assert clients["admin"].get(address(question, run)).status_code == 404
        assert scheduled.run_at(march(22)) == {"refused": 1}

    def test_an_unknown_metric_is_a_refusal_with_the_nearest_name(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        question = save(clients["admin"], metrics=["item_gmw"])
        put(clients["admin"], question)
        assert scheduled.run_at(march(21)) == {"refused": 1}
        (run,) = runs(clients["admin"], question)
        assert (run["error"]["code"], run["error"]["nearest"]) == ("unknown_name", "item_gmv")


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


class TestTroubles:
    def test_a_trouble_that_may_pass_is_tried_again_and_given_up_after_three(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        class Full:
            def write(self, *_: object) -> Any:
                raise Busy("too many exports are being answered at once", next_step="try again in a moment")

        question = save(clients["ama"])
        put(clients["ama"], question)
        assert scheduled.run_at(march(21), Full()) == {"open": 1}
        assert scheduled.run_at(march(21) + timedelta(minutes=1)) == {"delivered": 1}
        assert (runs(clients["ama"], question)[0]["tries"], len(runs(clients["ama"], question))) == (2, 1)
        assert [scheduled.run_at(march(22), Full()) for _ in range(4)] == [
            {"open": 1}, {"open": 1}, {"failed": 1}, {},
        ]  # fmt: skip
        newest = runs(clients["ama"], question)[0]
        assert (newest["outcome"], newest["error"]["code"]) == ("failed", "busy")

    def test_a_defect_is_recorded_as_ours_and_not_in_its_words(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        class Broken:
            def write(self, *_: object) -> Any:
                raise ZeroDivisionError("canary")

        question = save(clients["ama"])
        put(clients["ama"], question)
        assert scheduled.run_at(march(21), Broken()) == {"failed": 1}
        told_error = runs(clients["ama"], question)[0]["error"]
        assert told_error["code"] == "internal"
        assert "canary" not in str(told_error)

    def test_nothing_is_written_while_a_person_is_being_erased(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        question = save(clients["ama"])
        put(clients["ama"], question)
        scheduled.is_erasing = True
        assert scheduled.run_at(march(21)) == {}
        assert not scheduled.job().has_work
        scheduled.is_erasing = False
        assert scheduled.run_at(march(21)) == {"delivered": 1}

    def test_what_was_begun_before_somebody_is_erased_is_thrown_away(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        class ErasedMeanwhile:
            def write(self, *given: Any) -> Any:
                written = writer.write(*given)
                scheduled.files.forget(list, list)
                return written

        writer = scheduled.job()._answers
        question = save(clients["ama"])
        put(clients["ama"], question)
        assert scheduled.run_at(march(21), ErasedMeanwhile()) == {"open": 1}
        assert scheduled.kept() == []
        assert scheduled.run_at(march(21)) == {"delivered": 1}

    def test_a_row_limit_refuses_the_run_and_nothing_is_cut(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        made = scheduled.shop.services
        question = save(clients["admin"])
        put(clients["admin"], question)
        scheduled.shop.services = replace(made, settings=replace(made.settings, export_rows={"admin": 1}))
        try:
            assert scheduled.run_at(march(21)) == {"refused": 1}
        finally:
            scheduled.shop.services = made
        assert runs(clients["admin"], question)[0]["error"]["code"] == "query_too_large"
        assert scheduled.kept() == []

    def test_a_file_that_is_not_there_any_more_says_so(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        question = save(clients["ama"])
        put(clients["ama"], question)
        scheduled.run_at(march(21))
        scheduled.files.remove(scheduled.kept())  # as in a project that was restored
        (run,) = runs(clients["ama"], question)
        assert run["file"] == "gone"
        assert clients["ama"].get(address(question, run)).status_code == 404

    def test_those_who_bring_files_are_told_once_and_again_after_a_trouble(
        self, scheduled: ScheduledShop, clients: dict[str, TestClient]
    ) -> None:
        class Courier:
            def __init__(self) -> None:
                self.brought: list[tuple[FinishedFile, bytes]] = []
                self.trouble: Exception | None = Busy("not now")

            def deliver(self, finished: FinishedFile, content: Any) -> None:
                if self.trouble is not None:
                    raise self.trouble
                with content() as stream:
                    self.brought.append((finished, stream.read()))

        courier = Courier()
        question = save(clients["ama"])
        put(clients["ama"], question, language="fr")
        scheduled.deliveries.append(courier)
        try:
            with pytest.raises(Busy):
                scheduled.run_at(march(21))
            (run,) = runs(clients["ama"], question)
            assert run["outcome"] == "delivered"
            assert scheduled.job().has_work
            courier.trouble = None
            for minute in (1, 2):
                scheduled.run_at(march(21, 12, minute))
        finally:
            scheduled.deliveries.remove(courier)
        ((finished, content),) = courier.brought
        assert (finished.recipient, finished.language) == ("ama@shop.test", "fr")
        assert (finished.question_id, finished.release_id) == (question, run["release_id"])
        assert len(content) == run["bytes"]
