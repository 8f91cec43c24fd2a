"""From the settings of a project to channels that can be used: who hears of what, and trying a channel."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta

from amalimart.config.notify_settings import ChannelSettings
from amalimart.config.project import Project
from amalimart.config.secret_reference import SECRET_REFERENCE
from amalimart.control.audit.decisions import AuditEntry, write_entry
from amalimart.control.deciding import Decider
from amalimart.control.incidents.letters import NO_GATHERING
from amalimart.control.incidents.telling import Telling
from amalimart.control.store import ControlStore
from amalimart.core.clock import Clock
from amalimart.core.errors import AmalimartError, NotFound
from amalimart.core.incidents import Notice, NoticeEvent, Trouble
from amalimart.core.names import nearest
from amalimart.delivery.channels.port import Channel
from amalimart.delivery.channels.smtp import SmtpChannel, SmtpServer
from amalimart.delivery.channels.targets import TargetRule
from amalimart.delivery.channels.webhook import WebhookChannel
from amalimart.delivery.courier import Courier
from amalimart.delivery.retrying import RetryRule

TESTED = "notify.tested"


def channels_of(project: Project, clock: Clock) -> dict[str, Channel]:
    """Every channel of the project by name. A secret is read when it is used: it may come or change later."""
    return {
        name: _channel(project, clock, name, settings)
        for name, settings in project.settings.notify.channels.items()
    }


def _channel(project: Project, clock: Clock, name: str, settings: ChannelSettings) -> Channel:
    marketplace = project.settings.name

    def secret(reference: str, key: str) -> Callable[[], str]:
        return lambda: project.secret(reference, f"{project.settings_file}: notify.channels.{name}.{key}")

    if settings.kind == "email":
        return SmtpChannel(
            name,
            SmtpServer(settings.host or "", settings.smtp_port, settings.tls),
            settings.sender or "",
            settings.recipients,
            marketplace,
            secret(settings.credentials, "credentials") if settings.credentials else None,
        )
    url = settings.url or ""
    return WebhookChannel(
        name,
        secret(url, "url") if url.startswith(SECRET_REFERENCE) else lambda: url,
        marketplace,
        clock,
        TargetRule(settings.allow_http, frozenset(host.lower() for host in settings.allow_hosts)),
        secret(settings.signing_key, "signing_key") if settings.signing_key else None,
    )


def telling_of(project: Project) -> Telling:
    """Who hears of what, as the settings say."""
    notify = project.settings.notify

    def channels_for(trouble: Trouble) -> list[str]:
        return [
            name
            for name, wanted in notify.channels.items()
            if trouble.severity in wanted.severities and trouble.kind in wanted.kinds
        ]

    return Telling(channels_for, timedelta(hours=notify.remind_after_hours))


def couriers_of(project: Project, control: ControlStore, clock: Clock) -> Sequence[Courier]:
    """One for each channel."""
    jitter = random.Random().random  # noqa: S311 - spreads tries over time, keeps nothing secret
    settings = project.settings.notify.channels
    return [
        Courier(channel, control.outbox, clock, jitter, RetryRule(), _gathers(settings[name]))
        for name, channel in channels_of(project, clock).items()
    ]


def _gathers(settings: ChannelSettings) -> timedelta:
    return timedelta(minutes=settings.digest_minutes) if settings.kind == "email" else NO_GATHERING


class ChannelTest:
    """Tries channels at once, beside the outbox, so that whoever asks hears how it went."""

    def __init__(self, project: Project, control: ControlStore, clock: Clock) -> None:
        self._channels = channels_of(project, clock)
        self._where = str(project.settings_file)
        self._control = control
        self._clock = clock

    def send(self, channel: str, decider: Decider) -> str | None:
        """Send a test message; returns a remark on what did not arrive of it.

        Raises NotFound, DeliveryFailed, DeliveryRefused, ConfigError for a secret that is not set.
        """
        if channel not in self._channels:
            raise NotFound(
                f"this project has no channel {channel!r}",
                where=self._where,
                expected=", ".join(self._channels) or "a channel under notify.channels; there is none",
                nearest=nearest(channel, self._channels),
            )
        now = self._clock.now()
        notice = Notice(secrets.token_hex(16), NoticeEvent.TEST, None, now)
        outcome = "sent"
        try:
            return self._channels[channel].deliver(notice)
        except AmalimartError as error:
            outcome = error.code
            raise
        finally:
            details = {"channel": channel, "by": decider.name, "outcome": outcome}
            write_entry(self._control.engine, AuditEntry(now, decider.subject, TESTED, details))
