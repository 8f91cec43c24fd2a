"""What amalimart.yml may say of notifications: channels by name, and what each of them wants to hear."""

from __future__ import annotations

import ipaddress
import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from amalimart.config.secret_reference import SECRET_REFERENCE
from amalimart.config.strict_yaml import StrictModel
from amalimart.core.incidents import IncidentKind
from amalimart.core.names import is_identifier
from amalimart.core.quality import Severity

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_LONGEST_ADDRESS = 254
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")
_OF_EMAIL = ("host", "port", "tls", "credentials", "sender", "recipients", "digest_minutes")
_OF_WEBHOOK = ("url", "signing_key", "allow_http", "allow_hosts")
_PORTS = {"starttls": 587, "implicit": 465, "none": 25}


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine, whatever a name server says."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class ChannelSettings(StrictModel):
    """One way to reach people: an e-mail server with recipients, or a webhook.

    tls           how the connection to the e-mail server is encrypted; none only to this machine
    credentials   of the e-mail server: `secret:NAME`, whose value is USER:PASSWORD
    digest_minutes  how long what is no error waits for others, to go with them as one e-mail; 0 for never
    url           of the webhook: itself, or `secret:NAME` where it holds a token
    signing_key   `secret:NAME`: every body is then signed with it
    allow_http    whether the webhook may be without TLS
    allow_hosts   hosts that may be inside the private network, or this machine
    severities, kinds  what it wants to hear of
    """

    kind: Literal["email", "webhook"]
    host: str | None = None
    port: int | None = Field(default=None, ge=1, le=65535)
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    credentials: str | None = None
    sender: str | None = None
    recipients: tuple[str, ...] = ()
    digest_minutes: int = Field(default=15, ge=0, le=1440)
    url: str | None = None
    signing_key: str | None = None
    allow_http: bool = False
    allow_hosts: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = tuple(Severity)
    kinds: tuple[IncidentKind, ...] = tuple(IncidentKind)

    @property
    def smtp_port(self) -> int:
        """The port of the e-mail server, as usual for the kind of encryption where none is given."""
        return self.port or _PORTS[self.tls]

    @field_validator("credentials", "signing_key")
    @classmethod
    def _by_reference(cls, given: str | None) -> str | None:
        if given is not None and not given.startswith(SECRET_REFERENCE):
            raise ValueError("needs the form secret:NAME; it is a secret")
        return given

    @field_validator("recipients")
    @classmethod
    def _addresses(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for address in given:
            _check_address(address)
        return given

    @field_validator("sender")
    @classmethod
    def _address(cls, given: str | None) -> str | None:
        if given is not None:
            _check_address(given)
        return given

    @field_validator("severities", "kinds")
    @classmethod
    def _some(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if not given:
            raise ValueError("names nothing; leave it out to hear of all")
        return given

    @model_validator(mode="after")
    def _one_kind(self) -> ChannelSettings:
        others = _OF_WEBHOOK if self.kind == "email" else _OF_EMAIL
        foreign = next((name for name in others if name in self.model_fields_set), None)
        if foreign is not None:
            raise ValueError(f"`{foreign}` does not belong to a channel of kind {self.kind}")
        if self.kind == "email":
            self._check_email()
        else:
            self._check_webhook()
        return self

    def _check_email(self) -> None:
        if not self.host or not self.sender or not self.recipients:
            raise ValueError("an email channel needs `host`, `sender` and `recipients`")
        if not _HOST.fullmatch(self.host):
            raise ValueError("`host` is not the name of a host")
        if self.tls == "none" and not is_loopback(self.host):
            raise ValueError("`tls: none` is for a server on this machine only: localhost or 127.0.0.1")

    def _check_webhook(self) -> None:
        schemes = ("https://", "http://") if self.allow_http else ("https://",)
        if self.url is None:
            raise ValueError("a webhook channel needs `url`")
        if not self.url.startswith((SECRET_REFERENCE, *schemes)):
            raise ValueError(
                "`url` is neither an https:// address nor secret:NAME (http:// needs `allow_http`)"
            )


class NotifySettings(StrictModel):
    """Who is told of what goes wrong, and how often while nobody acknowledges it.

    keep_days  how long incidents that are over, and messages, are kept
    """

    remind_after_hours: int = Field(default=24, ge=1, le=8760)
    keep_days: int = Field(default=400, ge=1, le=3650)
    channels: dict[str, ChannelSettings] = {}

    @field_validator("channels")
    @classmethod
    def _plain_names(cls, channels: dict[str, ChannelSettings]) -> dict[str, ChannelSettings]:
        for name in channels:
            if not is_identifier(name):
                raise ValueError(f"the channel name {name!r} is not a plain lower-case name")
        return channels


def _check_address(address: str) -> None:
    if not _ADDRESS.fullmatch(address) or len(address) > _LONGEST_ADDRESS:
        raise ValueError(f"{address[:60]!r} is not a plain e-mail address")
