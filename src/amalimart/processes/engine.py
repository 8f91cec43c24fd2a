"""The engine process: keeps the release up with the lake and serves pages, API and the local socket.

Two doors, one set of services: a TCP port for people (sessions), and a Unix socket readable by its
owner only, through which the command line acts as the local operator.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from amalimart.api.app import create_app
from amalimart.api.ports.coming_in import DemoAccount
from amalimart.api.ports.site import Figures
from amalimart.api.services import AppServices
from amalimart.config.project import Project, open_project
from amalimart.control.store import open_control_store
from amalimart.core.clock import SystemClock
from amalimart.core.errors import AmalimartError, ConfigError, PortInUse
from amalimart.observe.instruments import Owner
from amalimart.observe.logs import log_to_file
from amalimart.observe.progress import announce
from amalimart.observe.sdk.starting import Telemetry, TelemetryOptions
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.jobs.house import house_jobs
from amalimart.orchestrate.metrics.question_tally import QuestionTally
from amalimart.orchestrate.openlineage.observing import observe
from amalimart.orchestrate.project.policy_files import PolicyFiles, PolicyKeeper
from amalimart.orchestrate.project.runtime_files import remove_report, socket_path, write_report
from amalimart.orchestrate.questions.desk import QuestionFilesDesk
from amalimart.orchestrate.releases.operations import Operations
from amalimart.orchestrate.releases.refresh_loop import RefreshLoop
from amalimart.orchestrate.scheduling.desk import ScheduleDesk
from amalimart.orchestrate.scheduling.leadership import Leadership
from amalimart.orchestrate.scheduling.scheduler import Scheduler
from amalimart.orchestrate.scheduling.schedules import load_schedules
from amalimart.orchestrate.scheduling.timetable import timetable
from amalimart.orchestrate.watching.incident_watch import IncidentWatch
from amalimart.orchestrate.watching.notifying import couriers_of, telling_of
from amalimart.processes.figures import ProjectFigures, exposition
from amalimart.processes.services import (
    OPERATOR,
    build_services,
    quality_desk,
    question_files,
    question_files_job,
)
from amalimart.processes.watching import trouble_finder
from amalimart.web.site import create_site

_log = logging.getLogger(__name__)

DEMO_ACCOUNTS_FILE = "demo-accounts.json"


class _Server(uvicorn.Server):
    """A server that leaves signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind_port(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Raises PortInUse."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only where a socket names its protocol: it holds back the end
    # of an answer, by 40 ms on a connection that is used again.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortInUse(
            f"cannot listen on {host}:{port}: {error.strerror}",
            expected="a free port",
            next_step="stop the other program, or set serve.port in amalimart.yml (make demo PORT=8001)",
        ) from error
    return listener


def bind_local(run: Path) -> socket.socket:
    """The Unix socket for the command line; only its owner can connect."""
    path = socket_path(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(32)
    return listener


def _server(app: FastAPI) -> _Server:
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False)
    config.timeout_graceful_shutdown = 3
    return _Server(config)


async def _serve(
    project: Project, services: AppServices, listener: socket.socket, local: socket.socket
) -> None:
    servers = [
        (_server(create_site(services)), listener),
        (_server(create_app(services, local_operator=OPERATOR)), local),
    ]

    def stop() -> None:
        for server, _ in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    address = f"http://{project.settings.serve.host}:{listener.getsockname()[1]}"
    write_report(project.run, "engine", address=address, socket=str(socket_path(project.run)))
    await asyncio.gather(*(server.serve(sockets=[bound]) for server, bound in servers))
    socket_path(project.run).unlink(missing_ok=True)


def demo_accounts(project: Project) -> tuple[DemoAccount, ...]:
    """The accounts that a demo's sign-in page offers by one click; none in a project of one's own."""
    path = project.run / DEMO_ACCOUNTS_FILE
    if not path.is_file():
        return ()
    return tuple(DemoAccount(**account) for account in json.loads(path.read_text()))


def metrics_token(project: Project) -> str | None:
    """The token that opens /metrics; None without one: the figures then stay closed, and all else works."""
    reference = project.settings.telemetry.metrics_token
    if reference is None:
        return None
    try:
        return project.secret(reference, f"{project.settings_file}: telemetry.metrics_token")
    except ConfigError as error:
        _log.warning("the metrics are closed to the network", extra={"error": error.as_dict()})
        return None


def run_engine(project: Project, telemetry: Telemetry) -> None:
    """Serve until a signal. Raises PortInUse, EngineUnavailable, ConfigError."""
    clock = SystemClock()
    serve = project.settings.serve
    schedules = load_schedules(project)
    listener = bind_port(serve.host, serve.port)
    control = open_control_store(project.control_database, clock)
    engine = Engine(project, clock)
    observe(engine, clock, describes=True)
    loop = RefreshLoop(engine)
    operations = Operations(engine, loop, clock)
    loop.at_rest = operations.at_rest
    desk = quality_desk(project, engine, control, clock)
    files = question_files(project)
    tally = QuestionTally(control.questions, clock, project.zone, control.visits)
    keeper = PolicyKeeper(PolicyFiles.of(project))
    try:
        figures = Figures(
            lambda: exposition(project, telemetry),
            metrics_token(project),
            project.settings.telemetry.open_metrics,
        )
        services = build_services(
            project,
            engine,
            loop,
            control,
            clock,
            demo_accounts(project),
            operations=operations,
            quality=desk,
            figures=figures,
            tally=tally,
            keeper=keeper,
            files=files,
        )
        answering = question_files_job(project, services, files)
        jobs = timetable(
            house_jobs(engine, operations, desk, control, clock, answering), schedules, project.zone
        )
        scheduler = Scheduler(
            jobs, control.job_runs, Leadership(control.leases, clock, time.monotonic), clock
        )
        schedule_desk = ScheduleDesk(jobs, scheduler, control.job_runs, clock)
        answer_soon = partial(scheduler.wake, answering.name, "an asked question")
        services = replace(
            services,
            schedules=schedule_desk,
            question_files=QuestionFilesDesk(files, project.zone, answer_soon),
        )
        ProjectFigures(project, engine, loop, control, clock).watch()
        control.outbox.abandon_others(project.settings.notify.channels)
        watch = IncidentWatch(
            trouble_finder(
                project, engine, loop, clock, desk, schedule_desk, keeper, control.access_reviews
            ).look,
            control.incidents,
            telling_of(project),
            couriers_of(project, control, clock),
        )
        gc.freeze()  # what is loaded by now stays: it need not be looked through for garbage
        local = bind_local(project.run)  # before other threads run: the umask is the whole process's
        loop.start()
        if services.privacy is not None:
            services.privacy.resume()
        watch.start()
        scheduler.start()
        tally.start()
        try:
            asyncio.run(_serve(project, services, listener, local))
        finally:
            tally.stop()
            scheduler.stop()
            watch.stop()
            loop.stop()
    finally:
        engine.close()
        control.close()
        remove_report(project.run, "engine")


def main() -> None:
    """Entry of `python -m amalimart.processes.engine --home HOME`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    arguments = parser.parse_args()
    os.umask(0o077)  # what a project's processes write is its owner's alone
    try:
        project = open_project(arguments.home)
        log_to_file(project.logs, "engine")
        options = TelemetryOptions("engine", Owner.ENGINE, project.settings.telemetry.otlp_endpoint)
        with Telemetry(options) as telemetry:
            run_engine(project, telemetry)
    except AmalimartError as error:
        announce(f"error: {error}")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
