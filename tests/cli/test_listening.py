"""The port that the engine listens on."""

from __future__ import annotations

import asyncio
import socket

import pytest

from amalimart.core.errors import PortInUse
from amalimart.processes.engine import bind_port
from tests.event_loop import run_apart


def test_no_answer_waits_for_the_one_before_to_be_acknowledged() -> None:
    told: asyncio.Future[int]

    def accepted(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        told.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async def connected() -> int:
        nonlocal told
        told = asyncio.get_running_loop().create_future()
        with bind_port("127.0.0.1", 0) as listener:
            async with await asyncio.start_server(accepted, sock=listener):
                _, writer = await asyncio.open_connection(*listener.getsockname())
                try:
                    return await told
                finally:
                    writer.close()

    assert run_apart(connected)


def test_a_port_that_is_taken_is_refused_with_what_to_do() -> None:
    with bind_port("127.0.0.1", 0) as taken, pytest.raises(PortInUse) as refused:
        bind_port("127.0.0.1", taken.getsockname()[1])
    assert "serve.port" in (refused.value.next_step or "")
