"""Looks for what is wrong with a project, and names the next command for each finding."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from amalimart.config.project import Project, open_project
from amalimart.config.secret_reference import SECRET_REFERENCE
from amalimart.config.sign_in_settings import OidcSettings
from amalimart.config.source_settings import SourceSettings
from amalimart.control.audit.verifying import Break
from amalimart.control.store import open_control_store
from amalimart.core.clock import Clock
from amalimart.core.errors import AmalimartError
from amalimart.core.models import PublishedProject
from amalimart.governance.metric_versions import Recorded
from amalimart.lake import Lake
from amalimart.mapping.catalog_check import check_catalog
from amalimart.mapping.source_mapping import SourceMapping, find_mapping, load_mapping
from amalimart.orchestrate.governance import Governance
from amalimart.orchestrate.metrics.changes import MetricChanges
from amalimart.orchestrate.privacy.under_way import ErasureUnderWay
from amalimart.orchestrate.project.auditing import open_audit
from amalimart.orchestrate.project.lake_opening import open_lake
from amalimart.orchestrate.project.policy_files import PolicyFiles, broken_in_words
from amalimart.orchestrate.project.runtime_files import read_report
from amalimart.orchestrate.project.signing_in import open_provider, refuse_unknown_roles
from amalimart.orchestrate.scheduling.schedules import load_schedules
from amalimart.orchestrate.sources.opening import open_source
from amalimart.orchestrate.sources.rights import rights_of

_ENOUGH_BYTES = 2 * 1024**3


class Verdict(StrEnum):
    """How one look ended."""

    OK = "ok"
    NOTE = "note"  # nothing is broken, but somebody should know
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One look: its subject, how it ended, what was seen, and the next command where there is one."""

    subject: str
    verdict: Verdict
    detail: str
    next_step: str | None = None


def examine(home: Path, clock: Clock, published: PublishedProject | None = None) -> Iterator[Finding]:
    """Every look in turn; one that fails does not stop the others that still make sense.

    `published` is what the running engine says that it published; None where none runs.
    """
    yield Finding("python", Verdict.OK, sys.version.split()[0])
    free = shutil.disk_usage(home if home.exists() else home.parent).free
    yield Finding(
        "disk",
        Verdict.OK if free >= _ENOUGH_BYTES else Verdict.PROBLEM,
        f"{free / 1024**3:.1f} GiB free",
        None if free >= _ENOUGH_BYTES else "free some space before the next load",
    )
    try:
        project = open_project(home)
    except AmalimartError as error:
        yield _problem("settings", error)
        return
    yield Finding("settings", Verdict.OK, str(project.settings_file))
    engine = read_report(project.run, "engine")
    yield (
        Finding("engine", Verdict.OK, f"runs at {engine.fields['address']}")
        if engine
        else Finding("engine", Verdict.NOTE, "does not run", "amalimart up")
    )
    yield from _examine_metrics(project, clock)
    yield from _examine_audit(project, clock)
    yield from _examine_policies(project)
    if published is not None:
        yield from _examine_personal_columns(project, clock, published)
    if ErasureUnderWay(home).is_there:
        yield Finding(
            "erasure",
            Verdict.NOTE if engine else Verdict.PROBLEM,
            "a person is being erased, and nothing is published before that is done",
            None if engine else "amalimart up takes it up",
        )
    yield _guarded("schedules", lambda: f"{len(load_schedules(project))} jobs")
    if (oidc := project.settings.sign_in.oidc) is not None:
        yield _guarded("identity provider", lambda: _provider_detail(project, oidc, clock))
    for name in project.settings.notify.channels:
        yield _guarded(f"channel {name}", lambda name=name: _channel_detail(project, name))  # type: ignore[misc]
    if not project.settings.sources:
        yield Finding("sources", Verdict.NOTE, "none yet", "amalimart source add --help")
    lake = open_lake(project, clock)
    for name, settings in project.settings.sources.items():
        yield from _examine_source(project, name, settings)
        yield _guarded(f"lake of {name}", lambda name=name: _lake_detail(lake, name))  # type: ignore[misc]


def _examine_metrics(project: Project, clock: Clock) -> Iterator[Finding]:
    """Whether what the project's own metrics mean is written down."""
    try:
        found = MetricChanges(project, clock).check()
    except AmalimartError as error:
        yield _problem("metrics", error)
        return
    for each in found:
        if each.standing is not Recorded.YES:
            yield Finding(f"metric {each.name}", Verdict.NOTE, each.standing.value, each.next_step)


def _examine_audit(project: Project, clock: Clock) -> Iterator[Finding]:
    """Whether the audit log is what was written; while it is not, nobody is answered."""
    if not project.control_database.is_file():
        yield Finding("audit log", Verdict.NOTE, "nothing is recorded yet")
        return
    try:
        with closing(open_control_store(project.control_database, clock)) as control:
            found = open_audit(project, control).verify()
    except AmalimartError as error:
        yield _problem("audit log", error)
        return
    if found.is_whole:
        yield Finding("audit log", Verdict.OK, f"{found.records:,} records, the chain and its head hold")
        return
    more = f", and {len(found.breaks) - 1} more" if len(found.breaks) > 1 else ""
    yield Finding("audit log", Verdict.PROBLEM, f"{_break(found.breaks[0])}{more}", "amalimart audit verify")


