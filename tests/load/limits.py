"""The raw limits that the services are held against, measured in the same run.

`python -m tests.load.limits PORT` serves the bare POST handler: the least that any Python service
on this machine could do with a request.
"""

import asyncio
import json
import sys
from time import perf_counter
from typing import Any

import aiosmtplib
import uvicorn

from contracts.ids import new_id
from services.notifier.composing import Letter
from services.runtime.bus import Bus
from tests.load.client import Measured

ANSWER = json.dumps({"id": "0" * 32, "number": "C-00000-00000", "state": "submitted"}).encode()


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """ASGI: reads the body, answers 201."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(ANSWER)).encode()),
    ]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


async def appends(bus: Bus, payload: bytes, *, at_once: int, seconds: float) -> Measured:
    """Acknowledged publishes of `payload` to the log, `at_once` under way, nothing around them."""
    measured = Measured()
    jetstream = bus.jetstream
    begin = perf_counter()

    async def drive() -> None:
        while (sent := perf_counter()) < begin + seconds:
            await jetstream.publish(f"complaint.00.{new_id()}", payload, stream="COMPLAINTS")
            measured.seconds.append(perf_counter() - sent)

    await asyncio.gather(*(drive() for _ in range(at_once)))
    measured.elapsed = perf_counter() - begin
    return measured


async def raw_mails(letter: Letter, host: str, port: int, *, at_once: int, seconds: float) -> float:
    """How often a second aiosmtplib alone hands over that letter, on `at_once` sessions."""
    sent = 0
    begin = perf_counter()

    async def drive() -> None:
        nonlocal sent
        session = aiosmtplib.SMTP(hostname=host, port=port, use_tls=False, start_tls=False)
        await session.connect()
        while perf_counter() < begin + seconds:
            await session.sendmail(letter.sender, [letter.recipient], letter.content)
            sent += 1
        await session.quit()

    await asyncio.gather(*(drive() for _ in range(at_once)))
    return sent / (perf_counter() - begin)


if __name__ == "__main__":
    uvicorn.run(
        bare,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="error",
    )
