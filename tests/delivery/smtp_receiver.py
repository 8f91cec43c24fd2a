"""An SMTP server on a free port of this machine, that behaves as a test says."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Receiver:
    """Keeps what it is given. `answers` are given first, in order, instead of taking a message."""

    def __init__(self, *answers: str) -> None:
        self.letters: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.encrypted: list[bool] = []
        self.answers = list(answers)
        self.refused: dict[str, str] = {}
        self.drop_at_data = 0
        self.slow_seconds = 0.0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd names it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.slow_seconds:
            await asyncio.sleep(self.slow_seconds)
        if self.drop_at_data:
            self.drop_at_data -= 1
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
            return "451 never seen"
        if self.answers:
            return self.answers.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        self.letters.append(message_from_bytes(content, policy=policy.SMTP))
        self.envelopes.append(envelope)
        self.encrypted.append(session.ssl is not None)
        return "250 taken"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"right", handled=False)


@contextmanager
def smtp_server(
    receiver: Receiver,
    *,
    starttls: ssl.SSLContext | None = None,
    implicit: ssl.SSLContext | None = None,
    auth: bool = False,
) -> Iterator[int]:
    """The port of a running server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    controller = _controller(receiver, port, starttls, implicit, auth=auth)
    try:
        yield port
    finally:
        controller.hang_up()
        controller.stop()


class _Controller(Controller):
    """Ends its connections when it ends: the library leaves them to be found by the collector of garbage."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._conversations: list[SMTP] = []

    def factory(self) -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # to ask for credentials without TLS is meant
            conversation: SMTP = super().factory()  # type: ignore[no-untyped-call]
        self._conversations.append(conversation)
        return conversation

    def hang_up(self) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(10)

    async def _hang_up(self) -> None:
        for conversation in self._conversations:
            for transport in (conversation.transport, conversation._original_transport):
                if isinstance(transport, asyncio.WriteTransport):
                    transport.abort()
        await asyncio.sleep(0.02)


def _controller(
    receiver: Receiver,
    port: int,
    starttls: ssl.SSLContext | None,
    implicit: ssl.SSLContext | None,
    *,
    auth: bool,
) -> _Controller:
    controller = _Controller(
        receiver,
        hostname="127.0.0.1",
        port=port,
        ssl_context=implicit,
        tls_context=starttls,
        require_starttls=starttls is not None,
        authenticator=receiver.authenticate if auth else None,
        auth_required=auth,
        auth_require_tls=starttls is not None,
        auth_exclude_mechanism=["CRAM-MD5"],
    )
    controller.start()
    return controller


@contextmanager
def dripping_server(line: bytes, seconds: float) -> Iterator[int]:
    """A server that sends a line byte by byte, with so long between two."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def drip() -> None:
        try:
            held, _ = listener.accept()
        except OSError:
            return
        with held:
            for byte in line:
                if done.wait(seconds):
                    return
                try:
                    held.sendall(bytes([byte]))
                except OSError:
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        done.set()
        listener.close()
        thread.join(5)
