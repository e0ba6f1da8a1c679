"""A real SMTP server that answers as a test tells it to."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from email import message_from_bytes
from ipaddress import ip_address
from pathlib import Path
from ssl import SSLContext
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from deploy.ports import HOST, free_ports
from services.runtime.clock import utcnow

DROP = "drop"
"""Instead of a reply, the connection is cut."""


class Script:
    """What the server says to coming letters, in order (250 when nothing is left to say), and
    what it took: the letters' Message-IDs, in order, with those whose sender never heard so."""

    def __init__(self) -> None:
        self.to_data: deque[str] = deque()
        self.to_recipients: deque[str] = deque()
        self.taken: list[str] = []
        self.refused: list[str] = []
        self.recipients: list[str] = []
        self.contents: list[bytes] = []
        self.sessions = 0
        self.before_answer: Callable[[], Any] | None = None

    async def handle_RCPT(  # noqa: N802
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        reply = self.to_recipients.popleft() if self.to_recipients else "250 OK"
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        reply = self.to_data.popleft() if self.to_data else "250 taken"
        message_id = message_from_bytes(envelope.content)["Message-ID"].strip()
        if reply.startswith("250") or reply == DROP:
            self.taken.append(message_id)
            self.recipients.extend(envelope.rcpt_tos)
            self.contents.append(envelope.content)
        else:
            self.refused.append(message_id)
        if self.before_answer is not None:
            await self.before_answer()
        if reply == DROP:
            cut(server)
        return reply


def cut(session: SMTP) -> None:
    if session.transport is not None:
        cast("asyncio.Transport", session.transport).abort()


class Server:
    """The server itself; `up` and `down` as often as a test likes, always at the same port."""

    def __init__(self, script: Script, *, ssl: SSLContext | None = None, **options: Any) -> None:
        self.script = script
        self.port = free_ports(["smtp"])["smtp"]
        self._ssl = ssl
        self._options = options
        self._server: asyncio.Server | None = None
        self._open: list[SMTP] = []

    async def up(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, HOST, self.port, ssl=self._ssl)

    async def down(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """Cuts every open session."""
        while self._open:
            cut(self._open.pop())

    def _session(self) -> SMTP:
        self.script.sessions += 1
        session = SMTP(self.script, hostname="smtp.test", **self._options)
        self._open.append(session)
        return session


def only(user: str, password: str) -> Callable[..., AuthResult]:
    """An authenticator that lets in nobody else."""

    def check(_server: SMTP, _session: Session, _envelope: Envelope, _how: str, said: Any) -> Any:
        right = isinstance(said, LoginPassword) and said == LoginPassword(
            user.encode(), password.encode()
        )
        return AuthResult(success=right, handled=False)

    return check


def self_signed(folder: Path, host: str) -> Path:
    """A certificate of its own making for `host`, an IP address, with its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(utcnow() - timedelta(days=1))
        .not_valid_after(utcnow() + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        certificate.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return file


@asynccontextmanager
async def smtp_server(script: Script, **options: Any) -> AsyncIterator[Server]:
    server = Server(script, **options)
    await server.up()
    try:
        yield server
    finally:
        await server.down()
