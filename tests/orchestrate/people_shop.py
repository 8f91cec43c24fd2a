"""A project whose people, orders, tickets and visits are landed by hand, with all that an engine has.

Ama is full of canaries: values that stand nowhere else, so that any byte of them that is left can be found.
"""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from sqlalchemy.orm import Session

from amalimart.access.principal import Role
from amalimart.config.project import open_project
from amalimart.config.source_settings import SourceSettings
from amalimart.control.audit.decisions import AuditEntry, write_entry
from amalimart.control.deciding import Decider
from amalimart.control.question_runs import QuestionRun
from amalimart.control.question_schedules import Wish
from amalimart.control.saved_questions import Draft, Sharing
from amalimart.control.store import open_control_store
from amalimart.control.tables import QualityResultRow
from amalimart.core.errors import AmalimartError, CheckFailed
from amalimart.core.operations import Operation, OperationState
from amalimart.core.question_files import FileForm
from amalimart.core.recurrence import recurrence
from amalimart.core.releases import BlockedCheck, SampleRows
from amalimart.lake import ChangedRows, CommitKind, Transaction
from amalimart.lake import Operation as Change
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.privacy.desk import PrivacyDesk
from amalimart.orchestrate.project.init import add_source, init_project
from amalimart.orchestrate.releases.operations import Operations
from amalimart.orchestrate.releases.refresh_loop import RefreshLoop
from amalimart.orchestrate.scheduling.job import JobContext
from amalimart.processes.services import OPERATOR, build_services, question_files, question_files_job
from amalimart.semantic.question import Question
from amalimart.warehouse.releases.blocked_builds import Attempt
from tests.orchestrate.landed_shop import SettableClock

AMA = "7001"
OPERATOR_AT = "operator@shop.test"
CANARIES = (
    "canary.ama@shop.test",
    "canary.before@shop.test",
    "+233-20-CANARY",
    "Canary Ébène Ama",
    "1971-02-13",
    "canary wants a refund",
    "canary asks without a date",
    "canary asks once more",
    "canary-visitor-77",
)
TABLES: Mapping[str, tuple[str, ...]] = {
    "users": ("user_id", "email", "phone", "full_name", "gender", "birth_date", "role", "created_at"),
    "orders": ("order_id", "customer_id", "order_date", "status", "total_amount", "currency"),
    "order_items": ("order_item_id", "order_id", "product_id", "quantity", "unit_price", "currency"),
    "payments": ("payment_id", "order_id", "customer_id", "status", "amount", "currency", "paid_at"),
    "support_tickets": ("ticket_id", "customer_id", "order_id", "subject", "status", "created_at"),
    "web_visits": ("visit_id", "visitor_id", "user_id", "channel", "visited_at"),
    "reviews": ("review_id", "customer_id", "product_id", "rating", "created_at"),
}
MAPPING = yaml.safe_dump(
    {
        "mapping": "shop",
        "description": "People and what they buy, all of it text.",
        "time_zone": "Africa/Accra",
        "tables": {name: {"key": [columns[0]]} for name, columns in TABLES.items()},
        "entities": {
            name: {"table": name, "columns": {column: column for column in columns}}
            for name, columns in TABLES.items()
        },
    },
    sort_keys=False,
)
Rows = Mapping[str, Sequence[tuple[str | None, ...]]]
_AT = "2026-03-01 10:00:00"
AMAS_ROW = (AMA, CANARIES[0], CANARIES[2], CANARIES[3], "FEMALE", CANARIES[4], "CUSTOMER", _AT)
ROWS: Rows = {
    "users": [
        (AMA, CANARIES[1], CANARIES[2], CANARIES[3], "FEMALE", CANARIES[4], "CUSTOMER", _AT),
        ("7002", "kofi@shop.test", "+233-20-2", "Kofi Mensah", "MALE", "1990-01-01", "CUSTOMER", _AT),
        ("7003", "esi@shop.test", None, "Esi Owusu", "FEMALE", None, "CUSTOMER", _AT),
    ],
    "orders": [
        (f"{number}", customer, f"2026-03-0{number} 09:00:00", "COMPLETED", f"{number}0.50", "GHS")
        for number, customer in enumerate([AMA, AMA, "7002", "7003", None], 1)
    ],
    "order_items": [(f"i{n}", f"{n}", f"p{n % 2}", "1", f"{n}0.50", "GHS") for n in range(1, 6)],
    "payments": [
        (f"pay{n}", f"{n}", customer, "SUCCESS", f"{n}0.50", "GHS", _AT)
        for n, customer in enumerate([AMA, AMA, "7002"], 1)
    ],
    "support_tickets": [
        ("t1", AMA, "1", CANARIES[5], "OPEN", _AT),
        ("t2", "7002", "3", "where is my parcel", "CLOSED", _AT),
        ("t3", AMA, "2", CANARIES[6], "OPEN", "soon"),
    ],
    "web_visits": [
        ("v1", CANARIES[8], AMA, "web", _AT),
        ("v2", CANARIES[8], None, "web", "2026-02-27 10:00:00"),
        ("v3", "visitor-2", "7002", "app", _AT),
        ("v4", "visitor-3", None, "app", _AT),
    ],
    "reviews": [("r1", AMA, "p1", "5", _AT), ("r2", "7002", "p1", "3", _AT)],
}


