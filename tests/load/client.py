"""A load client that costs little beside the server: both share this machine's processors.

HTTP/1.1 over kept connections, one request under way on each; answers with a Content-Length only,
which is what the services send. Not a general client on purpose: general ones cost more processor
time for a request than the service under test.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast
from urllib.parse import urlsplit

FOLLOWED = 5


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._buffer = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("closed by the server"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        _, _, rest = head.lower().partition(b"\r\ncontent-length:")
        if len(body) < int(rest.partition(b"\r\n")[0]):
            return
        self._buffer = b""
        assert self._answer is not None
        self._answer.set_result((int(head[9:12]), body))

    @property
    def closed(self) -> bool:
        """The server closes connections that were idle for some seconds."""
        return self._transport is None or self._transport.is_closing()

    async def send(self, request: bytes) -> tuple[int, bytes]:
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


@dataclass
class Answer:
    """An accepted request: `at` is when its answer was there (`time.perf_counter`), `followed`
    how many seconds the follow-up request then took, if there was one."""

    at: float
    body: bytes
    followed: float | None


@dataclass
class Measured:
    """What a load came to. `seconds` are the latencies of the requests that were accepted."""

    elapsed: float = 0.0
    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    answers: list[Answer] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.elapsed


def percentile(values: list[float], share: float) -> float:
    """Nearest-rank percentile; `share` between 0 and 1. NaN when there are no values."""
    if not values:
        return float("nan")
    return sorted(values)[min(len(values) - 1, round(share * (len(values) - 1)))]


def get(url: str, *, token: str | None = None) -> bytes:
    """The bytes of a GET request to `url`."""
    parts = urlsplit(url)
    head = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
    return f"{head}{_bearer(token)}\r\n".encode()


def _bearer(token: str | None) -> str:
    return f"Authorization: Bearer {token}\r\n" if token else ""


def post(url: str, body: bytes, *, key: str | None = None, token: str | None = None) -> bytes:
    """The bytes of a JSON POST request to `url`."""
    parts = urlsplit(url)
    extra = _bearer(token) + (f"Idempotency-Key: {key}\r\n" if key else "")
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"{extra}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _connect(url: str) -> _Connection:
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(_Connection, str(parts.hostname), parts.port or 80)
    return connection


async def closed_loop(
    urls: Sequence[str],
    requests: Callable[[], bytes],
    *,
    connections: int,
    seconds: float,
    warm_up: float = 1.0,
) -> Measured:
    """Each connection sends its next request as soon as the last one is answered.

    The connections are spread evenly over the addresses.
    """
    measured = Measured()
    opened = [await _connect(urls[number % len(urls)]) for number in range(connections)]
    begin = perf_counter() + warm_up
    end = begin + seconds

    async def drive(connection: _Connection) -> None:
        while (sent := perf_counter()) < end:
            status, _ = await connection.send(requests())
            if sent >= begin:
                if status < 300:
                    measured.seconds.append(perf_counter() - sent)
                else:
                    measured.refused += 1

    await asyncio.gather(*(drive(connection) for connection in opened))
    measured.elapsed = perf_counter() - begin
    for connection in opened:
        connection.close()
    return measured


async def open_loop(
    url: str,
    requests: Iterator[bytes],
    *,
    rate: float,
    seconds: float,
    follow: tuple[str, Callable[[bytes], bytes]] | None = None,
    connections: int = 64,
) -> Measured:
    """Sends `rate` requests a second whatever the answers take.

    With `follow`, every `FOLLOWED`th is followed at once by a request to the address `follow[0]`,
    made by `follow[1]` from the answer: a sample, so that asking is not most of the load. The
    latency counts from when the request was due, so a server that stalls is not flattered.
    """
    measured = Measured()
    idle: asyncio.Queue[tuple[_Connection, _Connection]] = asyncio.Queue()
    for _ in range(connections):
        idle.put_nowait((await _connect(url), await _connect(follow[0] if follow else url)))
    begin = perf_counter()

    async def one(number: int, due: float) -> None:
        first, second = await idle.get()
        status, body = await first.send(next(requests))
        answered = perf_counter()
        if status < 300:
            followed = None
            if follow is not None and number % FOLLOWED == 0:
                second = await _connect(follow[0]) if second.closed else second
                found, _ = await second.send(follow[1](body))
                assert found == 200, f"the follow-up was answered {found}"
                followed = perf_counter() - answered
            measured.seconds.append(answered - due)
            measured.answers.append(Answer(answered, body, followed))
        else:
            measured.refused += 1
        idle.put_nowait((first, second))

    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            due = begin + number / rate
            await asyncio.sleep(max(0.0, due - perf_counter()))
            group.create_task(one(number, due))
    measured.elapsed = perf_counter() - begin
    while not idle.empty():
        for connection in idle.get_nowait():
            connection.close()
    return measured
