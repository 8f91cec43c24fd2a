"""What the audit log says of one question, and how its records are chained. Stores nothing.

A record names its subject by a keyed hash and its question by the hash of its shape, which has no value that
was filtered by. Its MAC is over all of it and over the MAC of the record before.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from amalimart.access.signing_secrets import checked_secret, key_for

FORMAT = 1
VIEWED_BY = "viewed_by"


class Outcome(StrEnum):
    """How it ended for who asked: with an answer, without the right, as no question, or by our fault."""

    ANSWERED = "answered"
    DENIED = "denied"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be recorded of one call.

    subject     in clear: whoever stores it hashes it
    door        how it came in: api, web, cli or schedule
    kind        query, page or values
    shape       what was asked, as names without values
    policy      fingerprint of the policy that it was answered under
    release_id  the release that it was answered from, where it was answered
    errors      codes of the errors among its questions
    viewed_by   the admin who looked at pages as the subject, in clear; empty where nobody did
    """

    at: datetime
    subject: str
    role: str
    door: str
    kind: str
    shape: Mapping[str, Any]
    policy: str
    release_id: int | None
    outcome: Outcome
    errors: tuple[str, ...] = ()
    viewed_by: str = ""

    def shape_under(self, keys: AuditKeys) -> Mapping[str, Any]:
        """The shape that is kept; it names the admin who looked as the subject, by the keyed hash."""
        return {**self.shape, VIEWED_BY: keys.subject(self.viewed_by)} if self.viewed_by else self.shape


@dataclass(frozen=True, slots=True)
class Link:
    """A place in the chain: the number of a record, counted from 1 without gaps, and its MAC."""

    sequence: int
    mac: str


BEGINNING = Link(0, "0" * 64)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One record as it is stored. `at` is text, so that exactly what was signed is what is read."""

    sequence: int
    at: str
    subject: str
    role: str
    door: str
    kind: str
    shape_hash: str
    policy: str
    release_id: int | None
    outcome: str
    errors: str
    mac: str = ""

    @property
    def link(self) -> Link:
        """Its place in the chain."""
        return Link(self.sequence, self.mac)


@dataclass(frozen=True, slots=True)
class AuditKeys:
    """The keys of the audit log, one for each purpose."""

    subjects: bytes
    records: bytes
    head: bytes
    checkpoints: bytes

    def subject(self, subject: str) -> str:
        """Under which a subject stands in the log; without the key nobody can try names."""
        return _mac(self.subjects, [subject.strip().casefold()])


def audit_keys(secret: str, name: str) -> AuditKeys:
    """The keys made of the project's secret. Raises ConfigError for a weak one."""
    checked = checked_secret(secret, name)
    purposes = ("subjects", "records", "head", "checkpoints")
    return AuditKeys(*(key_for(checked, f"audit {each} {FORMAT}") for each in purposes))


def shape_text(shape: Mapping[str, Any]) -> str:
    """The one text of a shape."""
    return json.dumps(shape, sort_keys=True, separators=(",", ":"))


def shape_hash(text: str) -> str:
    """Under which a shape is stored."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def instant_text(instant: datetime) -> str:
    """The one text of an instant; texts compare as instants do."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def chained(asked: Asked, keys: AuditKeys, previous: Link) -> AuditRecord:
    """The record of what was asked, as the one after `previous`."""
    record = AuditRecord(
        sequence=previous.sequence + 1,
        at=instant_text(asked.at),
        subject=keys.subject(asked.subject),
        role=asked.role,
        door=asked.door,
        kind=asked.kind,
        shape_hash=shape_hash(shape_text(asked.shape_under(keys))),
        policy=asked.policy,
        release_id=asked.release_id,
        outcome=asked.outcome.value,
        errors=",".join(asked.errors),
    )
    return replace(record, mac=record_mac(record, keys, previous.mac))


def record_mac(record: AuditRecord, keys: AuditKeys, previous_mac: str) -> str:
    """The MAC that a record must have after a record with that one."""
    return _mac(keys.records, [FORMAT, previous_mac, *astuple(record)[:-1]])


def follows(record: AuditRecord, keys: AuditKeys, previous_mac: str) -> bool:
    """Whether the record is what was written after a record with that MAC."""
    return hmac.compare_digest(
        record_mac(record, keys, previous_mac).encode(), str(record.mac).encode("utf-8", "surrogatepass")
    )


def signature(key: bytes, *parts: str | int | None) -> str:
    """What vouches for a head or a checkpoint."""
    return _mac(key, [FORMAT, *parts])


def _mac(key: bytes, parts: list[Any]) -> str:
    # As JSON, so that where one part ends is part of what is signed; repr for what no writer of ours stores.
    message = json.dumps(parts, separators=(",", ":"), default=repr).encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()
