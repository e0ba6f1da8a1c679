"""The connection to NATS, and the streams that `contracts.streams` declares."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import ConnectionClosedError, NoRespondersError, OutboundBufferLimitError
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeout
from nats.js import JetStreamContext
from nats.js.api import ObjectStoreConfig
from nats.js.errors import NotFoundError

from contracts.streams import EVIDENCE_BUCKET, STREAMS, Stream
from services.runtime.problems import Unavailable
from services.runtime.sentences import gettext as _
from services.runtime.settings import Settings
from services.runtime.tasks import end

log = structlog.get_logger(__name__)

UNCLEAR = (
    NatsTimeout,
    NoRespondersError,
    ConnectionClosedError,
    OutboundBufferLimitError,
    TimeoutError,
    OSError,
)
"""What a request may end in without telling whether it was carried out."""


class StreamError(Exception):
    """JetStream's API refused. `code` is its `err_code`, e.g. 10071 for a wrong last sequence."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description


_INLINE = b"NATS/1.0 "


class Arrival(NamedTuple):
    """A message as it came. `status` is the server's own word (of no message, a heartbeat), with
    what it says beside it; None for messages of a stream, whose headers are left unread."""

    subject: str
    reply: str
    data: bytes
    status: tuple[str, dict[str, str]] | None


Sink = Callable[[Arrival], None]


class LeanClient(Client):
    """nats-py's client with a quicker reading of headers, and a short way for what comes in masses.

    Its own looks at every character of every header's name, and hands each message through a queue
    and a task: together three quarters of the time that a rebuild spends on reading. Tests hold the
    two against each other, since these are no public parts of the (pinned) client.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sinks: dict[int, Sink] = {}

    @asynccontextmanager
    async def pouring(self, subject: str, sink: Sink) -> AsyncIterator[None]:
        """Gives each message on `subject` straight to `sink`, until the block ends."""
        subscription = await self.subscribe(subject, cb=_never)
        number = subscription._id
        self._sinks[number] = sink
        try:
            yield
        finally:
            # The sink last: what still comes meanwhile is to find it.
            try:
                if not self.is_closed:
                    await subscription.unsubscribe()
            finally:
                del self._sinks[number]

    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes
    ) -> None:
        sink = self._sinks.get(sid)
        if sink is None:
            await super()._process_msg(sid, subject, reply, data, headers)
        else:
            status = status_of(headers) if headers else None
            sink(Arrival(subject.decode(), reply.decode(), data, status))

    @staticmethod
    def _parse_header_lines(raw: bytes) -> dict[str, str]:
        return header_lines(raw)


def header_lines(raw: bytes) -> dict[str, str]:
    """The headers in `raw`, by name; lines that are none are left out."""
    headers = {}
    for line in raw.decode(errors="replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip()] = value.strip()
    return headers


def status_of(headers: bytes) -> tuple[str, dict[str, str]] | None:
    """The status in a message's first header line, and the headers after it; None without one."""
    if not headers.startswith(_INLINE):
        return None
    line, _, rest = headers.partition(b"\r\n")
    code, _, description = line.removeprefix(_INLINE).decode().partition(" ")
    return code, {"Description": description} | header_lines(rest)


async def hang_up(client: Client) -> None:
    """Closes the connection, also one that is just being made anew.

    nats-py's `close` asks that to end once only, which may not be enough: it would try for ever.
    """
    with suppress(NatsError, RuntimeError):  # of uvloop, about a connection that is gone already
        await client.close()
    if client._reconnection_task is not None:
        await end(client._reconnection_task)


async def _never(msg: Msg) -> None:
    raise AssertionError("what is poured does not come here")


