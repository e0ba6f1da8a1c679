"""The table of everything that runs: its command, its port, and what it needs to be there first.

People (`make up`), tests and benchmarks start from this table. `compose.yaml` says the same for
containers.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.broker import ADMIN
from deploy.credentials import Credentials
from deploy.ports import HOST

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the table. `{python}`, `{bin}`, `{data}`, `{root}` in `command` are filled in.

    `port` names the port it listens on, `other_ports` more of them. It is ready when `probe`, a
    path, answers 2xx there (or at the port `probe_port`); without `probe` when the port accepts;
    without `port` when the command has ended well. `user` is its user at the broker, `database` the
    name of its database.
    """

    name: str
    command: str
    needs: tuple[str, ...] = ()
    port: str | None = None
    other_ports: tuple[str, ...] = ()
    probe: str | None = None
    probe_port: str | None = None
    user: str | None = None
    database: str | None = None

    @property
    def ends(self) -> bool:
        """It does its work and ends, like a migration."""
        return self.port is None


def _service(name: str, *needs: str, other_ports: tuple[str, ...] = ()) -> tuple[Part, Part]:
    python = f"{{python}} -m services.{name}"
    migrations = f"{name}-migrate"
    return (
        Part(migrations, f"{python} migrate", user=name, database=name),
        Part(
            name,
            f"{python} serve",
            needs=("streams", migrations, *needs),
            port=name,
            other_ports=other_ports,
            probe=f"/{name}/readyz",
            user=name,
            database=name,
        ),
    )


PARTS: tuple[Part, ...] = (
    Part(
        "nats",
        "{bin}/nats-server --config {data}/nats/server.conf",
        port="nats",
        probe="/healthz",
        probe_port="nats-monitor",
    ),
    Part("streams", "{python} -m services.runtime streams", needs=("nats",), user=ADMIN),
    Part("mailbox", "{python} -m services.notifier mailbox", port="smtp"),
    Part(
        "marketplace",
        "{python} -m deploy.marketplace",
        port="marketplace",
        probe="/marketplace/healthz",
    ),
    *_service("intake"),
    *_service("moderation"),
    *_service("notifier", other_ports=("bounces",)),
    *_service("chat"),
    Part(
        "gateway",
        "{bin}/caddy run --adapter caddyfile --config {root}/deploy/Caddyfile",
        needs=("intake", "moderation", "notifier", "chat", "marketplace", "mailbox"),
        port="gateway",
        probe="/gateway/healthz",
    ),
)


def chosen(names: Iterable[str] | None) -> tuple[Part, ...]:
    """The parts of those names and all they need, in the table's order; all parts for None.

    Raises KeyError for a name that is not in the table.
    """
    if names is None:
        return PARTS
    table = {part.name: part for part in PARTS}
    wanted: set[str] = set()
    asked = list(names)
    while asked:
        part = table[asked.pop()]
        if part.name not in wanted:
            wanted.add(part.name)
            asked.extend(part.needs)
    return tuple(part for part in PARTS if part.name in wanted)


def port_names() -> Iterator[str]:
    for part in PARTS:
        if part.port:
            yield part.port
        if part.probe_port:
            yield part.probe_port
        yield from part.other_ports


@dataclass(frozen=True, slots=True)
class Site:
    """Where one installation stands: its folder, its ports, its secrets, its databases.

    `databases` maps a service to its database URL; a service without one has an SQLite file.
    `extra` is given to every part, over everything else.
    """

    data: Path
    ports: Mapping[str, int]
    secrets: Credentials
    databases: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.address("gateway")

    def address(self, port: str) -> str:
        return f"http://{HOST}:{self.ports[port]}"

    def command(self, part: Part) -> list[str]:
        filled = {
            "python": sys.executable,
            "bin": str(Path(sys.executable).parent),
            "data": str(self.data),
            "root": str(ROOT),
        }
        return [word.format(**filled) for word in part.command.split()]

    def environment(self, part: Part) -> dict[str, str]:
        """What the part is told. A secret goes only to the parts that use it."""
        env = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "REDRESS_DATA": str(self.data),
            "REDRESS_HOST": HOST,
            "REDRESS_PUBLIC_URL": self.url,
        }
        if part.port:
            env["REDRESS_PORT"] = str(self.ports[part.port])
        if part.user:
            env["REDRESS_NATS_URL"] = f"nats://{HOST}:{self.ports['nats']}"
            env["REDRESS_NATS_USER"] = part.user
            env["REDRESS_NATS_PASSWORD"] = self.secrets.nats[part.user]
            env["REDRESS_SECRET_KEY"] = self.secrets.secret_key
            env["REDRESS_INTERNAL_MARKETPLACE_URL"] = self.address("marketplace")
        if part.database:
            env["REDRESS_DATABASE_URL"] = self.databases.get(
                part.database, f"sqlite+aiosqlite:///{self.data}/sql/{part.database}.db"
            )
        return {**env, **self._particular(part), **self.extra}

    def _particular(self, part: Part) -> dict[str, str]:
        maildir = {"REDRESS_MAILDIR": str(self.data / "mail")}
        match part.name:
            case "intake" if "REDRESS_FILING_LIMIT_NETWORK" not in os.environ:
                # Everybody comes from this machine: one network would be all of them.
                return {"REDRESS_FILING_LIMIT_NETWORK": ""}
            case "notifier":
                return {
                    **maildir,
                    "REDRESS_SMTP_HOST": HOST,
                    "REDRESS_SMTP_PORT": str(self.ports["smtp"]),
                    "REDRESS_BOUNCE_PORT": str(self.ports["bounces"]),
                    "REDRESS_MAIL_BOUNCES": "bounces@redress.localhost",
                }
            case "chat":
                return {
                    "REDRESS_EMBED_SECRET": self.secrets.embed_secret,
                    "REDRESS_INTAKE_URL": self.address("intake"),
                    "REDRESS_MODERATION_URL": self.address("moderation"),
                }
            case "mailbox":
                return maildir
            case "marketplace":
                return {
                    "REDRESS_EMBED_SECRET": self.secrets.embed_secret,
                    "REDRESS_MARKETPLACE_PORT": str(self.ports["marketplace"]),
                }
            case "gateway":
                upstreams = ("intake", "moderation", "notifier", "chat", "marketplace")
                return {
                    # Caddy would otherwise keep files in the home folder.
                    "XDG_CONFIG_HOME": str(self.data / "gateway"),
                    "XDG_DATA_HOME": str(self.data / "gateway"),
                    "GATEWAY_BIND": HOST,
                    "GATEWAY_PORT": str(self.ports["gateway"]),
                    **{
                        f"UPSTREAM_{name.upper()}": f"{HOST}:{self.ports[name]}"
                        for name in upstreams
                    },
                }
            case _:
                return {}
