"""An answer as a file holds the same values as the answer in JSON, in types that keep them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amalimart.warehouse.file.transaction import ReadLimits
from tests.api.shop_site import Shop, opened_shop, shop_model
from tests.web.asgi_client import TestClient

QUERY = "/api/v1/query"
SALES = {"metrics": ["item_gmv", "order_count"], "by": ["order_status"], "grain": "month"}
SALES |= {"from": "2024-01-15", "to": "2024-03-20"}
MEDIA_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened_shop(tmp_path_factory.mktemp("exports")) as made:
        yield made


@pytest.fixture(scope="module")
def client(shop: Shop) -> TestClient:
    return shop.client()


def lowered(rows: list[list[Any]]) -> list[list[Any]]:
    """Truth as CSV has it."""
    return [[str(value).lower() if isinstance(value, bool) else value for value in row] for row in rows]


def exported(client: TestClient, form: str, question: dict[str, Any]) -> bytes:
    response = client.post(f"{QUERY}?format={form}", json=question)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].partition(";")[0] == MEDIA_TYPES[form]
    if form in {"parquet", "xlsx"}:  # the others are compressed on their way
        assert response.headers["content-length"] == str(len(response.content))
    return response.content


def wire(value: Any) -> Any:
    """A value of a typed file as JSON has it."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value


@pytest.fixture(scope="module")
def told(client: TestClient) -> dict[str, Any]:
    answer: dict[str, Any] = client.post(QUERY, json=SALES).json()
    assert len(answer["rows"]) >= 4
    return answer


def test_parquet_and_arrow_hold_the_rows_of_the_answer_in_types_that_keep_them(
    client: TestClient, told: dict[str, Any]
) -> None:
    parquet = pq.ParquetFile(io.BytesIO(exported(client, "parquet", SALES)))
    stream = pa.ipc.open_stream(exported(client, "arrow", SALES)).read_all()
    tables = {"parquet": parquet.read(), "arrow": stream}
    metadata = {"parquet": parquet.metadata.metadata, "arrow": stream.schema.metadata}
    for form, table in tables.items():
        assert table.schema.names == [column["name"] for column in told["columns"]], form
        rows = [[wire(value) for value in row.values()] for row in table.to_pylist()]
        assert rows == told["rows"], form
        types = {field.name: field.type for field in table.schema}
        assert pa.types.is_decimal(types["item_gmv"]), form
        assert types["item_gmv"].scale == 2
        assert types["order_count"] == pa.int64(), form
        assert types["month"] == pa.date32(), form
        assert types["partial"] == pa.bool_(), form
        assert types["order_status"] == pa.string(), form
        kept = json.loads(metadata[form][b"amalimart"])
        assert kept["receipt"] == told["receipt"], form
        assert kept["columns"] == told["columns"], form


def test_csv_holds_the_rows_of_the_answer(client: TestClient, told: dict[str, Any]) -> None:
    heading, *rows = csv.reader(io.StringIO(exported(client, "csv", SALES).decode()))
    assert heading == [column["name"] for column in told["columns"]]
    assert rows == [["" if value is None else str(value) for value in row] for row in lowered(told["rows"])]


def test_a_workbook_holds_typed_cells_and_the_receipt(client: TestClient, told: dict[str, Any]) -> None:
    book = openpyxl.load_workbook(io.BytesIO(exported(client, "xlsx", SALES)))
    heading, *rows = book["Answer"].iter_rows(values_only=True)
    assert list(heading) == [column["label"] for column in told["columns"]]
    names = [column["name"] for column in told["columns"]]
    for row, wanted in zip(rows, told["rows"], strict=True):
        found, expected = (dict(zip(names, each, strict=True)) for each in (row, wanted))
        assert Decimal(str(found["item_gmv"])) == Decimal(expected["item_gmv"])
        assert found["month"].date().isoformat() == expected["month"]
        assert found["order_count"] == expected["order_count"]
        assert found["partial"] is expected["partial"]
        assert found["order_status"] == expected["order_status"]
    receipt = dict(book["Receipt"].iter_rows(values_only=True))
    assert receipt["Release"] == str(told["receipt"]["release_id"])
    assert any(told["receipt"]["metrics"][0]["basis"] == text for text in receipt.values())


FRENCH = {"Accept-Language": "fr"}
NOTED = {"metrics": ["on_time_delivery_rate"], "by": ["delivery_partner"], "compare": True, "changes": True}
NOTED |= {"from": "2024-01-15", "to": "2024-03-20"}


