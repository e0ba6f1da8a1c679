"""The verbs of every service: `python -m services.<service> serve | migrate | replay | …`."""

import argparse
import gc
import os
import socket
import sys
from collections.abc import Callable
from typing import TypeVar

import uvicorn
import uvloop
from fastapi import FastAPI
from pydantic import ValidationError

from contracts.streams import STREAMS
from services.runtime import logs, migrations
from services.runtime.app import Parts, close_open_streams, connected
from services.runtime.bus import StreamError
from services.runtime.dead_letters import DeadLetters
from services.runtime.problems import Refused
from services.runtime.projection import following
from services.runtime.settings import Settings

S = TypeVar("S", bound=Settings)


def main(settings_class: type[S], build: Callable[[S], FastAPI]) -> None:
    """Reads the settings and the verb from the environment and the command line, and obeys.

    Ends the process with status 2 on wrong settings, 1 when a check fails.
    """
    arguments = _parser(settings_class.service).parse_args()
    try:
        settings = settings_class()
    except ValidationError as error:
        for problem in error.errors():
            name = "REDRESS_" + "_".join(str(part) for part in problem["loc"]).upper()
            print(f"{name}: {problem['msg']}", file=sys.stderr)
        sys.exit(2)
    logs.configure(service=settings.service, level=settings.log_level, style=settings.log_format)
    app = build(settings)
    if arguments.verb == "serve":
        serve(app, settings)
        return
    verb = {
        "migrate": _migrate,
        "replay": _replay,
        "redrive": _redrive,
        "dead": _dead,
        "check": _check,
    }
    try:
        uvloop.run(verb[arguments.verb](app.state.parts, arguments))
    except Refused as refused:
        print(refused.detail, file=sys.stderr)
        sys.exit(1)


def serve(app: FastAPI, settings: Settings) -> None:
    """Serves until told to stop."""
    os.nice(settings.niceness)
    # What start-up made stays for good: the collector need not walk it again and again.
    gc.collect()
    gc.freeze()
    # Requests leave next to no cycles behind; looking for them after every 700 objects is a waste.
    gc.set_threshold(20_000, 50, 100)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        # Sockets carry short frames, by the thousand: compressors would cost more than they save.
        ws="websockets-sansio" if settings.speaks_websocket else "none",
        ws_per_message_deflate=False,
        ws_max_size=1 << 17,
        # Clients ping: who is silent is let go, and each ping of ours would be answered too.
        ws_ping_interval=None,
        access_log=False,
        log_config=None,
        server_header=False,
        # Only the gateway reaches a service, so what it says of the client is true.
        forwarded_allow_ips="*",
        timeout_graceful_shutdown=10,
    )
    server = _Server(config)
    server.run()
    if not server.started:
        sys.exit(3)


class _Server(uvicorn.Server):
    """Ends open event streams before it waits for what is under way: they would never end."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        close_open_streams(self.config.app.state.parts)  # type: ignore[union-attr]
        await super().shutdown(sockets)


def _parser(service: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m services.{service}")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("serve", help="answer HTTP requests and follow the log")
    verbs.add_parser("migrate", help="bring the database schema up to date")
    replay = verbs.add_parser("replay", help="drop the tables and fold the log anew")
    replay.add_argument("--until", type=int, metavar="SEQUENCE", help="stop after this sequence")
    verbs.add_parser(
        "redrive", help="fold messages that were parked, and hand over dead letters once more"
    )
    verbs.add_parser("dead", help="list what reactions could not handle, and why")
    verbs.add_parser("check", help="is everything there that the service needs?")
    return parser


async def _migrate(parts: Parts, _arguments: argparse.Namespace) -> None:
    await migrations.upgrade(parts.settings.service, parts.database)
    await parts.database.close()
    print(f"{parts.settings.service}: the schema is up to date")


async def _replay(parts: Parts, arguments: argparse.Namespace) -> None:
    await connected(parts)
    # Facts and rows make no cycles, and the process ends after this: collecting took a third of it.
    gc.disable()
    for projector in parts.projectors:
        facts, seconds = await projector.rebuild(until=arguments.until)
        rate = facts / seconds if seconds else 0
        print(f"{projector.name}: {facts:,} facts in {seconds:.1f} s, {rate:,.0f} a second")
    await _disconnect(parts)


async def _redrive(parts: Parts, _arguments: argparse.Namespace) -> None:
    await connected(parts)
    for projector in parts.projectors:
        print(f"{projector.name}: {await projector.redrive()} messages folded")
    letters = _letters(parts)
    handled = 0
    async with following(*parts.projectors):  # reactions may wait for what is in the tables
        async for letter in letters.all():
            why_not = await letters.redrive(letter)
            handled += why_not is None
            if why_not is not None:
                print(f"{letter.sequence} {letter.reaction} {letter.subject}: {why_not}")
    print(f"{parts.settings.service}: {handled} dead letters handled")
    await _disconnect(parts)


async def _dead(parts: Parts, _arguments: argparse.Namespace) -> None:
    await connected(parts)
    count = 0
    async for letter in _letters(parts).all():
        count += 1
        print(f"{letter.sequence} {letter.at} {letter.reaction} {letter.subject}: {letter.reason}")
    print(f"{parts.settings.service}: {count} dead letters")
    await _disconnect(parts)


def _letters(parts: Parts) -> DeadLetters:
    return DeadLetters(parts.bus, parts.reactions, service=parts.settings.service)


async def _check(parts: Parts, _arguments: argparse.Namespace) -> None:
    """Exits with status 1 when anything is missing, having named all of it."""
    await connected(parts)
    wrong = []
    for stream in STREAMS:
        try:
            info = await parts.bus.api(f"STREAM.INFO.{stream.name}", {})
        except StreamError as error:
            wrong.append(f"stream {stream.name}: {error.description}")
            continue
        wanted = stream.configuration(replicas=parts.settings.replicas)
        drift = [key for key, value in wanted.items() if info["config"].get(key) != value]
        if drift:
            wrong.append(f"stream {stream.name}: other than declared: {', '.join(drift)}")
    if not await migrations.is_current(parts.settings.service, parts.database):
        wrong.append("database: the schema is not at its newest revision (run migrate)")
    await _disconnect(parts)
    for each in wrong:
        print(each)
    if wrong:
        sys.exit(1)
    print(f"{parts.settings.service}: all is there")


async def _disconnect(parts: Parts) -> None:
    await parts.bus.close()
    await parts.database.close()
