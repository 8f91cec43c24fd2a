"""E-mail by SMTP: one message to all recipients of a channel, encrypted, within a bounded time.

What a server answers in words is not kept: only its code, because words may repeat what they were told.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

from amalimart.core.errors import ConfigError, DeliveryFailed, DeliveryRefused
from amalimart.core.incidents import Notice
from amalimart.delivery.wording import body, subject

_PERMANENT = 500
_CUT_AGAIN_SECONDS = 1.0
Credentials = Callable[[], str]


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where letters are handed in.

    tls      starttls, implicit, or none
    seconds  that one answer may take, and that all of it may
    """

    host: str
    port: int
    tls: str = "starttls"
    answer_seconds: float = 10.0
    total_seconds: float = 60.0


class SmtpChannel:
    """Sends letters. `credentials` gives USER:PASSWORD at the moment it is needed."""

    def __init__(
        self,
        name: str,
        server: SmtpServer,
        sender: str,
        recipients: tuple[str, ...],
        marketplace: str,
        credentials: Credentials | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._name = name
        self._server = server
        self._sender = sender
        self._recipients = recipients
        self._marketplace = marketplace
        self._credentials = credentials
        self._context = context

    @property
    def name(self) -> str:
        return self._name

    def deliver(self, notice: Notice) -> str | None:
        """Hand the letter in. A recipient that is refused for now fails it whole: the id tells a repeat."""
        login = self._login()
        letter = self.letter(notice)
        try:
            with self._connected() as client:
                if login is not None:
                    client.login(*login)
                refused = client.send_message(letter, self._sender, list(self._recipients))
        except smtplib.SMTPRecipientsRefused as error:
            raise self._unless_permanent(_codes(error.recipients), "refuses every recipient") from error
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise self._unless_permanent([error.smtp_code], "does not take the message") from error
        except smtplib.SMTPAuthenticationError as error:
            raise self._failed(f"does not take the credentials ({error.smtp_code})") from error
        except smtplib.SMTPResponseException as error:
            raise self._failed(f"answered {error.smtp_code}") from error
        except smtplib.SMTPServerDisconnected as error:
            raise self._failed("ended the connection") from error
        except smtplib.SMTPNotSupportedError as error:
            raise self._failed("does not offer what is needed: STARTTLS or AUTH") from error
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise self._failed(f"is not reached: {type(error).__name__}") from error
        codes = _codes(refused)
        if any(code < _PERMANENT for code in codes):
            raise self._failed(f"does not take {len(codes)} of {len(self._recipients)} recipients yet")
        return f"{len(codes)} of {len(self._recipients)} recipients were refused" if codes else None

    def letter(self, notice: Notice) -> EmailMessage:
        """The message as it is handed in; its headers cannot be given a line break."""
        letter = EmailMessage(policy=policy.SMTP)
        letter["From"] = self._sender
        letter["To"] = ", ".join(self._recipients)
        letter["Subject"] = subject(notice, self._marketplace)
        letter["Date"] = format_datetime(notice.at)
        letter["Message-ID"] = f"<{notice.message_id}@{self._domain}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(body(notice, self._marketplace), cte="quoted-printable")
        return letter

    @property
    def _domain(self) -> str:
        return self._sender.rpartition("@")[2]

    def _login(self) -> tuple[str, str] | None:
        if self._credentials is None:
            return None
        user, separator, password = self._credentials().partition(":")
        if not separator:
            raise ConfigError(
                f"the credentials of the channel {self._name} are not credentials", expected="USER:PASSWORD"
            )
        return user, password

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        server = self._server
        context = self._context or ssl.create_default_context()
        client = (
            smtplib.SMTP_SSL(timeout=server.answer_seconds, local_hostname=self._domain, context=context)
            if server.tls == "implicit"
            else smtplib.SMTP(timeout=server.answer_seconds, local_hostname=self._domain)
        )
        # smtplib takes the name that a certificate is held against from here, and `connect` does not set it.
        client._host = server.host  # type: ignore[attr-defined] # noqa: SLF001
        done = threading.Event()
        threading.Thread(
            target=_cut_when_late, args=(client, server.total_seconds, done), daemon=True
        ).start()
        try:
            code, _ = client.connect(server.host, server.port)
            if code != 220:
                raise self._failed(f"answered {code}")
            if server.tls == "starttls":
                client.starttls(context=context)
            yield client
            with suppress(smtplib.SMTPException, OSError):
                client.quit()  # the message is taken by now, whatever the server says to this
        finally:
            done.set()
            client.close()

    def _unless_permanent(self, codes: list[int], what: str) -> DeliveryFailed | DeliveryRefused:
        said = f"{what} ({', '.join(map(str, sorted(set(codes))))})"
        return self._refused(said) if all(code >= _PERMANENT for code in codes) else self._failed(said)

    def _failed(self, what: str) -> DeliveryFailed:
        return DeliveryFailed(f"the e-mail server {what}", where=self._where, next_step=self._next_step)

    def _refused(self, what: str) -> DeliveryRefused:
        return DeliveryRefused(f"the e-mail server {what}", where=self._where, next_step=self._next_step)

    @property
    def _where(self) -> str:
        return f"{self._server.host}:{self._server.port}"

    @property
    def _next_step(self) -> str:
        return f"correct notify.channels.{self._name}, then: amalimart notify test {self._name}"


def _codes(refused: Mapping[str, tuple[int, bytes]]) -> list[int]:
    return [code for code, _ in refused.values()]


def _cut_when_late(client: smtplib.SMTP, seconds: float, done: threading.Event) -> None:
    """End a conversation that drips on: whoever waits for the next byte is told that there is none."""
    while not done.wait(seconds):
        held = client.sock
        if held is not None:
            with suppress(OSError):
                socket.socket.shutdown(held, socket.SHUT_RDWR)
        seconds = _CUT_AGAIN_SECONDS  # it may just have been handed over to TLS
