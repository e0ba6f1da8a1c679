"""Secrets of a local installation: made once, kept in its data folder, readable by its owner."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.broker import USERS


@dataclass(frozen=True, slots=True)
class Credentials:
    """`secret_key` signs sessions, tokens and links; `nats` has a password for each broker user;
    with `embed_secret` the marketplace signs who is at the chat on its pages."""

    secret_key: str
    nats: dict[str, str]
    embed_secret: str = ""


def credentials(data: Path) -> Credentials:
    """The secrets kept in `data`; made and written (mode 0600) when there are none yet.

    Raises OSError when the folder cannot be written.
    """
    path = data / "secrets.json"
    kept = Credentials(**json.loads(path.read_text())) if path.exists() else Credentials("", {})
    found = Credentials(
        secret_key=kept.secret_key or secrets.token_urlsafe(48),
        nats={user: kept.nats.get(user) or secrets.token_urlsafe(24) for user in USERS},
        embed_secret=kept.embed_secret or secrets.token_urlsafe(48),
    )
    if found != kept:
        write_private(path, json.dumps(asdict(found), indent=2) + "\n")
    return found


def write_private(path: Path, text: str) -> None:
    """Replaces the file as a whole, readable and writable by its owner only."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)
