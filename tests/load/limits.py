"""The raw limits that the services are held against, measured in the same run.

`python -m tests.load.limits PORT` serves the bare POST handler: the least that any Python service
on this machine could do with a request.

`python -m tests.load.limits mails PORT SESSIONS SECONDS` says how often a second aiosmtplib alone
hands a receipt over there, at the notifier's own priority.
"""

import asyncio
import json
import os
import subprocess
import sys
from time import perf_counter
from typing import Any

import aiosmtplib
import uvicorn
import uvloop

from contracts.ids import new_id
from deploy.parts import ROOT
from deploy.ports import HOST
from services.notifier.composing import Letter
from services.notifier.settings import Settings
from services.runtime.bus import Bus
from tests.load import rig
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


async def raw_mails(port: int, *, at_once: int, seconds: float) -> float:
    """How often a second aiosmtplib alone hands over a receipt, on `at_once` sessions.

    Measured in a process of its own, which gives way to others as the notifier does.
    """
    words = ("mails", str(port), str(at_once), str(seconds))
    alone = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.load.limits", *words, cwd=ROOT, stdout=subprocess.PIPE
    )
    said, _ = await alone.communicate()
    return float(said)


async def _hand_over(letter: Letter, port: int, *, at_once: int, seconds: float) -> float:
    sent = 0
    begin = perf_counter()

    async def drive() -> None:
        nonlocal sent
        session = aiosmtplib.SMTP(hostname=HOST, port=port, use_tls=False, start_tls=False)
        await session.connect()
        while perf_counter() < begin + seconds:
            await session.sendmail(letter.sender, [letter.recipient], letter.content)
            sent += 1
        await session.quit()

    await asyncio.gather(*(drive() for _ in range(at_once)))
    return sent / (perf_counter() - begin)


def _serve(port: int) -> None:
    uvicorn.run(
        bare,
        host=HOST,
        port=port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="error",
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["mails", port, at_once, seconds]:
            os.nice(Settings.model_fields["niceness"].default)
            one = rig.letter(next(rig.receipts(1)))
            rate = uvloop.run(
                _hand_over(one, int(port), at_once=int(at_once), seconds=float(seconds))
            )
            print(rate)
        case [port]:
            _serve(int(port))