class Bus:
    """One NATS connection for the log: requests with many answers, JetStream's API as JSON."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: LeanClient | None = None
        self._answers: dict[str, asyncio.Queue[Msg]] = {}
        self.on_reconnect: set[Callable[[], None]] = set()
        """Called when the connection was made anew: what was asked for on the old one is lost."""
        self._inbox = ""
        self._asked = 0

    @property
    def client(self) -> LeanClient:
        """The connected client. Raises Unavailable before `connect`."""
        if self._client is None:
            raise Unavailable(_("The log is not connected yet."))
        return self._client

    @property
    def jetstream(self) -> JetStreamContext:
        return self.client.jetstream(timeout=5)

    @property
    def connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    async def connect(self) -> None:
        """Connects, for as long as it takes, and stays connected over restarts of the server."""
        password = self._settings.nats_password
        client = LeanClient()
        await client.connect(
            self._settings.nats_servers,
            name=self._settings.service,
            user=self._settings.nats_user,
            password=password.get_secret_value() if password else None,
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            connect_timeout=2,
            # Shorter than an append's patience, so that a silent connection is replaced in time.
            ping_interval=5,
            max_outstanding_pings=2,
            pending_size=16 << 20,
            error_cb=_on_error,
            disconnected_cb=_on_disconnect,
            reconnected_cb=self._on_reconnect,
        )
        self._client = client
        self._inbox = client.new_inbox()
        await client.subscribe(f"{self._inbox}.*", cb=self._on_answer)

    async def close(self) -> None:
        if self._client is not None:
            await hang_up(self._client)

    async def _on_answer(self, msg: Msg) -> None:
        waiting = self._answers.get(msg.subject.rsplit(".", 1)[1])
        if waiting is not None:
            waiting.put_nowait(msg)

    async def _on_reconnect(self) -> None:
        log.info("bus.reconnected")
        for tell in tuple(self.on_reconnect):
            tell()

    @asynccontextmanager
    async def ask(self, subject: str, body: dict[str, Any]) -> AsyncIterator[asyncio.Queue[Msg]]:
        """Sends one request whose answers, however many, arrive in the queue that is yielded."""
        self._asked += 1
        token = str(self._asked)
        self._answers[token] = asyncio.Queue()
        try:
            await self.client.publish(
                subject, json.dumps(body).encode(), reply=f"{self._inbox}.{token}"
            )
            yield self._answers[token]
        finally:
            del self._answers[token]

    async def say(self, subject: str, body: bytes) -> None:
        """Tells whoever listens at the moment; nobody acknowledges, nothing is kept."""
        await self.client.publish(subject, body)

    async def hear(self, subject: str, heard: Callable[[Msg], Awaitable[None]]) -> Subscription:
        """Calls `heard` with what is said on `subject`, one message after the other. Outlives lost
        connections, but not what was said meanwhile."""
        return await self.client.subscribe(subject, cb=heard)

    async def api(self, verb: str, body: dict[str, Any], *, wait: float = 5.0) -> dict[str, Any]:
        """Calls JetStream's JSON API, e.g. `api("STREAM.INFO.MAIL", {})`.

        `wait` in seconds. Raises StreamError on a refusal, Unavailable when there is no answer.
        """
        try:
            answer = await self.client.request(
                f"$JS.API.{verb}", json.dumps(body).encode(), timeout=wait
            )
        except UNCLEAR as error:
            raise Unavailable(_("The log does not answer (%(verb)s).") % {"verb": verb}) from error
        document: dict[str, Any] = json.loads(answer.data)
        if "error" in document:
            refusal = document["error"]
            raise StreamError(refusal.get("err_code", 0), refusal.get("description", ""))
        return document

    async def get(self, stream: str, which: dict[str, Any], *, wait: float = 5.0) -> Msg | None:
        """One stored message by a direct get, e.g. `{"last_by_subj": subject}`; None for none.

        A replica that lags behind may answer. `wait` in seconds. Raises Unavailable when there is
        no answer, or none of use.
        """
        try:
            found = await self.client.request(
                f"$JS.API.DIRECT.GET.{stream}", json.dumps(which).encode(), timeout=wait
            )
        except UNCLEAR as error:
            raise Unavailable(_("The log does not answer.")) from error
        match (found.headers or {}).get("Status"):
            case None:
                return found
            case "404":
                return None
        raise Unavailable(_("The log does not answer."))


async def ensure_streams(bus: Bus, *, replicas: int) -> None:
    """Creates or updates every stream and the evidence bucket, as `contracts.streams` has them.

    `replicas` is 1 for one server, 3 in a cluster. Needs a user that may call the stream API.
    """
    for stream in STREAMS:
        await _ensure(bus, stream, replicas)
    try:
        await bus.jetstream.object_store(EVIDENCE_BUCKET)
    except NotFoundError:
        await bus.jetstream.create_object_store(
            EVIDENCE_BUCKET, config=ObjectStoreConfig(replicas=replicas)
        )


async def _ensure(bus: Bus, stream: Stream, replicas: int) -> None:
    wanted = stream.configuration(replicas=replicas)
    try:
        info = await bus.api(f"STREAM.INFO.{stream.name}", {})
    except StreamError as error:
        if error.code != 10059:  # stream not found
            raise
        await bus.api(f"STREAM.CREATE.{stream.name}", wanted)
        return
    if any(info["config"].get(key) != value for key, value in wanted.items()):
        # Over the whole stored configuration: what this table does not name stays as it is.
        await bus.api(f"STREAM.UPDATE.{stream.name}", info["config"] | wanted)


async def _on_error(error: Exception) -> None:
    log.warning("bus.error", error=repr(error))


async def _on_disconnect() -> None:
    log.warning("bus.disconnected")
