"""The interface over a real warehouse file: the shop of the semantic tests, published release by release."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import amalimart
from amalimart.access.audit_record import Asked
from amalimart.access.policies import Policies, load_policies
from amalimart.access.principal import Role
from amalimart.api.ports.publishing import PublishedRelease
from amalimart.api.ports.site import EngineStatus, Phase
from amalimart.api.services import AppServices
from amalimart.core.clock import FixedClock
from amalimart.semantic.answer_cache import AnswerCache
from amalimart.semantic.audited import AuditedSemantic
from amalimart.semantic.loading import load_model
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.service import SemanticService
from amalimart.warehouse.file.hot_file import HotFile
from amalimart.warehouse.file.transaction import ReadLimits
from amalimart.web.site import create_site
from tests.web.asgi_client import TestClient
from tests.web.fake_marketplace import FakeMarketplace
from tests.web.fake_site import PASSWORD, make_services

MARKETPLACE = Path(amalimart.__file__).parent / "marketplace"
TABLES = (Path(__file__).parent.parent / "semantic" / "shop.sql").read_text(encoding="utf-8")
TODAY = date(2024, 3, 20)
NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
ORIGIN = {"Origin": "http://testserver"}
VENDORS = {"ama@shop.test": "vA", "kofi@shop.test": "vB"}


@cache
def shop_model() -> SemanticModel:
    """The packaged metrics and dimensions."""
    return load_model([MARKETPLACE / "semantic"])


@cache
def shop_policies() -> Policies:
    """The packaged policies."""
    return load_policies([MARKETPLACE / "policies"])


class Everything:
    """A source that has every column."""

    source = "shop"

    def provides(self, entity: str, column: str, value: str | None = None) -> bool:
        """Whether the source has it."""
        del entity, column, value
        return True


@dataclass
class Shop:
    """A published shop and the services over it."""

    folder: Path
    file: HotFile
    release_id: int = 0
    published_at: datetime = NOW - timedelta(hours=1)
    services: AppServices = field(init=False)
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        with self.file.write() as cursor:
            cursor.execute(TABLES.replace("create schema gold;", ""))
            found = cursor.execute(
                "select schema_name || '.' || table_name from duckdb_tables() where schema_name = 'gold'"
            ).fetchall()
            self._record(cursor, [name for (name,) in found])
        self.kept = AnswerCache(self.file, 10_000_000)
        policies = shop_policies()
        self.semantic = SemanticService(shop_model(), policies, self.file, Everything(), self.kept)
        made = make_services(self.folder, FakeMarketplace())
        for email, vendor in VENDORS.items():
            made.control.users.add(
                email, display_name=email, role=Role.VENDOR, password=PASSWORD, vendor_ids=[vendor]
            )
        made.control.users.add(
            "swift@shop.test",
            display_name="Swift",
            role=Role.DELIVERY,
            password=PASSWORD,
            delivery_partner_ids=["d1"],
        )
        self.services = replace(
            made,
            semantic=AuditedSemantic(self.semantic, policies, self, FixedClock(NOW)),
            clock=FixedClock(NOW),
            releases=self,
            status=lambda: EngineStatus(Phase.LIVE, "Live."),
            demo_accounts=(),
        )

    def record(self, asked: Asked) -> None:
        """Keep what was asked, as the audit log does."""
        self.asked.append(asked)

    def latest(self) -> PublishedRelease:
        """The release, as the feed of the engine gives it."""
        return PublishedRelease(self.release_id, self.published_at, self.published_at)

    def publish(self, sql: str, changed: Iterable[str]) -> None:
        """Change tables and publish that as one release."""
        with self.file.write() as cursor:
            cursor.execute(sql)
            self._record(cursor, changed)

    def _record(self, cursor: object, changed: Iterable[str]) -> None:
        self.release_id += 1
        self.published_at += timedelta(seconds=5)
        moment = self.published_at.replace(tzinfo=None)
        execute = cursor.execute  # type: ignore[attr-defined]
        execute(
            "insert into meta.releases (release_id, published_at, fresh_as_of, project_hash, positions,"
            " models_built, rows_built, is_recorded) values (?, ?, ?, 'abc', '{}', 1, 1, true)",
            [self.release_id, moment, moment],
        )
        for table in changed:
            execute(
                "insert into meta.release_models values (?, ?, 'changed', 1, 1, 1)", [self.release_id, table]
            )

    def client(self, email: str = "admin@demo.test") -> TestClient:
        """A client of a site of its own, signed in."""
        client = TestClient(
            create_site(self.services), follow_redirects=False, raise_server_exceptions=False, headers=ORIGIN
        )
        signed_in = client.post("/sign-in", data={"email": email, "password": PASSWORD})
        assert signed_in.status_code == 303
        return client


@contextmanager
def opened_shop(folder: Path, limits: ReadLimits | None = None) -> Iterator[Shop]:
    """A shop in a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    file = HotFile(folder / "warehouse.duckdb", readable_folders=(), limits=limits)
    shop = Shop(folder, file)
    try:
        yield shop
    finally:
        shop.services.control.close()
        file.close()