class PeopleShop:
    """The project, opened as an engine opens it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.clock = SettableClock(datetime(2026, 3, 10, 12, tzinfo=UTC))
        if not home.exists():
            project = init_project(home)
            (home / "sources" / "shop.yml").write_text(MAPPING)
            (home / "drops").mkdir()
            add_source(project, "shop", SourceSettings(kind="files", mapping="shop", folder=home / "drops"))
        self.open()

    def open(self) -> None:
        project = open_project(self.home)
        self.engine = Engine(project, self.clock)
        self.control = open_control_store(project.control_database, self.clock)
        self.loop = RefreshLoop(self.engine)
        self.operations = Operations(self.engine, self.loop, self.clock)
        self.files = question_files(project)
        self.services = build_services(
            project,
            self.engine,
            self.loop,
            self.control,
            self.clock,
            operations=self.operations,
            files=self.files,
        )

    def close(self) -> None:
        self.operations.wait()
        self.engine.close()
        self.control.close()

    @property
    def desk(self) -> PrivacyDesk:
        assert isinstance(self.services.privacy, PrivacyDesk)
        return self.services.privacy

    def snapshot(self, rows: Rows = ROWS) -> None:
        with self.engine.lake.begin("shop", CommitKind.SNAPSHOT) as batch:
            for table, told in rows.items():
                found = record_batch(table, told)
                batch.write(table, [found], Change.SNAPSHOT, schema=found.schema)
            batch.commit({}, self.clock.now())

    def change(self, table: str, *rows: tuple[str | None, ...], seals: bool = False) -> None:
        found = record_batch(table, rows)
        count = found.num_rows
        change = ChangedRows(
            table,
            found,
            [Change.UPSERT] * count,
            range(1, count + 1),
            [Transaction("0/1", self.clock.now())] * count,
            [()] * count,
        )
        with self.engine.lake.writer("shop") as writer:
            writer.append([change], {}, self.clock.now())
            if seals:
                writer.seal()

    def live(self) -> None:
        """A life with everything: a snapshot, another one, changes in files and in the journal, a release."""
        self.snapshot()
        self.snapshot({"reviews": ROWS["reviews"], "support_tickets": ROWS["support_tickets"]})
        self.change("users", AMAS_ROW, seals=True)
        self.engine.refresh()
        self.change("support_tickets", ("t4", AMA, None, CANARIES[7], "OPEN", _AT))
        self.loop.refresh_once()
        assert self.loop.last_error is None

    def quote(self) -> None:
        """Have everything that may quote a person do so."""
        name, mail = CANARIES[3], CANARIES[0]
        sample = SampleRows(("who", "mail"), ((name, mail),), ())
        with self.engine.hot_file.write() as cursor:
            attempt = Attempt("project", {})
            attempt.checks = (BlockedCheck("names_are_short", 1, sample),)
            attempt.record(cursor, self.clock.now(), CheckFailed(f"{name} is too long", where=mail))
        with Session(self.control.engine) as session, session.begin():
            session.add(
                QualityResultRow(
                    run_id="1",
                    check_name="names",
                    kind="reconciliation",
                    subject="users",
                    severity="warning",
                    verdict="failed",
                    expected="no name",
                    actual=name,
                    message=f"{mail} is here",
                    checked_at=self.clock.now(),
                    samples={"rows": [[name, mail]]},
                )
            )
        self.answer_by_itself()
        write_entry(
            self.control.engine, AuditEntry(self.clock.now(), "someone", "said", {"reason": f"for {name}"})
        )

    def answer_by_itself(self) -> None:
        """Have questions that somebody scheduled answered: two about people, and one about nobody."""
        self.control.users.add(
            OPERATOR_AT, display_name="Op", role=Role.ADMIN, password="long-enough-password"
        )
        operator = self.control.users.get(OPERATOR_AT).principal
        by_customer = {"metrics": ["order_count"], "by": ["customer"]}
        filtered = [{"dimension": "customer", "operator": "in", "values": [AMA]}]
        for name, form, question in (
            ("Customers", FileForm.CSV, by_customer),
            ("Customers as a sheet", FileForm.XLSX, by_customer),
            ("One customer", FileForm.CSV, {"metrics": ["order_count"], "filters": filtered}),
            ("Nobody", FileForm.CSV, {"metrics": ["order_count"]}),
        ):
            kept = self.control.saved_questions.add(Draft(name, Sharing.PRIVATE, question), operator)
            wish = Wish(recurrence("day", "13:00"), form, "en")
            self.control.question_schedules.put(kept.question_id, wish, operator)
        self.clock.instant += timedelta(hours=2)
        told = self.run_questions()
        self.clock.instant -= timedelta(hours=2)
        assert told == {"delivered": 4}

    def run_questions(self) -> Mapping[str, Any]:
        """What the job that answers scheduled questions says."""
        project = self.engine.project
        job = question_files_job(project, self.services, self.files)
        return job.run(JobContext(self.clock.now(), 1, 60.0, lambda: 0.0))

    def question_runs(self) -> dict[str, QuestionRun]:
        """The newest run of each scheduled question, by name."""
        schedules = self.control.question_schedules.all()
        return {each.question_name: self.control.question_runs.of(each.schedule_id)[0] for each in schedules}

    def erased(self, person: str = AMA) -> Operation:
        begun = self.desk.erase(person, Decider("Operator", "local operator"), "asked for by letter")
        return self.ended(begun)

    def ended(self, begun: Operation) -> Operation:
        self.operations.wait()
        ended = self.operations.find(begun.operation_id)
        assert ended.state is OperationState.DONE, ended.error
        return ended

    def totals(self) -> str:
        """Every metric as the admin sees it, alone and for all days, as one text."""
        told: dict[str, Any] = {}
        for metric in self.services.semantic.metrics(OPERATOR):
            question = Question(metrics=(metric.name,), today=date(2026, 3, 10))
            try:
                answer = self.services.semantic.ask(question, OPERATOR)
                told[metric.name] = [list(map(str, row)) for row in answer.rows]
            except AmalimartError as error:
                told[metric.name] = error.code
        return json.dumps(told, sort_keys=True, indent=1)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with self.engine.hot_file.read() as transaction:
            return list(transaction.rows(sql).rows)

    def versions(self, table: str) -> list[dict[str, Any]]:
        """Every row of a table in the lake, history too, as it was written."""
        files = self.engine.lake.live_files("shop")[table]
        past = [one.file for one in files.history if one.file is not None]
        paths = files.storage.paths(table, [*files.files, *past])
        found = [row for path in paths for row in pq.read_table(path).to_pylist()]
        found += [row for part in files.journal for row in part.read().to_pylist()]
        return sorted(found, key=lambda row: (row["_batch"], row["_sequence"]))


def record_batch(table: str, rows: Sequence[tuple[str | None, ...]]) -> pa.RecordBatch:
    schema = pa.schema([(name, pa.string()) for name in TABLES[table]])
    return pa.RecordBatch.from_pylist([dict(zip(TABLES[table], row, strict=True)) for row in rows], schema)


def found_anywhere(home: Path, canaries: Sequence[str] = CANARIES) -> list[str]:
    """Where a canary is left under a folder: raw bytes of all files, values of Parquet, DuckDB and SQLite."""
    forms = {form for canary in canaries for form in (canary, json.dumps(canary)[1:-1])}
    found = []
    for path in sorted(path for path in home.rglob("*") if path.is_file() and not path.is_symlink()):
        content = path.read_bytes()
        told = [form for form in forms if form.encode() in content]
        texts = ""
        if path.suffix == ".parquet":
            texts = str(pq.read_table(path).to_pylist())
        elif path.suffix == ".duckdb":
            texts = "\n".join(_values_in_duckdb(path))
        elif path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                texts = "\n".join(book.read(name).decode() for name in book.namelist())
        elif path.suffix == ".db":
            with sqlite3.connect(path) as database:
                texts = "\n".join(database.iterdump())
        told += [form for form in forms if form in texts]
        found += [f"{path.relative_to(home)}: {form}" for form in told]
    return found


def _values_in_duckdb(path: Path) -> Iterator[str]:
    with duckdb.connect(path, read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where not internal"
        ).fetchall()
        for schema, name in tables:
            for row in connection.execute(f'select * from "{schema}"."{name}"').fetchall():
                yield str(row)
