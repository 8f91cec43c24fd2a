"""What is taken out of rows of erased people, whose rows those are, and what is never touched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amalimart.core.errors import NotAvailable
from amalimart.lake.tombstones import Tombstone, Tombstones
from amalimart.mapping.personal_rows import PERSON_ID, PersonalRows, columns_naming_people, person_column
from amalimart.mapping.source_mapping import find_mapping, load_mapping
from amalimart.sources.erased_people import ErasedPeople

MAPPING = """\
mapping: shop
description: a shop
time_zone: Africa/Accra
tables: {people: {also: [person], key: [id]}, visits: {}, requests: {}, sales: {}, profiles: {}}
entities:
  users:
    table: people
    lookup: {profile: {table: profiles, match: {id: person_id}}}
    columns: {user_id: id, email: mail, full_name: profile.name, birth_date: born, role: kind}
  web_visits: {table: visits, columns: {visit_id: id, visitor_id: visitor, user_id: person, visited_at: at}}
  support_tickets:
    table: requests
    columns: {ticket_id: id, customer_id: person, subject: words, created_at: at}
  orders:
    table: sales
    columns:
      order_id: id
      customer_id: buyer
      order_date: at
      total_amount: total
      currency: {constant: GHS}
"""
AT = datetime(2026, 3, 1, tzinfo=UTC)


def rows_of(folder: Path, text: str = MAPPING) -> PersonalRows:
    path = folder / "shop.yml"
    path.write_text(text)
    return PersonalRows(load_mapping(path))


def screen_of(
    folder: Path, *people: str, text: str = MAPPING, names: Sequence[tuple[str, str]] = ()
) -> ErasedPeople:
    stones = Tombstones(folder / "lake")
    stones.ensure_key()
    meant = [(PERSON_ID, person) for person in people] + list(names)
    stones.add(Tombstone(stones.mark(of, value), of, AT) for of, value in meant)
    known = rows_of(folder, text)
    return ErasedPeople(stones, lambda: known)


def batch(*rows: dict[str, Any], **types: pa.DataType) -> pa.RecordBatch:
    schema = pa.schema([(name, types.get(name, pa.string())) for name in rows[0]])
    return pa.RecordBatch.from_pylist(list(rows), schema)


def test_personal_values_go_and_everything_else_stays(tmp_path: Path) -> None:
    screen = screen_of(tmp_path, "7")
    ama = {"id": 7, "mail": "ama@shop.test", "born": date(1990, 1, 1), "kind": "CUSTOMER"}
    kofi = {"id": 8, "mail": "kofi@shop.test", "born": date(1991, 1, 1), "kind": "CUSTOMER"}
    rows = batch(ama, kofi, id=pa.int64(), born=pa.date32())
    told = screen.screened("people", rows)
    assert told.to_pylist() == [{**ama, "mail": None, "born": None}, kofi]
    assert told.schema == rows.schema
    assert screen.screened("people", told) is told
    assert screen.screened("person", rows).to_pylist() == told.to_pylist()
    assert screen.screened("sales", batch({"id": "1", "buyer": "7"})).to_pylist() == [
        {"id": "1", "buyer": "7"}
    ]
    looked_up = screen.screened("profiles", batch({"person_id": " 7 ", "name": "Ama"}))
    assert looked_up.to_pylist() == [{"person_id": " 7 ", "name": None}]


def test_no_byte_of_a_value_is_left_behind_a_null(tmp_path: Path) -> None:
    told = screen_of(tmp_path, "7").screened("people", batch({"id": "7", "mail": "ama@shop.test"}))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, told.schema) as stream:
        stream.write_batch(told)
    assert b"ama@shop.test" not in sink.getvalue().to_pybytes()


def test_a_name_that_is_counted_by_becomes_another_one_also_in_rows_of_nobody(tmp_path: Path) -> None:
    screen = screen_of(tmp_path, "7", names=[("web_visits.visitor_id", "v-1")])
    rows = batch(
        {"id": "1", "visitor": "v-1", "person": "7"},
        {"id": "2", "visitor": "v-1", "person": None},
        {"id": "3", "visitor": "v-1", "person": "8"},
        {"id": "4", "visitor": "v-2", "person": None},
        {"id": "5", "visitor": "v-3", "person": "7"},
    )
    told = screen.screened("visits", rows)
    visitors = told.column("visitor").to_pylist()
    assert visitors[0] == visitors[1] != visitors[4]
    assert visitors[2:4] == ["v-1", "v-2"], "somebody else's, and nobody's"
    assert all(visitors[n].startswith("erased-") for n in (0, 1, 4))
    assert len(set(visitors[:2] + visitors[3:])) == len({"v-1", "v-2", "v-3"})
    assert screen.screened("visits", told) is told
    numbered = batch({"id": 1, "visitor": 5, "person": "7"}, visitor=pa.int64(), id=pa.int64())
    told = screen.screened("visits", numbered)
    assert told.column("visitor").to_pylist()[0] < 0
    assert screen.screened("visits", told) is told


def test_a_column_that_the_mapping_no_longer_reads_goes_as_well(tmp_path: Path) -> None:
    screen = screen_of(tmp_path, "7")
    rows = batch(
        {"id": "7", "nickname": "Ama", "_op": "upsert"}, {"id": "8", "nickname": "Kofi", "_op": "upsert"}
    )
    assert screen.looks_at("people", rows.schema.names) == {"id", "nickname"}
    assert screen.screened("people", rows).column("nickname").to_pylist() == [None, "Kofi"]


def test_a_vendors_name_that_is_the_persons_goes_with_it(tmp_path: Path) -> None:
    vendors = (
        "  vendors: {table: people, columns: {vendor_id: id, user_id: id, vendor_name: mail}}\n  orders:\n"
    )
    screen = screen_of(tmp_path, "7", text=MAPPING.replace("  orders:\n", vendors))
    told = screen.screened("people", batch({"id": "7", "mail": "ama@shop.test"}))
    assert told.to_pylist() == [{"id": "7", "mail": None}]


def test_ids_in_a_namespace_and_joined_ones_are_those_of_the_warehouse(tmp_path: Path) -> None:
    text = MAPPING.replace("user_id: id,", "user_id: {join: [land, id]},").replace(
        "match: {id: person_id}", "match: {id: person_id, land: land}"
    )
    text = text.replace("users:\n    table: people", "users:\n    table: people\n    namespace: east")
    screen = screen_of(tmp_path, r"east:g\:h:7", text=text)
    rows = batch(
        {"land": "g:h", "id": 7, "mail": "a@b.c"}, {"land": "g", "id": 7, "mail": "d@e.f"}, id=pa.int64()
    )
    assert screen.screened("people", rows).column("mail").to_pylist() == [None, "d@e.f"]


def test_nobody_erased_costs_nothing_and_reads_no_mapping(tmp_path: Path) -> None:
    def never() -> PersonalRows:
        raise AssertionError("nobody was erased")

    screen = ErasedPeople(Tombstones(tmp_path / "lake"), never)
    rows = batch({"id": "7", "mail": "a@b.c"})
    assert screen.screened("people", rows) is rows
    assert screen.stamps == frozenset()
    assert screen.looks_at("people", ["id"]) == frozenset()


def test_other_declarations_ask_for_another_look(tmp_path: Path) -> None:
    before = screen_of(tmp_path, "7").stamps
    assert screen_of(tmp_path, "7").stamps == before
    changed = MAPPING.replace("email: mail,", "email: mail, phone: phone,")
    assert not screen_of(tmp_path, "7", text=changed).stamps & before


IDS = st.sampled_from(["7", "8", " 7", "70", None])
WORDS = st.one_of(st.none(), st.text(max_size=6))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(IDS, WORDS), min_size=1, max_size=8))
def test_exactly_the_rows_of_the_person_lose_exactly_their_words(
    tmp_path: Path, told: list[tuple[str | None, str | None]]
) -> None:
    screen = screen_of(tmp_path, "7")
    rows = batch(*({"id": str(n), "person": one, "words": words} for n, (one, words) in enumerate(told)))
    found = screen.screened("requests", rows)
    theirs = [one is not None and one.strip() == "7" for one, _ in told]
    kept = [None if is_theirs else words for is_theirs, (_, words) in zip(theirs, told, strict=True)]
    assert found.column("words").to_pylist() == kept
    assert found.select(["id", "person"]).equals(rows.select(["id", "person"]))
    assert screen.screened("requests", found) is found


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("email: mail,", "email: id,", "something that counts is made of it"),
        ("role: kind", "role: mail", "something that counts is made of it"),
        ("table: people\n", "table: people\n    where: {mail: {empty: false}}\n", "something that counts"),
        ("user_id: id,", 'user_id: {sql: "lower(id)"},', "does not tell by a column of people"),
        ("match: {id: person_id}", "match: {kind: person_id}", "does not tell by a column of profiles"),
        ("customer_id: person, subject", "customer_id: {constant: x}, subject", "does not tell by a column"),
    ],
)
def test_what_cannot_be_taken_out_without_a_change_of_numbers_is_refused(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert old in MAPPING
    with pytest.raises(NotAvailable, match=says) as refused:
        _ = rows_of(tmp_path, MAPPING.replace(old, new)).personal
    assert refused.value.where is not None


def test_whose_rows_are_is_declared_by_the_entities() -> None:
    assert person_column("users") == "user_id"
    assert person_column("support_tickets") == "customer_id"
    assert person_column("messages") is None, "a sender and a receiver"
    assert person_column("products") is None
    assert columns_naming_people() == {"user_id", "customer_id", "sender_id", "receiver_id"}


def test_personal_columns_of_rows_that_name_no_user_are_told(tmp_path: Path) -> None:
    acting = "  business_representatives: {table: sales, columns: {representative_id: id, email: buyer}}\n"
    text = MAPPING.replace("  orders:\n", f"{acting}  orders:\n")
    text = text.replace("      customer_id: buyer\n", "")
    assert rows_of(tmp_path, text).out_of_reach == ("business_representatives",)


@pytest.mark.parametrize("name", ["demo", "amalimart"])
def test_the_packaged_mappings_can_be_erased_in(name: str) -> None:
    found = PersonalRows(load_mapping(find_mapping(name)))
    assert {part.entity for parts in found.personal.values() for part in parts} >= {"users"}