def test_a_workbook_is_in_the_language_of_its_reader(client: TestClient) -> None:
    told = client.post(QUERY, json=NOTED).json()["receipt"]
    assert told["notes"]
    assert told["notes"] != told["notes_fr"]
    model = shop_model()
    labels = model.dimensions["delivery_partner"].label, model.metrics["on_time_delivery_rate"].label
    sheets = {}
    for language in ("en", "fr"):
        response = client.post(f"{QUERY}?format=xlsx", json=NOTED, headers={"Accept-Language": language})
        sheets[language] = openpyxl.load_workbook(io.BytesIO(response.content))
    answers = {"en": sheets["en"]["Answer"], "fr": sheets["fr"]["Réponse"]}
    rows = {language: list(sheet.iter_rows(values_only=True)) for language, sheet in answers.items()}
    assert rows["fr"][1:] == rows["en"][1:] != []
    partner, metric = (label.fr for label in labels)
    assert rows["fr"][0] == (
        f"{partner}, id", partner, metric, f"{metric}, avant", f"{metric}, écart", f"{metric}, écart en %"
    )  # fmt: skip
    receipts = {"en": sheets["en"]["Receipt"], "fr": sheets["fr"]["Justificatif"]}
    for language, sheet in receipts.items():
        words = [row[1] for row in sheet.iter_rows(values_only=True)]
        own, other = ("notes_fr", "notes") if language == "fr" else ("notes", "notes_fr")
        assert set(told[own]) <= set(words)
        assert not (set(told[other]) - set(told[own])) & set(words)
    french = dict(receipts["fr"].iter_rows(values_only=True))
    assert french["Version publiée"] == str(told["release_id"])
    assert told["metrics"][0]["basis_fr"] in french.values()
    assert not {"Release", "Published at", "Fresh as of", "Checks", "Note"} & set(french)


@pytest.mark.parametrize("form", ["json", *MEDIA_TYPES])
def test_notes_in_headers_are_in_the_language_of_the_reader(client: TestClient, form: str) -> None:
    told = client.post(QUERY, json=NOTED).json()["receipt"]
    for headers, notes in (({}, told["notes"]), (FRENCH, told["notes_fr"])):
        answer = client.post(f"{QUERY}?format={form}", json=NOTED, headers=headers)
        assert json.loads(answer.headers["x-amalimart-notes"]) == notes
        assert {"Accept-Language", "Cookie"} <= {each.strip() for each in answer.headers["vary"].split(",")}


def test_every_word_of_a_receipt_and_every_heading_has_its_french_one(client: TestClient) -> None:
    asked = {
        "metrics": ["item_gmv"], "by": ["vendor", "fiscal_quarter"], "from": "2024-01-01", "to": "2024-03-20",
        "top": {"dimension": "vendor", "count": 1}, "totals": "total",
    }  # fmt: skip
    book = openpyxl.load_workbook(
        io.BytesIO(client.post(f"{QUERY}?format=xlsx", json=asked, headers=FRENCH).content)
    )
    heading = next(book["Réponse"].iter_rows(values_only=True))
    english = {column["label"] for column in client.post(QUERY, json=asked).json()["columns"]}
    assert not english & set(heading)


def test_every_form_names_its_release_and_definitions_in_headers(
    client: TestClient, told: dict[str, Any]
) -> None:
    for form in ("json", *MEDIA_TYPES):
        headers = client.post(f"{QUERY}?format={form}", json=SALES).headers
        assert headers["x-amalimart-release"] == str(told["receipt"]["release_id"]), form
        assert headers["x-amalimart-published-at"] == told["receipt"]["published_at"], form
        assert headers["x-amalimart-metrics"].startswith("total_revenue@"), form
        assert headers["vary"].lower().startswith("accept"), form


@pytest.mark.parametrize("form", MEDIA_TYPES)
def test_an_answer_without_rows_is_a_whole_file(client: TestClient, form: str) -> None:
    nothing = {**SALES, "from": "2001-01-01", "to": "2001-01-31"}
    content = exported(client, form, nothing)
    if form == "parquet":
        assert pq.read_table(io.BytesIO(content)).num_rows == 0
    if form == "arrow":
        assert pa.ipc.open_stream(content).read_all().num_rows == 0
    if form == "csv":
        assert content.decode().count("\r\n") == 1
    if form == "xlsx":
        assert openpyxl.load_workbook(io.BytesIO(content))["Answer"].max_row == 1


HOSTILE = (
    '=HYPERLINK("http://evil.test")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\ufeff=1",
    "\uff1d1", "|cmd", "%0A=1", 'a"b,c\nd', "plain", "1-2",
)  # fmt: skip


def test_no_cell_of_a_text_is_a_formula(tmp_path: Path) -> None:
    with opened_shop(tmp_path) as shop:
        client = shop.client()
        for number, name in enumerate(HOSTILE):
            quoted = name.replace("'", "''")
            shop.publish(
                f"update gold.dim_vendors set vendor_name = '{quoted}' where vendor_id = 'vA'",
                ["gold.dim_vendors"],
            )
            question = {"metrics": ["item_gmv"], "by": ["vendor"]}
            told = {row[0]: row[1] for row in client.post(QUERY, json=question).json()["rows"]}
            assert told["vA"] == name
            rows = {
                row[0]: row for row in csv.reader(io.StringIO(exported(client, "csv", question).decode(), ""))
            }
            is_harmless = number >= HOSTILE.index('a"b,c\nd')
            assert rows["vA"][1] == (name if is_harmless else f"'{name}")
            assert not rows["vA"][2].startswith("'")
            sheet = openpyxl.load_workbook(io.BytesIO(exported(client, "xlsx", question)))["Answer"]
            (cell,) = (row[1] for row in sheet.iter_rows() if row[0].value == "vA")
            assert cell.data_type == "s"
            assert cell.value.replace("_x000D_", "\r") == name


