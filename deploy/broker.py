"""The broker's configuration: who may say what, and who may read what.

Each service has its own user. It may publish its own subjects, as `contracts.streams` tells, and
beyond those only the JetStream requests that its reading needs. The broker refuses the rest, so a
mistaken or broken service cannot write another's facts, nor change or delete a stream.

Two things the broker's subjects cannot tell apart: consumers are not owned, so readers of one
stream must not take one another's durable names (they are `<service>-<name>`), and whoever may
cancel a timer or take out a dead letter may do so with every one.

`python -m deploy.broker` prints the configuration for containers; passwords are read from
`NATS_<USER>_PASSWORD`. `python -m deploy.broker nats-2 nats-1 nats-2 nats-3` prints that of the
server `nats-2` in a cluster of the three.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from contracts.streams import (
    CHATS,
    COMPLAINTS,
    DEAD_LETTERS,
    EVIDENCE_BUCKET,
    LIVE,
    MAIL,
    PULSE,
    STAFF,
    SUBJECTS_OF_WRITER,
    TIMERS,
    Stream,
)

ADMIN = "admin"
"""The one user that may declare streams: `python -m services.runtime streams`."""

READS: dict[str, tuple[Stream, ...]] = {
    "intake": (COMPLAINTS,),
    "moderation": (COMPLAINTS, STAFF, TIMERS, MAIL),
    "notifier": (CHATS, COMPLAINTS, MAIL, TIMERS),
    "chat": (CHATS, COMPLAINTS, TIMERS),
}
WRITES_EVIDENCE = ("intake", "chat")
READS_EVIDENCE = ("intake", "moderation", "chat")

HEARS: dict[str, tuple[str, ...]] = {"chat": (f"{LIVE}.>", f"{PULSE}.chat.>")}
"""What a service reads without a consumer, because it may be missed."""

EVIDENCE = f"OBJ_{EVIDENCE_BUCKET}"
"""The stream that holds the objects of the bucket."""

USERS = (ADMIN, *SUBJECTS_OF_WRITER)


@dataclass(frozen=True, slots=True)
class Cluster:
    """One server of several that keep the log together. `name` is its own; `listen` is `host:port`
    for the other servers, whose addresses are the `routes` (its own may be among them)."""

    name: str
    listen: str
    routes: Sequence[str]


def configuration(
    *,
    passwords: Mapping[str, str],
    listen: str,
    monitor: str,
    store: str,
    cluster: Cluster | None = None,
) -> str:
    """nats-server's configuration, which is JSON.

    `listen` and `monitor` are `host:port` of clients and of the health page; `store` is the folder
    of the log.
    """
    document: dict[str, object] = {
        "server_name": cluster.name if cluster else "redress",
        "listen": listen,
        "http": monitor,
        # Acknowledged means on disk: without it a power cut loses writes that people were told of.
        "jetstream": {"store_dir": store, "sync_interval": "always"},
        "authorization": {
            "users": [_user(name, passwords[name]) for name in USERS],
        },
    }
    if cluster:
        password = passwords[ADMIN]
        document["cluster"] = {
            "name": "redress",
            "listen": cluster.listen,
            "authorization": {"user": ADMIN, "password": password},
            "routes": [f"nats://{ADMIN}:{quote(password)}@{each}" for each in cluster.routes],
        }
    return json.dumps(document, indent=2) + "\n"


def _user(name: str, password: str) -> dict[str, object]:
    login: dict[str, object] = {"user": name, "password": password}
    if name == ADMIN:
        return login
    permissions = {
        "publish": {"allow": sorted(publishable(name))},
        # Everything else is read through consumers.
        "subscribe": {"allow": ["_INBOX.>", *HEARS.get(name, ())]},
    }
    return login | {"permissions": permissions}


def publishable(service: str) -> Iterator[str]:
    """The subjects that a service's user may publish to. Raises KeyError for an unknown service."""
    yield from SUBJECTS_OF_WRITER[service]
    yield f"dead.{service}.>"
    yield from _getting(DEAD_LETTERS.name)  # to list them, and hand them over once more
    yield f"$JS.API.STREAM.MSG.DELETE.{DEAD_LETTERS.name}"
    if service in HEARS:
        yield f"{PULSE}.{service}.>"
    yield "$JS.API.STREAM.INFO.*"
    for stream in READS[service]:
        yield from _getting(stream.name)
        yield f"$JS.API.CONSUMER.CREATE.{stream.name}"
        yield f"$JS.API.CONSUMER.CREATE.{stream.name}.>"
        yield f"$JS.API.CONSUMER.DURABLE.CREATE.{stream.name}.*"
        yield f"$JS.API.CONSUMER.INFO.{stream.name}.*"
        yield f"$JS.API.CONSUMER.DELETE.{stream.name}.*"
        yield f"$JS.API.CONSUMER.MSG.NEXT.{stream.name}.*"
        yield f"$JS.ACK.{stream.name}.>"
    if any(subject.startswith("timer.") for subject in SUBJECTS_OF_WRITER[service]):
        yield f"$JS.API.STREAM.PURGE.{TIMERS.name}"  # to cancel one
        yield f"$JS.API.STREAM.MSG.DELETE.{TIMERS.name}"  # to forget one that has fired
    if service in READS_EVIDENCE:
        yield from _getting(EVIDENCE)
    if service in WRITES_EVIDENCE:
        yield f"$O.{EVIDENCE_BUCKET}.>"
        yield f"$JS.API.STREAM.PURGE.{EVIDENCE}"  # chunks of an upload that broke off


def _getting(stream: str) -> tuple[str, ...]:
    return (
        f"$JS.API.DIRECT.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}.>",
        f"$JS.API.STREAM.MSG.GET.{stream}",
    )


if __name__ == "__main__":
    name, *servers = sys.argv[1:] or [""]
    print(
        configuration(
            passwords={user: os.environ[f"NATS_{user.upper()}_PASSWORD"] for user in USERS},
            listen="0.0.0.0:4222",
            monitor="0.0.0.0:8222",
            store="/data",
            cluster=Cluster(name, "0.0.0.0:6222", [f"{server}:6222" for server in servers])
            if name
            else None,
        ),
        end="",
    )
