"""The jobs of the benchmark. Each brings up what it measures, and measures its limit beside it."""

import asyncio
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Sequence
from email.parser import BytesHeaderParser
from email.policy import default as readable
from pathlib import Path
from time import perf_counter
from typing import Any, TypedDict

from contracts.streams import COMPLAINTS
from deploy.parts import ROOT
from deploy.topology import Topology
from services.runtime.bus import Bus
from services.runtime.clock import utcnow
from services.runtime.database import Database
from services.runtime.feed import Feed
from services.runtime.migrations import upgrade
from tests.load import rig, sockets
from tests.load.client import Measured, closed_loop, get, open_loop, percentile
from tests.load.limits import appends, raw_mails
from tests.load.queues import fill, timed
from tests.load.retrieval import kept_aside, labelled, measure, off_topic
from tests.log import log_of
from tests.servers import PostgresCluster, postgresql_binaries

SECONDS = 6.0
STEADY_RATE = 200
STEADY_SECONDS = 15.0
LAST_MAIL_SECONDS = 120.0
REBUILD_CASES = 40_000
QUEUE_CASES = 1_000_000
MAILS = 3_000
MAIL_SESSIONS = 8
"""As many as the notifier opens."""


class Case(TypedDict):
    """One line of the outcome; rates a second, None where a figure has no meaning."""

    rate: float | None
    p50_ms: float | None
    p99_ms: float | None
    limit: float | None
    ratio: float | None


def _case(measured: Measured, *, limit: float | None = None) -> Case:
    return _figures(measured.rate, measured.seconds, limit=limit)


def _figures(rate: float | None, seconds: list[float], *, limit: float | None = None) -> Case:
    return {
        "rate": rate and round(rate, 1),
        "p50_ms": round(percentile(seconds, 0.5) * 1000, 2) if seconds else None,
        "p99_ms": round(percentile(seconds, 0.99) * 1000, 2) if seconds else None,
        "limit": limit and round(limit, 1),
        "ratio": round(rate / limit, 3) if rate and limit else None,
    }


async def filing() -> dict[str, Case]:
    """Complaints accepted and fsynced, by connections; limits: the bare append, the bare POST.

    At last with a second process of intake, which shares the machine with everything else.
    """
    cases: dict[str, Case] = {}
    with rig.installation("intake") as topology:
        url = topology.address("intake")
        requests = rig.complaints(url)

        async def file(name: str, urls: Sequence[str], connections: int) -> None:
            async with log_of(topology) as bus:
                raw = await appends(bus, _payload(), at_once=connections, seconds=SECONDS / 2)
            with rig.process("tests.load.limits") as bare_url:
                bare = await closed_loop(
                    [bare_url], lambda: next(requests), connections=connections, seconds=SECONDS / 2
                )
            filed = await closed_loop(
                urls, lambda: next(requests), connections=connections, seconds=SECONDS
            )
            assert not filed.refused, f"{filed.refused} complaints were refused"
            cases[f"{name}, limit append"] = _case(filed, limit=raw.rate)
            cases[f"{name}, limit bare POST"] = _case(filed, limit=bare.rate)

        for connections in (1, 16, 64):
            await file(f"{connections} connections", [url], connections)
        with rig.another(topology, "intake") as second:
            await file("64 connections, two processes", [url, second], 64)
    return cases


def _payload() -> bytes:
    """As many bytes as a complaint has in the log."""
    request = next(rig.complaints("http://127.0.0.1"))
    return request.partition(b"\r\n\r\n")[2] + b" " * 500


async def latency() -> dict[str, Case]:
    """Filed → visible in the Complaint Center, filed → mailed, at 200 complaints a second."""
    with rig.installation() as topology:
        center = topology.address("moderation")
        filed = await open_loop(
            topology.address("intake"),
            rig.complaints(topology.address("intake")),
            rate=STEADY_RATE,
            seconds=STEADY_SECONDS,
            follow=(center, lambda receipt: get(center + json.loads(receipt)["status_url"])),
        )
        assert not filed.refused, f"{filed.refused} complaints were refused"
        mailed = await _mailed(topology.data / "mail" / "new", filed)
    visible = [each.followed for each in filed.answers if each.followed is not None]
    return {
        "filed": _case(filed),
        "filed → visible": _figures(filed.rate, visible),
        "filed → mailed": _figures(filed.rate, mailed),
    }


