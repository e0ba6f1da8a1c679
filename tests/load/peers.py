"""What the chat's sockets are held against: `python -m tests.load.peers KIND PORT`.

Both only send back what came, without storing, deciding or fanning out anything.
"""

import asyncio
import sys
from typing import Any

import socketio
import uvicorn
from websockets.asyncio.server import ServerConnection, serve

from deploy.ports import HOST
from tests.load.sockets import allow_files


async def websockets_echo(port: int) -> None:
    async def echo(connection: ServerConnection) -> None:
        async for text in connection:
            await connection.send(text)

    async with serve(echo, HOST, port, compression=None, ping_interval=None, backlog=4096):
        await asyncio.Event().wait()


async def socketio_echo(port: int) -> None:
    server = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")

    async def echo(sid: str, text: Any) -> None:
        await server.emit("echo", text, to=sid)

    server.on("echo", echo)
    config = uvicorn.Config(
        socketio.ASGIApp(server),
        host=HOST,
        port=port,
        log_level="error",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        backlog=4096,
    )
    await uvicorn.Server(config).serve()


KINDS = {"websockets": websockets_echo, "socketio": socketio_echo}

if __name__ == "__main__":
    allow_files()
    asyncio.run(KINDS[sys.argv[1]](int(sys.argv[2])))
