"""Tracing a project in a process of its own."""

from __future__ import annotations

import subprocess
import threading
import time

import pytest

from amalimart.core.errors import WarehouseError
from amalimart.core.models import Column
from amalimart.core.names import TableRef
from amalimart.orchestrate.lineage.apart import TracingStopped, traced_apart
from amalimart.orchestrate.lineage.models import traced_models
from amalimart.warehouse.graph import CompiledGraph, Model
from amalimart.warehouse.planning.shapes import Shapes

ORDERS, DOUBLED = TableRef("silver", "orders"), TableRef("gold", "doubled")
SHAPES = Shapes({ORDERS: (Column("total", "BIGINT"),), DOUBLED: (Column("twice", "BIGINT"),)}, {})


def graph(sql: str = "select total * 2 as twice from silver.orders") -> CompiledGraph:
    orders = Model("orders", ORDERS, False, "select 1 as total", frozenset())
    doubled = Model("doubled", DOUBLED, False, sql, frozenset({"orders"}))
    return CompiledGraph("p", (orders, doubled), (), frozenset())


def test_it_tells_what_is_traced_here() -> None:
    told = traced_apart(graph(), SHAPES, threading.Event())
    assert told == traced_models(graph(), SHAPES)
    assert told["made_of"]["gold.doubled.twice"] == ["silver.orders.total"]


def test_who_closes_does_not_wait_for_it() -> None:
    closing = threading.Event()
    closing.set()
    several = " union all ".join(["select total * 2 as twice from silver.orders"] * 2_000)
    began = time.monotonic()
    with pytest.raises(TracingStopped):
        traced_apart(graph(several), SHAPES, closing)
    assert time.monotonic() - began < 5


def test_a_process_that_dies_is_told_in_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    real = subprocess.Popen

    def failing(command: list[str], **given: int) -> subprocess.Popen[bytes]:
        dies = "import sys; sys.stdin.buffer.read(); raise MemoryError('no more')"
        return real([command[0], "-c", dies], **given)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(subprocess, "Popen", failing)
    with pytest.raises(WarehouseError, match="could not be traced: MemoryError: no more"):
        traced_apart(graph(), SHAPES, threading.Event())
