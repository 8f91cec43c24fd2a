"""Kept questions, boards and what fits a question, over a real warehouse file and the packaged policies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from amalimart.access.principal import Role
from amalimart.api.dashboards.definition import TILE_TYPES
from amalimart.control.audit.decisions import entries
from amalimart.control.saved_questions import MOST_QUESTIONS
from tests.api.shop_site import Shop, opened_shop
from tests.web.asgi_client import TestClient
from tests.web.fake_site import PASSWORD

SALES = {"metrics": ["item_gmv"], "by": ["product"], "from": "2024-01-01", "to": "2024-03-20"}
HOSTILE = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror=alert(1)>',
    "متجر النخيل",
    "{{7*7}} ${7*7}",
    "W" * 200,
    "'; drop table saved_questions; --",
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened_shop(tmp_path_factory.mktemp("questions")) as made:
        made.services.rate._per_second = made.services.rate._burst = 10**9
        made.services.control.users.add(
            "esi@shop.test", display_name="Esi", role=Role.VENDOR, password=PASSWORD, vendor_ids=["vA"]
        )
        yield made


@pytest.fixture(scope="module")
def clients(shop: Shop) -> dict[str, TestClient]:
    """Everybody, signed in."""
    shops = {name: f"{name}@shop.test" for name in ("ama", "kofi", "esi", "swift")}
    roles = {name: f"{name}@demo.test" for name in ("admin", "analyst", "executive", "support")}
    return {name: shop.client(email) for name, email in (shops | roles).items()}


@pytest.fixture(autouse=True)
def _nothing_kept(shop: Shop) -> None:
    with shop.services.control.engine.begin() as connection:
        connection.execute(text("delete from saved_questions"))


def save(client: TestClient, name: str = "Sales", sharing: str = "private", **changes: Any) -> str:
    body = {"name": name, "sharing": sharing, "question": {**SALES, **changes}}
    answer = client.post("/api/v1/questions", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def names(client: TestClient) -> list[str]:
    return [each["name"] for each in client.get("/api/v1/questions").json()["questions"]]


def tiles(client: TestClient) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/board")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["tiles"]
    return found


@pytest.mark.parametrize(
    ("owner", "sharing", "finds"),
    [
        ("ama", "private", {"ama"}),
        ("ama", "role", {"ama", "esi"}),
        ("ama", "wider", {"ama", "esi", "admin", "analyst", "executive"}),
        ("support", "role", {"support"}),
        ("swift", "wider", {"swift", "admin", "analyst", "executive"}),
        ("analyst", "wider", {"analyst", "admin", "executive"}),
        ("admin", "role", {"admin"}),
        ("admin", "wider", {"admin", "executive"}),
    ],
)
def test_only_who_sees_at_least_as_much_finds_a_shared_question(
    clients: dict[str, TestClient], owner: str, sharing: str, finds: set[str]
) -> None:
    metric = {"swift": "parcel_count", "support": "order_count"}.get(owner, "item_gmv")
    kept = save(clients[owner], "Mine", sharing, metrics=[metric], by=[])
    assert {name for name, client in clients.items() if names(client) == ["Mine"]} == finds
    opened = {name for name, client in clients.items() if client.get(f"/api/v1/questions/{kept}").is_success}
    assert opened == finds


def test_of_another_vendors_question_not_a_byte_is_told(clients: dict[str, TestClient]) -> None:
    filters = [{"dimension": "product", "operator": "in", "values": ["canary-product"]}]
    kept = save(clients["ama"], "canary-name", "wider", filters=filters)
    kofi = clients["kofi"]
    missing = kofi.get("/api/v1/questions/0123456789abcdef")
    for answer in (
        kofi.get(f"/api/v1/questions/{kept}"),
        kofi.put(f"/api/v1/questions/{kept}", json={"name": "x", "question": SALES}),
        kofi.delete(f"/api/v1/questions/{kept}"),
        kofi.put("/api/v1/board", json={"questions": [kept]}),
    ):
        assert answer.status_code == 404
        assert answer.json() == missing.json()
    assert "canary" not in kofi.get("/api/v1/questions").text
    assert "canary" in clients["esi"].get("/api/v1/questions").text


def test_who_moves_to_another_shop_takes_no_names_along(shop: Shop, clients: dict[str, TestClient]) -> None:
    save(clients["esi"], "canary-name", "role")
    shop.services.control.users.update("esi@shop.test", vendor_ids=["vB"])
    try:
        assert names(clients["kofi"]) == []
        assert names(clients["ama"]) == ["canary-name"]
    finally:
        shop.services.control.users.update("esi@shop.test", vendor_ids=["vA"])


def test_a_shared_question_is_answered_under_the_readers_policy(clients: dict[str, TestClient]) -> None:
    kept = save(clients["ama"], sharing="wider", by=[])
    for name in ("ama", "admin"):
        assert clients[name].put("/api/v1/board", json={"questions": [kept]}).status_code == 200
    asked = {"metrics": ["item_gmv"], "by": [], "from": SALES["from"], "to": SALES["to"], "limit": 500}
    shown = {}
    for name in ("ama", "admin"):
        (tile,) = tiles(clients[name])
        own = clients[name].post("/api/v1/query", json=asked).json()
        assert tile["answer"]["rows"] == own["rows"]
        assert (tile["answer"]["receipt"]["sql"] is None) == (name == "ama")
        shown[name] = tile["answer"]["rows"][0]
    assert shown["ama"] != shown["admin"]


def test_a_question_that_is_not_shared_any_more_says_so_on_the_board(clients: dict[str, TestClient]) -> None:
    kept = save(clients["ama"], "canary-name", "wider")
    clients["admin"].put("/api/v1/board", json={"questions": [kept]})
    body = {"name": "canary-name", "sharing": "private", "question": SALES}
    assert clients["ama"].put(f"/api/v1/questions/{kept}", json=body).status_code == 200
    (tile,) = tiles(clients["admin"])
    assert tile["error"]["code"] == "not_found"
    assert "canary" not in str(tile)
    assert clients["admin"].put("/api/v1/board", json={"questions": [kept]}).status_code == 200
    clients["ama"].delete(f"/api/v1/questions/{kept}")
    assert tiles(clients["admin"]) == []


def test_a_board_keeps_its_order_answers_from_one_release_and_fails_tile_by_tile(
    clients: dict[str, TestClient],
) -> None:
    admin = clients["admin"]
    ids = [
        save(admin, "B"),
        save(admin, "A", metrics=["nothing_such"]),
        save(admin, "C", metrics=["gmv"], by=["vendor"]),
        save(admin, "D", metrics=["gmv"], by=[], grain="month", compare_with="previous_period"),
    ]
    admin.put("/api/v1/board", json={"questions": [ids[3], ids[1], ids[0], ids[2]]})
    found = tiles(admin)
    assert [each["saved"]["name"] for each in found] == ["D", "A", "B", "C"]
    assert [each.get("error", {}).get("code") for each in found] == [
        None, "unknown_name", None, "not_groupable"
    ]  # fmt: skip
    kinds = [each["kind"] for each in found[0]["answer"]["columns"]]
    assert {"time", "metric", "previous", "change", "change_rate"} <= set(kinds)
    assert len({each["answer"]["receipt"]["release_id"] for each in found if "answer" in each}) == 1
    admin.put("/api/v1/board", json={"questions": [ids[0], ids[0]]})
    assert [each["id"] for each in tiles(admin)] == [ids[0]]


def test_days_that_move_are_those_of_the_day_on_which_is_asked(clients: dict[str, TestClient]) -> None:
    question = {"metrics": ["item_gmv"], "range": "last_30_days"}
    kept = clients["ama"].post("/api/v1/questions", json={"name": "Moving", "question": question}).json()
    assert kept["question"] == question
    clients["ama"].put("/api/v1/board", json={"questions": [kept["id"]]})
    (tile,) = tiles(clients["ama"])
    assert tile["days"] == {"first": "2024-02-20", "last": "2024-03-20"}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_a_text_and_nothing_else(clients: dict[str, TestClient], name: str) -> None:
    save(clients["admin"], name)
    assert names(clients["admin"]) == [name]


@pytest.mark.parametrize("name", ["", "   ", "a\x00b", "a\x1bb", "\u202eabc", "x" * 201])
def test_a_name_that_cannot_be_shown_is_refused(clients: dict[str, TestClient], name: str) -> None:
    answer = clients["admin"].post("/api/v1/questions", json={"name": name, "question": SALES})
    assert answer.status_code == 400
    assert answer.json()["error"]["where"] == "body.name"


def test_what_is_kept_is_in_the_audit_without_names_and_values(
    shop: Shop, clients: dict[str, TestClient]
) -> None:
    before = len(entries(shop.services.control.engine))
    filters = [{"dimension": "product", "operator": "=", "values": ["canary"]}]
    kept = save(clients["ama"], "canary-name", "role", filters=filters)
    clients["ama"].delete(f"/api/v1/questions/{kept}")
    added = entries(shop.services.control.engine)[before:]
    assert [each.action for each in added] == ["question.saved", "question.removed"]
    assert all(each.details == {"question": kept, "sharing": "role"} for each in added)
    clients["admin"].put("/api/v1/board", json={"questions": [save(clients["admin"])]})
    shop.asked.clear()
    tiles(clients["admin"])
    assert [each.kind for each in shop.asked] == ["page"]


def test_a_program_keeps_no_questions(shop: Shop, clients: dict[str, TestClient]) -> None:
    _, key = shop.services.control.api_keys.add(
        "bi", by="op", role=Role.ANALYST, expires_after=timedelta(days=30)
    )
    body = {"name": "x", "question": SALES}
    program = {"Authorization": f"Bearer {key}"}
    answer = clients["admin"].post("/api/v1/questions", json=body, headers=program)
    assert answer.json()["error"]["code"] == "denied"


def test_there_are_only_so_many(shop: Shop, clients: dict[str, TestClient]) -> None:
    with shop.services.control.engine.begin() as connection:
        most = f"with recursive n(i) as (select 1 union all select i + 1 from n where i < {MOST_QUESTIONS})"
        connection.execute(
            text(
                f"insert into saved_questions {most} select substr(hex(randomblob(8)), 1, 16),"
                " (select user_id from users where email = 'admin@demo.test'),"
                " 'n', 'private', '{}', '{}', '2024-01-01', '2024-01-01' from n"
            )
        )
    answer = clients["admin"].post("/api/v1/questions", json={"name": "x", "question": SALES})
    assert answer.status_code == 400
    assert "delete" in answer.json()["error"]["next_step"]


TILES = [
    ({"metrics": ["gmv"]}, ["kpi"], []),
    ({"metrics": ["gmv", "order_count"], "range": "last_30_days"}, ["kpi", "kpi"], []),
    ({"metrics": ["item_gmv"], "grain": "month", "by": ["category"]}, ["trend"], []),
    ({"metrics": ["item_gmv"], "by": ["vendor"], "top": {"count": 99, "dimension": "vendor"}},
     ["ranking"], []),
    ({"metrics": ["item_gmv", "item_orders"], "by": ["vendor", "category"]}, ["table"], []),
    ({"metrics": ["gmv"], "filters": [{"dimension": "order_status", "values": ["COMPLETED"]}]}, ["kpi"],
     ["filters"]),
    ({"metrics": ["gmv"], "compare_with": "previous_period", "range": "last_7_days"}, ["kpi"], ["parts"]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "types", "left"), TILES)
def test_the_yaml_of_a_question_is_tiles_of_a_dashboard(
    clients: dict[str, TestClient], question: dict[str, Any], types: list[str], left: list[str]
) -> None:
    body = {"name": 'Ventes: "été" <b>', "sharing": "private", "question": question}
    kept = clients["analyst"].post("/api/v1/questions", json=body).json()["id"]
    tile = clients["analyst"].get(f"/api/v1/questions/{kept}").json()["tile"]
    found = yaml.safe_load(tile["yaml"])
    assert [each["type"] for each in found] == types
    for each in found:
        TILE_TYPES[each["type"]].model_validate(each)
    assert len({each["id"] for each in found}) == len(found)
    assert [each for each in tile["notes"] if each != "days"] == left


def test_what_no_tile_shows_has_no_yaml_and_vendors_get_none(clients: dict[str, TestClient]) -> None:
    kept = save(clients["admin"], by=["vendor", "category"], grain="month")
    tile = clients["admin"].get(f"/api/v1/questions/{kept}").json()["tile"]
    assert tile == {"yaml": None, "notes": ["shape"]}
    kept = save(clients["ama"])
    assert clients["ama"].get(f"/api/v1/questions/{kept}").json()["tile"] is None


@pytest.mark.parametrize("name", ["ama", "swift"])
def test_what_fits_is_answered_and_what_does_not_is_refused_for_that_reason(
    clients: dict[str, TestClient], name: str
) -> None:
    """The verdicts against asking: every dimension beside one metric, every metric beside one dimension."""
    client = clients[name]
    metric, dimension = ("item_gmv", "product") if name == "ama" else ("parcel_count", "shipment_status")
    asked = {"from": "2024-01-01", "to": "2024-03-20", "limit": 1}
    found = client.post("/api/v1/compatible", json={"metrics": [metric]}).json()
    assert found["trouble"] is None
    beside = client.post("/api/v1/compatible", json={"metrics": [], "by": [dimension]}).json()["metrics"]
    tried = [({"metrics": [metric], "by": [each["name"]]}, each) for each in found["dimensions"]]
    tried += [({"metrics": [each["name"]], "by": [dimension]}, each) for each in beside[::4]]
    for question, verdict in tried:
        answer = client.post("/api/v1/query", json={**question, **asked})
        refusal = verdict["refusal"]
        assert answer.is_success == (refusal is None), (question, answer.text)
        if refusal is not None:
            assert answer.json()["error"]["code"] == refusal["code"]
    assert any(verdict["refusal"] for _, verdict in tried) or name == "swift"


def test_a_vendor_is_told_of_no_name_that_is_not_theirs(clients: dict[str, TestClient]) -> None:
    told = clients["ama"].post("/api/v1/compatible", json={"metrics": ["item_gmv"]})
    listed = {each["name"] for each in clients["ama"].get("/api/v1/metrics").json()["metrics"]}
    assert {each["name"] for each in told.json()["metrics"]} == listed
    assert "customer" not in {each["name"] for each in told.json()["dimensions"]}
    refused = clients["ama"].post("/api/v1/compatible", json={"metrics": ["gmv"]}).json()
    assert refused["trouble"]["code"] in {"unknown_name", "denied"}
    assert all(each["refusal"] is None for each in refused["dimensions"])


def test_a_board_that_did_not_change_is_not_sent_again(shop: Shop, clients: dict[str, TestClient]) -> None:
    ama = clients["ama"]
    ama.put("/api/v1/board", json={"questions": [save(ama)]})
    first = ama.get("/api/v1/board")
    assert first.json()["release"]["release_id"] == shop.release_id
    known = {"If-None-Match": first.headers["etag"]}
    items = ["gold.fact_order_items"]
    shop.publish("update gold.fact_order_items set quantity = quantity where vendor_id = 'vB'", items)
    same = ama.get("/api/v1/board", headers=known)
    assert (same.status_code, same.headers["x-amalimart-release"]) == (304, str(shop.release_id))
    own = "update gold.fact_order_items set item_amount = item_amount {} 1 where vendor_id = 'vA'"
    try:
        shop.publish(own.format("+"), items)
        assert ama.get("/api/v1/board", headers=known).status_code == 200
    finally:
        shop.publish(own.format("-"), items)
    ama.put("/api/v1/board", json={"questions": []})
    assert ama.get("/api/v1/board", headers=known).status_code == 200
