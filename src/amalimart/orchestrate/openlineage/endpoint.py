"""The endpoint that lineage events are sent to over HTTP, behind a queue of its own: it may be away."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from amalimart.config.project import Project
from amalimart.core.errors import ConfigError
from amalimart.orchestrate.openlineage.outbox import Outbox

if TYPE_CHECKING:
    from openlineage.client.generated.base import RunEvent
    from openlineage.client.transport.http import HttpTransport

_WAITING_EVENTS = 1024
_ATTEMPTS = 3
_PAUSE_SECONDS = 1.0
_TIMEOUT_SECONDS = 5.0

log = logging.getLogger(__name__)


class Endpoint:
    """Sends events in their order, each with a few attempts. What cannot be sent is dropped and counted."""

    def __init__(self, url: str, api_key: str | None) -> None:
        self._url = url
        self._api_key = api_key
        self._transport: HttpTransport | None = None
        self._outbox: Outbox[RunEvent] = Outbox(
            "lineage endpoint",
            self._send,
            capacity=_WAITING_EVENTS,
            attempts=_ATTEMPTS,
            pause=_PAUSE_SECONDS,
        )

    @property
    def dropped(self) -> int:
        """How many events were not sent."""
        return self._outbox.dropped

    def offer(self, events: Sequence[RunEvent]) -> None:
        """Send these when it is their turn."""
        for event in events:
            self._outbox.offer(event)

    def close(self, seconds: float) -> None:
        """Wait so long at most for what is not yet sent."""
        self._outbox.close(seconds)

    def _send(self, event: RunEvent) -> None:
        if self._transport is None:
            self._transport = _transport(self._url, self._api_key)
        self._transport.emit(event)


def endpoint_of(project: Project) -> Endpoint | None:
    """The endpoint of a project; None where it names none, or where its key is not set."""
    settings = project.settings.lineage
    if settings.http_url is None:
        return None
    try:
        key = (
            project.secret(settings.api_key, f"{project.settings_file}: lineage.api_key")
            if settings.api_key
            else None
        )
    except ConfigError as error:
        log.error("lineage endpoint not used", extra={"error": error.as_dict()})  # noqa: TRY400 - typed
        return None
    return Endpoint(settings.http_url, key)


def _transport(url: str, api_key: str | None) -> HttpTransport:
    from openlineage.client.transport.http import (  # noqa: PLC0415 - heavy, and seldom needed
        ApiKeyTokenProvider,
        HttpConfig,
        HttpTransport,
        TokenProvider,
    )
    from requests import Session  # noqa: PLC0415

    session = Session()
    session.max_redirects = 0  # the key is for this address and no other
    auth: Any = ApiKeyTokenProvider({"api_key": api_key}) if api_key else TokenProvider({})
    config = HttpConfig(url=url, timeout=_TIMEOUT_SECONDS, auth=auth, session=session, retry={"total": 0})
    return HttpTransport(config)
