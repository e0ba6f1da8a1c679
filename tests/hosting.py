"""A service in this process that does nothing but what a test registers on it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from services.runtime.app import Parts, assemble
from services.runtime.clock import utcnow
from tests.projecting import metadata
from tests.servers import NatsServer


@asynccontextmanager
async def hosting(
    nats: NatsServer, register: Callable[[Parts], object], *, user: str = "moderation"
) -> AsyncIterator[Parts]:
    """Runs the reactions and timers that `register` adds, with the rights of `user`."""
    parts = assemble(nats.settings(user), clock=utcnow, metadata=metadata)
    register(parts)
    await parts.bus.connect()
    await parts.reactions.start()
    try:
        yield parts
    finally:
        await parts.reactions.stop()
        await parts.bus.close()
        await parts.database.close()
