"""An assistant gets the numbers of the user it acts for, and no others, by the protocol's own client."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from amalimart.api.app import create_app
from amalimart.core.errors import rebuilt
from amalimart.orchestrate.project.runtime_files import socket_path, write_report
from amalimart.processes.services import OPERATOR
from tests.api.shop_site import Shop, opened_shop
from tests.event_loop import run_apart
from tests.web.asgi_client import TestClient

SALES = {"metrics": ["item_gmv"], "by": ["vendor"]}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened_shop(tmp_path_factory.mktemp("assistants")) as made:
        yield made


def client_of(server: Any) -> Any:
    """The protocol's own client. It takes half a second to import, which only who runs this need spend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mcp import Client  # noqa: PLC0415
    return Client(server)


def called(server: Any, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """What the tools answer, one after the other."""

    async def call() -> list[Any]:
        async with client_of(server) as client:
            return [await client.call_tool(name, arguments) for name, arguments in calls]

    answers: list[Any] = run_apart(call)
    return answers


def server_of(shop: Shop, email: str) -> Any:
    """A server whose door is this shop's, acting for a user."""
    client = TestClient(create_app(shop.services, local_operator=OPERATOR))

    def get(path: str) -> dict[str, Any]:
        response = client.get(f"/api/v1{path}", headers={"X-Amalimart-As": email})
        if response.is_error:
            raise rebuilt(response.json()["error"])
        body: dict[str, Any] = response.json()
        return body

    from amalimart.processes.assistants import assistant_server  # noqa: PLC0415 - imports the protocol

    return assistant_server(get)


def test_the_tools_are_those_and_say_what_they_take(shop: Shop) -> None:
    async def listed() -> Any:
        async with client_of(server_of(shop, "admin@demo.test")) as client:
            return await client.list_tools()

    tools = {tool.name: tool for tool in run_apart(listed).tools}
    assert set(tools) == {"list_metrics", "describe_metric", "query", "list_dimension_values"}
    assert all(tool.description for tool in tools.values())
    assert tools["query"].input_schema["required"] == ["metrics"]


def test_an_assistant_may_name_the_release_that_is_published(shop: Shop) -> None:
    now = shop.release_id
    answered, refused = called(
        server_of(shop, "admin@demo.test"),
        ("query", {**SALES, "as_of": now}),
        ("query", {**SALES, "as_of": now + 1}),
    )
    assert answered.structured_content["receipt"]["release_id"] == now
    assert refused.is_error
    assert f"the current one is {now}" in refused.content[0].text


def test_an_assistant_of_a_vendor_sees_what_the_vendor_sees(shop: Shop) -> None:
    ama = server_of(shop, "ama@shop.test")
    sales, listed, values, denied, hidden = called(
        ama,
        ("query", SALES),
        ("list_metrics", {"search": "return"}),
        ("list_dimension_values", {"dimension": "vendor"}),
        ("query", {"metrics": ["gmv"]}),
        ("describe_metric", {"name": "gmv"}),
    )
    assert [row[0] for row in sales.structured_content["rows"]] == ["vA"]
    assert sales.structured_content["receipt"]["sql"] is None
    assert listed.structured_content["entries"]
    assert [each["key"] for each in values.structured_content["values"]] == ["vA"]
    for refused in (denied, hidden):
        assert refused.is_error
        assert refused.structured_content is None
    (whole,) = called(server_of(shop, "admin@demo.test"), ("query", SALES))
    assert len(whole.structured_content["rows"]) > 1


def test_a_question_with_everything_and_one_that_cannot_be_read(shop: Shop) -> None:
    full, unknown, meaning = called(
        server_of(shop, "admin@demo.test"),
        (
            "query",
            {
                **SALES,
                "grain": "month",
                "first_day": "2024-01-01",
                "last_day": "2024-03-20",
                "where": "order_status = COMPLETED and vendor in (vA, vB)",
                "having": ["item_gmv > 1"],
                "order_by": "-item_gmv",
                "limit": 2,
            },
        ),
        ("query", {"metrics": ["gmw"]}),
        ("describe_metric", {"name": "item_gmv"}),
    )
    rows = full.structured_content["rows"]
    assert 1 <= len(rows) <= 2
    assert {row[1] for row in rows} <= {"vA", "vB"}
    assert unknown.is_error
    assert "gmv" in unknown.content[0].text
    assert "vendor" in meaning.structured_content["dimensions"]


@pytest.fixture
def project(tmp_path: Path, shop: Shop) -> Iterator[Path]:
    """A project whose engine answers on its local socket."""
    (tmp_path / "amalimart.yml").write_text("name: Shop\n")
    path = socket_path(tmp_path / "run")
    path.parent.mkdir(parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(8)
    app = create_app(shop.services, local_operator=OPERATOR)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    write_report(tmp_path / "run", "engine", address="", socket=str(path))
    yield tmp_path
    server.should_exit = True
    thread.join(10)
    listener.close()
    path.unlink(missing_ok=True)


def command(project: Path, email: str) -> list[str]:
    run = "from amalimart.cli import main; main()"
    return ["-c", run, "mcp", "--as", email, "--home", str(project)]


def test_the_command_serves_the_tools_on_standard_input_and_output(project: Path) -> None:
    from mcp.client.stdio import StdioServerParameters  # noqa: PLC0415 - imports the protocol

    server = StdioServerParameters(
        command=sys.executable, args=command(project, "ama@shop.test"), env=dict(os.environ)
    )
    (sales,) = called(server, ("query", SALES))
    assert [row[0] for row in sales.structured_content["rows"]] == ["vA"]


@pytest.mark.slow
def test_the_command_says_who_is_not_there_and_what_does_not_run(project: Path, tmp_path: Path) -> None:
    def said(email: str, home: Path) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, *command(home, email)], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.stdout == ""
        return done.returncode, done.stderr

    code, text = said("nobody@shop.test", project)
    assert (code, "nobody@shop.test" in text) == (7, True)
    elsewhere = tmp_path / "other"
    elsewhere.mkdir()
    (elsewhere / "amalimart.yml").write_text("name: Shop\n")
    code, text = said("ama@shop.test", elsewhere)
    assert (code, "amalimart up" in text) == (8, True)