async def decisions() -> dict[str, Case]:
    """Cases claimed at 200 a second, and then decided, until that is acknowledged; then at 100, a
    fifth of them looked at on the case's page; limit: the bare append."""
    with rig.installation("streams") as topology:
        async with log_of(topology) as bus:
            raw = await appends(bus, _payload(), at_once=16, seconds=SECONDS / 2)
    with rig.installation("moderation") as topology:
        url = topology.address("moderation")
        token = rig.moderator_token(topology)
        made = 0

        async def decide(
            rate: int, follow: tuple[str, Callable[[bytes], bytes]] | None = None
        ) -> tuple[Measured, Measured]:
            nonlocal made
            wanted = int(rate * STEADY_SECONDS)

            async def send(requests: Iterator[bytes], **options: Any) -> Measured:
                sent = await open_loop(url, requests, rate=rate, seconds=STEADY_SECONDS, **options)
                assert not sent.refused, f"{sent.refused} commands were refused"
                return sent

            async with log_of(topology) as bus:
                cases = await rig.admitted_cases(bus, wanted, after=made)
                made += wanted
                claimed = await send(rig.claims(url, cases, token))
                await rig.all_done(bus)
                return claimed, await send(rig.rulings(url, cases, token), follow=follow)

        claimed, decided = await decide(STEADY_RATE)
        _, followed = await decide(
            STEADY_RATE // 2,
            (url, lambda acted: get(_case_page(url, json.loads(acted)), token=token)),
        )
    seen = [each.followed for each in followed.answers if each.followed is not None]
    return {
        "claimed": _case(claimed, limit=raw.rate),
        "decided": _case(decided, limit=raw.rate),
        "decided, at half the rate": _case(followed, limit=raw.rate),
        "decided → seen": _figures(followed.rate, seen),
    }


def _case_page(url: str, acted: dict[str, Any]) -> str:
    return f"{url}/api/v1/moderation/cases/{acted['id']}?after={acted['sequence']}"


async def _mailed(folder: Path, filed: Measured) -> list[float]:
    """Seconds from each receipt until its mail was in the mailbox. Waits for the last one."""
    clocks_apart = utcnow().timestamp() - perf_counter()
    answered = {json.loads(a.body)["number"]: a.at + clocks_apart for a in filed.answers}
    arrived: dict[str, float] = {}
    deadline = perf_counter() + LAST_MAIL_SECONDS
    while len(arrived) < len(answered):
        assert perf_counter() < deadline, f"{len(answered) - len(arrived)} mails did not arrive"
        await asyncio.sleep(1)
        arrived = {n: at for n, at in _mails(folder) if n in answered}
    return [max(0.0, at - answered[number]) for number, at in arrived.items()]


def _mails(folder: Path) -> Iterator[tuple[str, float]]:
    """The number in each mail's subject, and when the mail was stored."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            subject = str(BytesHeaderParser(policy=readable).parse(file)["Subject"])
        if number := re.search(r"C-[0-9A-Z]{5}-[0-9A-Z]{5}", subject):
            yield number[0], path.stat().st_mtime


async def rebuild() -> dict[str, Case]:
    """Facts folded a second when moderation's tables are rebuilt; limit: reading the same log."""
    cases: dict[str, Case] = {}
    with rig.installation("streams", "moderation-migrate") as topology:
        async with log_of(topology) as bus:
            facts = await rig.fill(bus, REBUILD_CASES)
            limit = facts / await _read_through(bus)
        cases["SQLite"] = _figures(_replayed(topology.env("moderation-migrate")), [], limit=limit)
        binaries = postgresql_binaries()
        if binaries is not None:
            cluster = PostgresCluster(binaries)
            cluster.start()
            try:
                env = topology.env("moderation-migrate") | {
                    "REDRESS_DATABASE_URL": await cluster.fresh()
                }
                _verb(env, "migrate")
                cases["PostgreSQL"] = _figures(_replayed(env), [], limit=limit)
            finally:
                cluster.stop()
    return cases


async def mailing() -> dict[str, Case]:
    """Mails sent and written down a second; limit: raw aiosmtplib with the same bytes, before and
    after, for machines are not as fast at one moment as at the next."""
    with rig.installation("notifier", "mailbox", "marketplace") as topology:
        port = topology.site.ports["smtp"]

        async def raw() -> float:
            return await raw_mails(port, at_once=MAIL_SESSIONS, seconds=SECONDS / 2)

        async def queued(bus: Bus) -> None:
            await rig.queue_directly(bus, rig.receipts(MAILS))

        async def filed(bus: Bus) -> None:
            await rig.file_directly(bus, MAILS)

        cases: dict[str, Case] = {}
        before = await raw()
        for name, prepare in (("sent", queued), ("queued, sent", filed)):
            rate = await _sent(topology, prepare)
            after = await raw()
            cases[f"{name}, written down"] = _figures(rate, [], limit=(before + after) / 2)
            before = after
        return cases