def test_an_amount_of_more_digits_than_a_double_is_written_as_text(tmp_path: Path) -> None:
    with opened_shop(tmp_path) as shop:
        shop.publish(
            "update gold.fact_order_items set item_amount = 12345678901234.56 where order_item_id = 'i1'",
            ["gold.fact_order_items"],
        )
        client = shop.client()
        question = {"metrics": ["item_gmv"], "by": []}
        ((whole,),) = client.post(QUERY, json=question).json()["rows"]
        assert len(whole) > 16
        sheet = openpyxl.load_workbook(io.BytesIO(exported(client, "xlsx", question)))["Answer"]
        assert sheet["A2"].value == whole


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("application/json;q=0.5, text/csv", "text/csv"),
        ("text/csv;q=0, */*;q=0.1", "application/json"),
        ("application/*;q=0.2, text/csv;q=0.1", "application/json"),
        (MEDIA_TYPES["parquet"], MEDIA_TYPES["parquet"]),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
        ("text/csv;q=much, application/json", "application/json"),
    ],
)
def test_the_form_follows_what_the_request_accepts(client: TestClient, accept: str, media_type: str) -> None:
    response = client.post(QUERY, json=SALES, headers={"Accept": accept})
    assert response.headers["content-type"].partition(";")[0] == media_type


def test_a_form_that_does_not_exist_is_refused(client: TestClient) -> None:
    refused = client.post(QUERY, json=SALES, headers={"Accept": "application/pdf"})
    assert refused.status_code == 406
    assert refused.json()["error"]["code"] == "not_acceptable"
    assert "text/csv" in refused.json()["error"]["expected"]
    assert client.post(f"{QUERY}?format=pdf", json=SALES).status_code == 400


def test_a_question_in_an_address_is_the_same_question(client: TestClient, told: dict[str, Any]) -> None:
    address = "metrics=item_gmv,order_count&by=order_status&grain=month&from=2024-01-15&to=2024-03-20"
    assert client.get(f"{QUERY}?{address}").json() == told
    narrowed = client.get(f"{QUERY}?{address}&where=order_status = COMPLETED&having=item_gmv > 1&format=csv")
    rows = list(csv.DictReader(io.StringIO(narrowed.text)))
    assert rows
    assert {row["order_status"] for row in rows} == {"COMPLETED"}
    assert client.get(f"{QUERY}?metrics=&by=x").status_code == 400
    assert client.get(f"{QUERY}?metrics=,&by=x").json()["error"]["code"] == "invalid_filter"
    assert client.get(f"{QUERY}?{address}&where=((").json()["error"]["code"] == "invalid_filter"


def test_an_error_of_an_export_has_its_own_status(client: TestClient) -> None:
    unknown = client.post(f"{QUERY}?format=csv", json={"metrics": ["gmw"]})
    assert unknown.status_code == 404
    assert unknown.json()["error"]["nearest"] == "gmv"


def test_an_export_of_more_rows_than_the_role_may_take_is_refused_and_leaves_nothing(shop: Shop) -> None:
    capped = replace(shop.services, settings=replace(shop.services.settings, export_rows={"admin": 1}))
    former, shop.services = shop.services, capped
    try:
        client = shop.client()
    finally:
        shop.services = former
    refused = client.post(f"{QUERY}?format=parquet", json=SALES)
    assert refused.status_code == 413
    assert refused.json()["error"]["code"] == "query_too_large"
    assert list((shop.services.settings.cache_folder / "exports").iterdir()) == []
    one = client.post(f"{QUERY}?format=parquet", json={"metrics": ["gmv"], "by": []})
    assert one.status_code == 200


def test_amounts_of_several_currencies_are_refused_in_a_file_too(tmp_path: Path) -> None:
    with opened_shop(tmp_path) as shop:
        shop.publish(
            "update gold.fact_order_items set currency = 'USD' where order_item_id = 'i1'",
            ["gold.fact_order_items"],
        )
        client = shop.client()
        for form in ("json", "csv", "arrow"):
            refused = client.post(f"{QUERY}?format={form}", json={"metrics": ["item_gmv"], "by": []})
            assert refused.json()["error"]["code"] == "mixed_currencies", form


def test_a_time_out_while_rows_are_read_is_an_error_of_the_question(tmp_path: Path) -> None:
    with opened_shop(tmp_path, ReadLimits(export_seconds=0.3)) as shop, shop.file.read() as transaction:
        endless = transaction.batches(
            "select a.range from range(100000000) a, range(100000000) b where a.range * b.range = -1",
            (),
            10,
        )
        with pytest.raises(Exception, match="took longer"):
            list(endless)
        assert transaction.rows("select 1").rows == ((1,),)
