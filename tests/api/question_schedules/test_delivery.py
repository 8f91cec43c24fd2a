"""Scheduled questions over a real warehouse file: who gets what, and when."""

from __future__ import annotations

import io

import openpyxl

from tests.api.question_schedules.asking import DAILY, address, asked, put, rows, runs, save, told
from tests.api.scheduled_shop import ScheduledShop, march
from tests.web.asgi_client import TestClient


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
