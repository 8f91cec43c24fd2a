"""What stands in the way of polling a database, each with the exact way out."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing

from amalimart.core.names import quoted
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.postgres.captured import Capturable, read_captured
from amalimart.sources.postgres.connection import Address
from amalimart.sources.postgres.session import Session
from amalimart.sources.preflight import Finding

_ABOUT_US = """
select current_user, pg_has_role('pg_read_all_stats', 'usage')
"""
_READS_VERSIONS = """
select oid::bigint, has_column_privilege(oid, 'xmin', 'select') from pg_class where oid = any(%s)
"""


def polling_findings(address: str, mapping: SourceMapping) -> list[Finding]:
    """All that is missing or worth knowing. Raises SourceUnreachable, SourceRefused, SourceMismatch."""
    with closing(Session(Address.parse(address))) as session:
        relations, landed = session.landed(mapping)
        with session.connected() as connection:
            about = connection.execute(_ABOUT_US).fetchone()
            captured = read_captured(connection, {table: relations[table].oid for table in landed})
            oids = [one.oid for one in captured.values()]
            versions = dict(connection.execute(_READS_VERSIONS, [oids]).fetchall())
    user, sees_others = about or ("", True)
    findings = [
        finding
        for table, one in captured.items()
        for finding in _table_findings(user, one, landed[table], reads_versions=versions.get(one.oid, True))
    ]
    if not sees_others:
        findings.append(
            Finding(
                f"{quoted(user)} may not see when other sessions began, so every look reads tables whole "
                "where an index on their time of change would do",
                (f"grant pg_read_all_stats to {quoted(user)}",),
                blocking=False,
            )
        )
    return findings


def _table_findings(
    user: str, captured: Capturable, needed: Collection[str], *, reads_versions: bool
) -> Iterator[Finding]:
    hidden = sorted(set(needed) & captured.unreadable)
    if hidden or not reads_versions:
        columns = ", ".join([*(quoted(column) for column in hidden), *(() if reads_versions else ("xmin",))])
        yield Finding(
            f"{quoted(user)} may not read {captured.table}: {columns.replace(chr(34), '')}",
            (
                f"grant usage on schema {quoted(captured.place[0])} to {quoted(user)}",
                f"grant select ({columns}) on {captured.sql} to {quoted(user)}",
            ),
            captured.table,
        )
    if captured.hidden_rows:
        yield Finding(
            f"row security hides rows of {captured.table} from {quoted(user)}: they would be lacking",
            (f"alter role {quoted(user)} bypassrls",),
            captured.table,
        )
