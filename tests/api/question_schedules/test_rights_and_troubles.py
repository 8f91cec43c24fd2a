"""Scheduled questions when rights change, something fails, or a file is gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from amalimart.access.principal import Role
from amalimart.core.errors import Busy
from amalimart.core.question_files import FinishedFile
from tests.api.question_schedules.asking import SALES, address, asked, put, rows, runs, save
from tests.api.scheduled_shop import ScheduledShop, march
from tests.web.asgi_client import TestClient


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
