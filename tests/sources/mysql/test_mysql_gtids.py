"""Sets of transaction ids, held against plain sets of numbers."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymysqlreplication.gtid import GtidSet as LibrarySet  # type: ignore[import-untyped]

from amalimart.core.errors import DamagedLake
from amalimart.sources.mysql.gtid import Gtid, MariaDBGtids, MySQLGtids
from amalimart.sources.mysql.position import LandedTable, MySQLPosition
from amalimart.sources.mysql.types import SourceType

SERVERS = ("3e11fa47-71ca-11e1-9e33-c80aa9429562", "19d69c1e-ae97-4b8c-a1ef-9e12ba966457")
PAIRS = st.frozensets(st.tuples(st.sampled_from(SERVERS), st.integers(1, 40)), max_size=40)


def mysql_set(pairs: Iterable[tuple[str, int]]) -> MySQLGtids:
    found = MySQLGtids.parse("")
    for server, number in pairs:
        found.add(Gtid(server, number, f"{server}:{number}"))
    return found


@given(PAIRS, PAIRS)
def test_mysql_sets_are_sets(some: frozenset[tuple[str, int]], others: frozenset[tuple[str, int]]) -> None:
    one, other = mysql_set(some), mysql_set(others)
    for server in SERVERS:
        for number in range(1, 41):
            assert (Gtid(server, number, "") in one) == ((server, number) in some)
    assert one.covers(other) == (others <= some)
    assert str(MySQLGtids.parse(str(one))) == str(one)
    if some:
        assert str(LibrarySet(str(one))) == str(one)


@given(st.lists(st.tuples(st.sampled_from(SERVERS), st.integers(1, 40)), max_size=60))
def test_the_order_in_which_ids_come_does_not_matter(pairs: list[tuple[str, int]]) -> None:
    assert str(mysql_set(pairs)) == str(mysql_set(sorted(set(pairs))))


def test_mysql_writes_its_sets_over_lines() -> None:
    text = f"{SERVERS[0].upper()}:1-5:7,\n{SERVERS[1]}:3"
    assert str(MySQLGtids.parse(text)) == f"{SERVERS[1]}:3,{SERVERS[0]}:1-5:7"


@pytest.mark.parametrize("text", ["x", f"{SERVERS[0]}", f"{SERVERS[0]}:tag:1-5", f"{SERVERS[0]}:1-", "1-2-3"])
def test_what_is_no_mysql_set_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no GTID set"):
        MySQLGtids.parse(text)


def test_mariadb_knows_the_last_of_each_domain() -> None:
    found = MariaDBGtids.parse("1-7-5, 0-1-10")
    assert str(found) == "0-1-10,1-7-5"
    assert Gtid("0", 10, "0-1-10") in found
    assert Gtid("0", 11, "0-1-11") not in found
    assert Gtid("2", 1, "2-1-1") not in found
    found.add(Gtid("0", 11, "0-2-11"))
    assert str(found) == "0-2-11,1-7-5"
    assert found.covers(MariaDBGtids.parse("0-1-11"))
    assert not found.covers(MariaDBGtids.parse("0-1-11,2-1-1"))
    assert found.covers(MariaDBGtids.parse(""))
    with pytest.raises(ValueError, match="no GTID of MariaDB"):
        MariaDBGtids.parse("0-1")


def test_a_position_survives_its_json_form() -> None:
    position = MySQLPosition(
        server="mariadb/1/x/shop",
        gtid="0-1-10",
        until="0-1-12",
        tables={"orders": LandedTable({"id": SourceType("bigint", unsigned=True)}, "0-1-11")},
        stopped={"items": "why"},
        stale=frozenset({"users"}),
    )
    assert MySQLPosition.of(position.as_json({"orders": {"at": 3}})) == position
    assert MySQLPosition.of({"kind": "files"}) is None
    with pytest.raises(DamagedLake):
        MySQLPosition.of({"kind": "mysql"})