def _break(found: Break) -> str:
    return found.what if found.sequence is None else f"record {found.sequence}: {found.what}"


def _examine_policies(project: Project) -> Iterator[Finding]:
    """Whether every policy can be read: one that cannot keeps its role out."""
    try:
        read = PolicyFiles.of(project).read()
    except AmalimartError as error:
        yield _problem("policies", error)
        return
    for broken in read.broken:
        yield Finding(
            "policies", Verdict.PROBLEM, broken_in_words(broken), "correct the file; it then holds at once"
        )
    if not read.broken:
        own = [role.value for role in read.policies.roles if not role.is_packaged]
        yield Finding("policies", Verdict.OK, f"of the project's own: {', '.join(own) or 'no role'}")


def _examine_personal_columns(
    project: Project, clock: Clock, published: PublishedProject
) -> Iterator[Finding]:
    """Whether what is made of personal values is called personal: what is not is shown as it is."""
    try:
        found = Governance(project, clock).personal_flow(published)
    except AmalimartError as error:
        yield _problem("personal data", error)
        return
    for flow in found:
        yield Finding(
            "personal data",
            Verdict.PROBLEM,
            f"{flow.column} carries {', '.join(flow.made_of)} and is not classified personal: every role that"
            " may read internal columns can be shown its values",
            "classify it personal in the model's YAML, or say in governance.yml why it is not",
        )
    if not found:
        yield Finding("personal data", Verdict.OK, "every column that carries personal values is called so")


def _examine_source(project: Project, name: str, settings: SourceSettings) -> Iterator[Finding]:
    try:
        mapping = load_mapping(find_mapping(settings.mapping, (project.overlay("sources"),)))
    except AmalimartError as error:
        yield _problem(f"mapping of {name}", error)
        return
    yield Finding(f"mapping of {name}", Verdict.OK, f"{mapping.name}, {len(mapping.entities)} entities")
    try:
        with closing(open_source(project, name, settings)) as source:
            report = check_catalog(mapping, source.catalog())
    except AmalimartError as error:
        yield _problem(f"source {name}", error)
        return
    left_out = [*report.unclassified_columns, *report.unlisted_tables]
    if left_out:
        shown = ", ".join(left_out[:8]) + (f" and {len(left_out) - 8} more" if len(left_out) > 8 else "")
        yield Finding(
            f"source {name}",
            Verdict.NOTE,
            f"answers; not read, because the mapping does not list them: {shown}",
            "map them, or list them as ignored, secret or unmapped",
        )
    else:
        yield Finding(f"source {name}", Verdict.OK, "answers; every table and column is accounted for")
    yield from _examine_rights(project, name)
    secrets = _secrets(mapping)
    yield Finding(f"secrets of {name}", Verdict.OK, f"never copied: {', '.join(secrets) or 'none listed'}")


def _examine_rights(project: Project, name: str) -> Iterator[Finding]:
    try:
        rights = rights_of(project, name)
    except AmalimartError as error:
        yield _problem(f"rights of {name}", error)
        return
    for right in rights:
        verdict = Verdict.PROBLEM if right.blocking else Verdict.NOTE
        yield Finding(f"rights of {name}", verdict, right.what, "; ".join(right.fix) or None)
    if not any(right.blocking for right in rights):
        yield Finding(f"rights of {name}", Verdict.OK, "nothing stands in the way of following it")


def _provider_detail(project: Project, settings: OidcSettings, clock: Clock) -> str:
    refuse_unknown_roles(project, settings)
    open_provider(project, settings, clock).describe()
    return f"{settings.name} answers, and its secret is set"


def _channel_detail(project: Project, name: str) -> str:
    """That its secrets are there; whether it gets through is said by amalimart notify test."""
    settings = project.settings.notify.channels[name]
    where = f"{project.settings_file}: notify.channels.{name}"
    references = [settings.credentials, settings.signing_key, settings.url]
    used = [each for each in references if each is not None and each.startswith(SECRET_REFERENCE)]
    for reference in used:
        project.secret(reference, where)
    return f"{settings.kind}, secrets are set" if used else f"{settings.kind}, without secrets"


def _secrets(mapping: SourceMapping) -> list[str]:
    return [f"{table}.{column}" for table in mapping.tables for column in mapping.secrets(table)]


def _lake_detail(lake: Lake, name: str) -> str:
    latest = lake.latest(name)
    if latest is None:
        return "nothing landed yet"
    verified = lake.verify(name)
    return f"{latest.version} commits, {verified.files} files, {verified.rows:,} rows, checksums hold"


def _guarded(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, Verdict.OK, look())
    except AmalimartError as error:
        return _problem(subject, error)


def _problem(subject: str, error: AmalimartError) -> Finding:
    detail = error.what + (f" ({error.where})" if error.where else "")
    return Finding(subject, Verdict.PROBLEM, detail, error.next_step)