async def _sent(topology: Topology, prepare: Callable[[Bus], Coroutine[Any, Any, None]]) -> float:
    """Mails a second that the notifier sends of what is prepared while it is down."""
    folder = topology.data / "mail" / "new"
    before = sum(1 for _ in folder.iterdir())
    topology.process("notifier").end(patience=10)
    async with log_of(topology) as bus:
        await prepare(bus)
    begin = perf_counter()
    topology.restart("notifier")
    while (arrived := sum(1 for _ in folder.iterdir()) - before) < MAILS:
        assert perf_counter() < begin + LAST_MAIL_SECONDS, f"{MAILS - arrived} did not arrive"
        await asyncio.sleep(0.1)
    stored = sorted(path.stat().st_mtime for path in folder.iterdir())[before:]
    return len(stored) / (stored[-1] - stored[0])


async def _read_through(bus: Bus) -> float:
    """Seconds to read every message of the log, and do nothing with it."""
    begin = perf_counter()
    async with Feed(bus, COMPLAINTS.name, COMPLAINTS.subjects, after=0, batch=2000) as feed:
        while feed.pending != 0:
            await feed.next()
    return perf_counter() - begin


def _replayed(env: dict[str, str]) -> float:
    """Facts a second of `python -m services.moderation replay`, as it says itself."""
    said = _verb(env, "replay")
    found = re.search(r"([\d,]+) a second", said)
    assert found, said
    return float(found[1].replace(",", ""))


def _verb(env: dict[str, str], verb: str) -> str:
    command = [sys.executable, "-m", "services.moderation", verb]
    ended = subprocess.run(
        command, env=env | {"REDRESS_PORT": "0"}, cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


async def queues() -> dict[str, Case]:
    """Pages of every queue and filter over a million cases; each a query as the console sends."""
    cases: dict[str, Case] = {}
    with tempfile.TemporaryDirectory(prefix="redress-bench-") as folder:
        for name, seconds in (await _queues(f"sqlite+aiosqlite:///{folder}/it.sqlite")).items():
            cases[f"SQLite, {name}"] = _figures(None, seconds)
    binaries = postgresql_binaries()
    if binaries is not None:
        cluster = PostgresCluster(binaries)
        cluster.start()
        try:
            for name, seconds in (await _queues(await cluster.fresh())).items():
                cases[f"PostgreSQL, {name}"] = _figures(None, seconds)
        finally:
            cluster.stop()
    return cases


async def _queues(url: str) -> dict[str, list[float]]:
    database = Database(url)
    await upgrade("moderation", database)
    await fill(database, QUEUE_CASES)
    timed_pages = await timed(database)
    await database.close()
    every = [second for seconds in timed_pages.values() for second in seconds]
    return {"all pages": every} | timed_pages


async def retrieval() -> dict[str, Case]:
    """The virtual agent's questions that were kept aside: the share (ratio) whose article came
    first, or among three; and of those that no article answers, the share that she says so of."""
    cases: dict[str, Case] = {}
    for language, questions in labelled().items():
        found = measure(language, kept_aside(questions))
        rate = found.questions / sum(found.seconds)
        for name, share in (("hit@1", found.hit_1), ("hit@3", found.hit_3)):
            cases[f"{language} {name}"] = _figures(rate, found.seconds) | {"ratio": round(share, 3)}
        foreign = measure(language, dict.fromkeys(off_topic()[language], ""))
        cases[f"{language} off topic, left"] = _figures(
            foreign.questions / sum(foreign.seconds), foreign.seconds
        ) | {"ratio": round(1 - foreign.answered, 3)}
    return cases


async def chat() -> dict[str, Case]:
    """Sockets in conversation: a message to both sides, by way of the log; limits: bare echoes."""
    sockets.allow_files()
    echoed = await sockets.peer("websockets")
    emitted = await sockets.peer("socketio")
    with rig.installation("streams", "chat") as topology:
        carried = await sockets.chat(topology)
    of = f"{sockets.SOCKETS:,} sockets"
    cases = {
        f"{of}, delivered": _figures(carried.rate, carried.seconds, limit=echoed.rate),
        f"{of}, bare echo (websockets)": _figures(echoed.rate, echoed.seconds),
        f"{of}, echo of python-socketio": _figures(emitted.rate, emitted.seconds),
    }
    for name, limit in (("bare echo", echoed), ("python-socketio", emitted)):
        cases[f"KB a socket, limit {name}"] = _figures(carried.kilobytes, [], limit=limit.kilobytes)
    return cases


JOBS: dict[str, Callable[[], Coroutine[Any, Any, dict[str, Case]]]] = {
    "filing": filing,
    "latency": latency,
    "decisions": decisions,
    "rebuild": rebuild,
    "queues": queues,
    "mailing": mailing,
    "retrieval": retrieval,
    "chat": chat,
}
