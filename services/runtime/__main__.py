"""`python -m services.runtime streams`: declares the streams, with a user that may."""

import asyncio
import sys
from typing import ClassVar

from services.runtime import logs
from services.runtime.bus import Bus, ensure_streams
from services.runtime.settings import Settings


class AdminSettings(Settings):
    """Settings of the one-off that declares streams: it serves nothing and has no database."""

    service: ClassVar[str] = "admin"
    port: int = 0
    database_url: str = ""


async def streams(settings: AdminSettings) -> None:
    """Creates or updates all streams as `contracts.streams` declares them."""
    bus = Bus(settings)
    await bus.connect()
    await ensure_streams(bus, replicas=settings.replicas)
    await bus.close()
    print("the streams are as declared")


if __name__ == "__main__":
    if sys.argv[1:] != ["streams"]:
        sys.exit("usage: python -m services.runtime streams")
    settings = AdminSettings()
    logs.configure(service="admin", level=settings.log_level, style=settings.log_format)
    asyncio.run(streams(settings))
